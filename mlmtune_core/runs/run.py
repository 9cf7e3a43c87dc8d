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
EXPORTS = {  # file that is taken home -> its media type
    "model.zip": "application/zip",
    "onnx.zip": "application/zip",
    "answers.csv": "text/csv; charset=utf-8",
    **{f"{kind}.{language}.zip": "application/zip" for kind in ("script", "notebook") for language in LANGUAGES},
    **{f"report.{language}.html": "text/html; charset=utf-8" for language in LANGUAGES},
}
LAST_WORDS_BYTES = 64 * 1024  # kept free for the end of a run whose disk is full


class Run:
    """One run's folder: config.json, data.parquet, events.jsonl, control, heartbeat and who holds it, attempts, last/, best/, history/, exports/, finished.json (last)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name
        self.log = EventLog(folder / "events.jsonl")

    @property
    def best_folder(self) -> Path:
        """Where the best weights of the head (and of what else learnt) stand."""
        return self.folder / "best"

    @property
    def weights_file(self) -> Path:
        """The best weights as one safetensors file; label names and scores stand in its header."""
        return self.best_folder / "weights.safetensors"

    def export_file(self, name: str) -> Path:
        """What is taken home under one of the names in EXPORTS (see exporting), made when it is asked for and gone a day later.

        Raises RunError for another name.
        """
        if name not in EXPORTS:
            raise RunError("There is nothing called “{name}” to take home.", name=name)
        return self.folder / "exports" / name

    def save_export(self, name: str, write: Callable[[Path], object]) -> None:
        """Has a function write it, whole or not at all."""
        file = self.export_file(name)
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, write)

    def history_file(self, epoch: int, whole: bool) -> Path:
        """Where the weights of an evaluation stand (see history): all that learn, or the head alone."""
        return self.folder / "history" / f"{epoch}{'' if whole else '.head'}.safetensors"

    def history(self, whole: bool = True) -> dict[int, Path]:
        """epoch -> file of its weights, in the order of training: where all that learn are kept, or the head alone."""
        files = self.folder.glob("history/*.safetensors")
        kept = {file.name.split(".")[0]: file for file in files if (file.name.count(".") == 1) == whole}
        return {int(epoch): kept[epoch] for epoch in sorted(filter(str.isdecimal, kept), key=int)}

    @property
    def last_file(self) -> Path:
        """Where an interrupted run goes on from (see resuming); gone once the run is complete."""
        return self.folder / "last" / "state.safetensors"

    @property
    def heartbeat_file(self) -> Path:
        """Who is at work on it (see heartbeats)."""
        return self.folder / "heartbeat"

    @property
    def cache_file(self) -> Path:
        """Where activations of frozen layers stand that are too many for memory, while the run goes on."""
        return self.folder / "prefix.float32"

    def shared_cache(self, key: str) -> tuple[Path, list[Path]]:
        """(this run's index of activations for others to use, those of all runs); `*` stands for every key."""
        name = f"prefix-{key}.safetensors"
        return self.folder / name, sorted(self.folder.parent.glob(f"*/{name}"))

    def save_predictions(self, split: str, predictions: dict[int, Any]) -> None:
        """Writes what the best model answered to the examples of a split, in their order."""
        in_order = [predictions[i] for i in range(len(predictions))]
        self.best_folder.mkdir(exist_ok=True)
        content = json.dumps(in_order, ensure_ascii=False).encode()
        write_atomically(self.best_folder / f"predictions.{split}.json", content)

    def has_predictions(self, split: str) -> bool:
        """True once `save_predictions` has written those of a split."""
        return (self.best_folder / f"predictions.{split}.json").is_file()

    def predictions_changed(self, split: str) -> int:
        """When those of a split were written (nanoseconds); 0 before."""
        file = self.best_folder / f"predictions.{split}.json"
        return file.stat().st_mtime_ns if file.is_file() else 0

    def predictions(self, split: str) -> list[Any]:
        """What `save_predictions` wrote. Raises RunError where nothing was kept."""
        try:
            return json.loads((self.best_folder / f"predictions.{split}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError("This run has kept no model yet. Wait for its first evaluation.") from None

    def config(self) -> RunConfig:
        """The settings it was started with."""
        return RunConfig(**self.about()["config"])

    def about(self) -> dict[str, Any]:
        """Settings (`config`), data (`data`: name, fingerprint, columns), `created` (unix seconds) and `estimate` (seconds)."""
        return json.loads((self.folder / "config.json").read_text(encoding="utf-8"))

    def owner(self) -> str:
        """The id of the person who started it; empty where nobody was asked."""
        return self.about().get("owner", "")

    def sweep(self) -> str:
        """The id of the sweep that it belongs to; empty for a run started by itself."""
        return self.about().get("sweep", "")

    def update(self, **values: Any) -> None:
        """Changes what `about` says."""
        write_atomically(self.folder / "config.json", json.dumps(self.about() | values, ensure_ascii=False, indent=1).encode())

    def data(self) -> pd.DataFrame:
        """Its examples: `row`, `split`, and the task's columns."""
        return pd.read_parquet(self.folder / "data.parquet")

    def append(self, *events: Event) -> None:
        """Adds events to its log, one line each."""
        self.log.append(*events)

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """All events of the current attempt (see EventLog.current), or those of one kind."""
        return [row for row in self.log.current() if kind in (None, row["kind"])]

    def request(self, wish: str) -> None:
        """Leaves a wish of the owner for the worker: `stop` or `pause`."""
        write_atomically(self.folder / "control", wish.encode())

    def control(self) -> str:
        """The last wish, or an empty text."""
        with suppress(FileNotFoundError), open(f"{self.folder}/control", encoding="utf-8") as wish:  # every step
            return wish.read()
        return ""

    def finish(self, summary: dict[str, Any]) -> None:
        """Marks the run as complete: finished.json is written last of all. What served only while it went on is gone before; of a
        failed run what it needs to go on stays.
        """
        self.free_reserve()
        write_atomically(self.folder / "finished.json", json.dumps(summary, ensure_ascii=False, indent=1).encode())
        why = summary.get("template", summary["reason"])  # without its values: they may be a student's text
        log.info("run %s is %s: %s", self.id, self.state(), why)
        clear_claims(self.heartbeat_file)
        if summary["reason"] != "failed":
            self.delete_last()

    def fail(self, error: Exception) -> None:
        """Ends a run that no worker carries out with a sentence."""
        event = to_failed(error)
        self.append(event)
        self.finish({"reason": "failed", "template": event.template, "values": event.values, "seconds": 0.0})

    def summary(self) -> dict[str, Any] | None:
        """What `finish` wrote, or None while the run is not complete."""
        try:
            return json.loads((self.folder / "finished.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def reset(self) -> None:
        """Clears what the run was asked and how it ended: it may be queued once more, and goes on from where it was last kept."""
        for name in ("control", "finished.json", "heartbeat", "attempts"):
            (self.folder / name).unlink(missing_ok=True)

    def start_attempt(self) -> int:
        """What a worker does first: whatever an interrupted write left behind is gone, a line half written too. Returns how many
        attempts there were since the run was last kept, this one included.
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
        """How often a worker has begun with it since it was last kept."""
        try:
            return int(self._attempts.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return 0

    def save_last(self, write: Callable[[Path], object]) -> None:
        """Has a function write where the run stands, whole or not at all. From here on attempts are counted anew."""
        self.last_file.parent.mkdir(exist_ok=True)
        write_atomically(self.last_file, write)
        self._attempts.unlink(missing_ok=True)

    def delete_last(self) -> None:
        """What is needed only to go on is removed."""
        shutil.rmtree(self.last_file.parent, ignore_errors=True)
        for file in (self.cache_file, self._attempts):
            file.unlink(missing_ok=True)

    def state(self) -> str:
        """queued, preparing, training, evaluating, saving, paused, finished, stopped, failed or interrupted; always derived."""
        summary = self.summary()
        if summary is not None:
            return {"stopped": "stopped", "failed": "failed"}.get(summary["reason"], "finished")
        if is_alive(self.heartbeat_file):
            return self.log.phase()
        if self.control() == "pause":
            return "paused"
        return "interrupted" if self.heartbeat_file.exists() else "queued"

    def free_reserve(self) -> None:
        """Gives the last words of a run room on a full disk."""
        (self.folder / "reserve").unlink(missing_ok=True)

    @property
    def _attempts(self) -> Path:
        return self.folder / "attempts"

    def last_changed(self) -> float:
        """When it was made, last said something, or ended (unix seconds)."""
        paths = [self.folder / name for name in ("config.json", "events.jsonl", "finished.json")]
        return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)

    def delete(self) -> None:
        """Removes the folder and all in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
