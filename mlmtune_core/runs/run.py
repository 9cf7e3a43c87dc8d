"""A run on disk; the only module that knows the names of its files."""

import json
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.events import Event, to_failed
from mlmtune_core.language import LANGUAGES
from mlmtune_core.runs.event_log import EventLog
from mlmtune_core.runs.heartbeats import clear_claims, is_alive
from mlmtune_core.storage import write_atomically

log = logging.getLogger(__name__)
ENDED = ("finished", "stopped", "failed")
EXPORTS = {  # name of an export -> its media type
    "model.zip": "application/zip",
    "onnx.zip": "application/zip",
    "answers.csv": "text/csv; charset=utf-8",
    **{f"{kind}.{language}.zip": "application/zip" for kind in ("script", "notebook") for language in LANGUAGES},
    **{f"report.{language}.html": "text/html; charset=utf-8" for language in LANGUAGES},
}
LAST_WORDS_BYTES = 64 * 1024  # bytes reserved for the end of a run whose disk is full


class Run:
    """One run's folder: config.json, data.parquet, events.jsonl, control, heartbeat and claims on it, attempts, last/, best/, history/, exports/, finished.json (last)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.log = EventLog(folder / "events.jsonl")

    @property
    def best_folder(self) -> Path:
        """The folder of the best weights."""
        return self.folder / "best"

    @property
    def weights_file(self) -> Path:
        """The best trainable weights as one safetensors file; label names and scores are in its header."""
        return self.best_folder / "weights.safetensors"

    def export_file(self, name: str) -> Path:
        """Returns the file of an export, by one of the names in EXPORTS; it is made when asked for and deleted a day later.

        Raises RunError for another name.
        """
        if name not in EXPORTS:
            raise RunError("There is nothing called “{name}” to take home.", name=name)
        return self.folder / "exports" / name

    def save_export(self, name: str, write: Callable[[Path], object]) -> None:
        """Makes a function write an export, atomically."""
        file = self.export_file(name)
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, write)

    def history_file(self, epoch: int, whole: bool) -> Path:
        """Returns the file of an evaluation's weights: all trainable ones, or the head alone."""
        return self.folder / "history" / f"{epoch}{'' if whole else '.head'}.safetensors"

    def history(self, whole: bool = True) -> dict[int, Path]:
        """Returns epoch -> file of its weights, in the order of training: all trainable weights if kept, or else the head alone."""
        files = self.folder.glob("history/*.safetensors")
        kept = {file.name.split(".")[0]: file for file in files if (file.name.count(".") == 1) == whole}
        return {int(epoch): kept[epoch] for epoch in sorted(filter(str.isdecimal, kept), key=int)}

    @property
    def last_file(self) -> Path:
        """The snapshot that an interrupted run resumes from (see workers/checkpointing); gone once the run is complete."""
        return self.folder / "last" / "state.safetensors"

    @property
    def heartbeat_file(self) -> Path:
        """Names the process that works on the run (see heartbeats)."""
        return self.folder / "heartbeat"

    @property
    def cache_file(self) -> Path:
        """Holds activations of frozen layers that do not fit into memory, while the run is under way."""
        return self.folder / "prefix.float32"

    def shared_cache(self, key: str) -> tuple[Path, list[Path]]:
        """(this run's index of activations for later runs, those of all runs); `*` stands for every key."""
        name = f"prefix-{key}.safetensors"
        return self.folder / name, sorted(self.folder.parent.glob(f"*/{name}"))

    def save_predictions(self, split: str, predictions: dict[int, Any]) -> None:
        """Writes the best model's answers to the examples of a split, in their order."""
        in_order = [predictions[i] for i in range(len(predictions))]
        self.best_folder.mkdir(exist_ok=True)
        content = json.dumps(in_order, ensure_ascii=False).encode()
        write_atomically(self.best_folder / f"predictions.{split}.json", content)

    def has_predictions(self, split: str) -> bool:
        """Returns True if `save_predictions` has written those of a split."""
        return (self.best_folder / f"predictions.{split}.json").is_file()

    def predictions_changed(self, split: str) -> int:
        """Returns when those of a split were written (nanoseconds), or 0."""
        file = self.best_folder / f"predictions.{split}.json"
        return file.stat().st_mtime_ns if file.is_file() else 0

    def predictions(self, split: str) -> list[Any]:
        """Reads what `save_predictions` wrote. Raises RunError if there is nothing."""
        try:
            return json.loads((self.best_folder / f"predictions.{split}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError("This run has kept no model yet. Wait for its first evaluation.") from None

    def config(self) -> RunConfig:
        """Returns the settings that it was started with."""
        return RunConfig(**self.about()["config"])

    def about(self) -> dict[str, Any]:
        """Returns settings (`config`), data (`data`: name, fingerprint, columns), `created` (unix seconds), `estimate` (seconds), ..."""
        return json.loads((self.folder / "config.json").read_text(encoding="utf-8"))

    def owner(self) -> str:
        """Returns the id of the person who started it; "" if there was no class."""
        return self.about().get("owner", "")

    def sweep(self) -> str:
        """Returns the id of its sweep; "" for a run started by itself."""
        return self.about().get("sweep", "")

    def update(self, **values: Any) -> None:
        """Changes what `about` returns."""
        write_atomically(self.folder / "config.json", json.dumps(self.about() | values, ensure_ascii=False, indent=1).encode())

    def data(self) -> pd.DataFrame:
        """Returns its examples: `row`, `split`, and the task's columns."""
        return pd.read_parquet(self.folder / "data.parquet")

    def append(self, *events: Event) -> None:
        """Appends events to its log, one line each."""
        self.log.append(*events)

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Returns all events of the current attempt (see EventLog.current), or those of one kind."""
        return [row for row in self.log.current() if kind in (None, row["kind"])]

    def request(self, wish: str) -> None:
        """Writes a request of the owner for the worker: `stop` or `pause`."""
        write_atomically(self.folder / "control", wish.encode())

    def control(self) -> str:
        """Returns the last request, or ""."""
        with suppress(FileNotFoundError), open(f"{self.folder}/control", encoding="utf-8") as wish:  # read at every step
            return wish.read()
        return ""

    def finish(self, summary: dict[str, Any]) -> None:
        """Marks the run as complete: writes finished.json, last of all. Deletes what only a running run needs; a failed
        run keeps what it needs to resume.
        """
        self.free_reserve()
        write_atomically(self.folder / "finished.json", json.dumps(summary, ensure_ascii=False, indent=1).encode())
        why = summary.get("template", summary["reason"])  # without its values, which may be a student's text
        log.info("run %s is %s: %s", self.id, self.state(), why)
        clear_claims(self.heartbeat_file)
        if summary["reason"] != "failed":
            self.delete_last()

    def fail(self, error: Exception) -> None:
        """Ends a run that no worker carries out, with a message."""
        event = to_failed(error)
        self.append(event)
        self.finish({"reason": "failed", "template": event.template, "values": event.values, "seconds": 0.0})

    def summary(self) -> dict[str, Any] | None:
        """Returns what `finish` wrote, or None while the run is not complete."""
        try:
            return json.loads((self.folder / "finished.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def reset(self) -> None:
        """Clears requests and the end of the run: it may be queued once more, and resumes from its last snapshot."""
        for name in ("control", "finished.json", "heartbeat", "attempts"):
            (self.folder / name).unlink(missing_ok=True)

    def start_attempt(self) -> int:
        """Cleans up after an interrupted write, a half-written line included; a worker calls this first.

        Returns the number of attempts since the last snapshot, this one included.
        """
        for left in [*self.folder.glob(".*"), *self.folder.glob("*/.*")]:
            left.unlink(missing_ok=True)
        self.log.repair()
        with suppress(OSError):
            (self.folder / "reserve").write_bytes(bytes(LAST_WORDS_BYTES))
        attempts = self.attempts() + 1
        write_atomically(self._attempts, str(attempts).encode())
        log.info("run %s begins (attempt %d)", self.id, attempts)
        return attempts

    def attempts(self) -> int:
        """Returns how often a worker has started it since its last snapshot."""
        try:
            return int(self._attempts.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def save_last(self, write: Callable[[Path], object]) -> None:
        """Makes a function write a snapshot, atomically; resets the number of attempts."""
        self.last_file.parent.mkdir(exist_ok=True)
        write_atomically(self.last_file, write)
        self._attempts.unlink(missing_ok=True)

    def delete_last(self) -> None:
        """Deletes what is only needed to resume."""
        shutil.rmtree(self.last_file.parent, ignore_errors=True)
        for file in (self.cache_file, self._attempts):
            file.unlink(missing_ok=True)

    def state(self) -> str:
        """Derives the state: queued, preparing, training, evaluating, saving, paused, finished, stopped, failed or interrupted."""
        summary = self.summary()
        if summary is not None:
            return {"stopped": "stopped", "failed": "failed"}.get(summary["reason"], "finished")
        if is_alive(self.heartbeat_file):
            return self.log.phase()
        if self.control() == "pause":
            return "paused"
        return "interrupted" if self.heartbeat_file.exists() else "queued"

    def free_reserve(self) -> None:
        """Frees the reserved disk space for the last events of a run."""
        (self.folder / "reserve").unlink(missing_ok=True)

    @property
    def _attempts(self) -> Path:
        return self.folder / "attempts"

    def last_changed(self) -> float:
        """Returns when it was created, last logged an event, or ended (unix seconds)."""
        paths = [self.folder / name for name in ("config.json", "events.jsonl", "finished.json")]
        return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)

    def delete(self) -> None:
        """Deletes the folder and all in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
