"""Runs on disk; the only module that knows file names."""

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.events import Event, to_row
from mlmtune_core.storage import home, is_plain, new_id, write_atomically

ENDED = ("finished", "stopped", "failed")
HEARTBEAT_SECONDS = 2.0
LOST_AFTER_SECONDS = 20.0
READ_BYTES = 512 * 1024


class Run:
    """One run's folder: config.json, data.parquet, events.jsonl, control, heartbeat, best/, finished.json (last)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @property
    def best_folder(self) -> Path:
        """Where the best weights of the head (and of what else learnt) stand."""
        return self.folder / "best"

    @property
    def weights_file(self) -> Path:
        """The best weights as one safetensors file; label names and scores stand in its header."""
        return self.best_folder / "weights.safetensors"

    @property
    def cache_file(self) -> Path:
        """Where activations of frozen layers stand that are too many for memory, while the run goes on."""
        return self.folder / "prefix.float32"

    def shared_cache(self, key: str) -> tuple[Path, list[Path]]:
        """(this run's index of activations for others to use, those of all runs); `*` stands for every key."""
        name = f"prefix-{key}.safetensors"
        return self.folder / name, sorted(self.folder.parent.glob(f"*/{name}"))

    def keep_predictions(self, split: str, predictions: dict[int, Any]) -> None:
        """Writes what the best model answered to the examples of a split, in their order."""
        in_order = [predictions[i] for i in range(len(predictions))]
        self.best_folder.mkdir(exist_ok=True)
        content = json.dumps(in_order, ensure_ascii=False).encode()
        write_atomically(self.best_folder / f"predictions.{split}.json", content)

    def has_predictions(self, split: str) -> bool:
        """True once `keep_predictions` has written those of a split."""
        return (self.best_folder / f"predictions.{split}.json").is_file()

    def predictions(self, split: str) -> list[Any]:
        """What `keep_predictions` wrote. Raises RunError where nothing was kept."""
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

    def data(self) -> pd.DataFrame:
        """Its examples: `row`, `split`, and the task's columns."""
        return pd.read_parquet(self.folder / "data.parquet")

    def append(self, *events: Event) -> None:
        """Adds events, with this moment, one line each."""
        rows = ({**to_row(event), "time": time.time()} for event in events)
        lines = [json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows]
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as log:
            log.write("".join(lines))

    def read_events(self, after: int = 0, limit: int = READ_BYTES) -> tuple[list[dict[str, Any]], int, bool]:
        """(rows, next, more): the complete lines from byte `after` on, where to go on, and whether more stand ready."""
        path = self.folder / "events.jsonl"
        if not path.exists():
            return [], after, False
        with path.open("rb") as log:
            log.seek(after)
            chunk = log.read(limit)
        whole = chunk[: chunk.rfind(b"\n") + 1]
        rows = [json.loads(line) for line in whole.splitlines() if line]
        return rows, after + len(whole), len(chunk) == limit

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """All events since the last Started (the current attempt), or those of one kind."""
        rows: list[dict[str, Any]] = []
        after, more = 0, True
        while more:
            new, after, more = self.read_events(after)
            rows += new
        starts = [i for i, row in enumerate(rows) if row["kind"] == "Started"]
        current = rows[starts[-1] :] if starts else rows
        return [row for row in current if kind in (None, row["kind"])]

    def request(self, wish: str) -> None:
        """Leaves a wish of the owner for the worker: `stop`."""
        write_atomically(self.folder / "control", wish.encode())

    def control(self) -> str:
        """The last wish, or an empty text."""
        with suppress(FileNotFoundError), open(f"{self.folder}/control", encoding="utf-8") as wish:  # every step
            return wish.read()
        return ""

    def beat(self) -> None:
        """Says that a worker is alive on this run."""
        (self.folder / "heartbeat").touch()

    def finish(self, summary: dict[str, Any]) -> None:
        """Marks the run as complete: finished.json is written last of all; what served only while it went on is gone before."""
        self.cache_file.unlink(missing_ok=True)
        write_atomically(self.folder / "finished.json", json.dumps(summary, ensure_ascii=False, indent=1).encode())

    def summary(self) -> dict[str, Any] | None:
        """What `finish` wrote, or None while the run is not complete."""
        try:
            return json.loads((self.folder / "finished.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def begin_again(self) -> None:
        """Clears what an earlier attempt asked and ended with; its events stay in the log, before the next Started."""
        for name in ("control", "finished.json", "heartbeat", self.cache_file.name):
            (self.folder / name).unlink(missing_ok=True)

    def state(self) -> str:
        """queued, preparing, training, evaluating, saving, finished, stopped, failed or interrupted; always derived."""
        summary = self.summary()
        if summary is not None:
            return {"stopped": "stopped", "failed": "failed"}.get(summary["reason"], "finished")
        beat = self.folder / "heartbeat"
        if not beat.exists():
            return "queued"
        if time.time() - beat.stat().st_mtime > LOST_AFTER_SECONDS:
            return "interrupted"
        return self._last_phase()

    def _last_phase(self) -> str:
        path = self.folder / "events.jsonl"
        size = path.stat().st_size if path.exists() else 0
        start = max(0, size - 4096)
        with path.open("rb") if size else open(os.devnull, "rb") as log:
            log.seek(start)
            lines = log.read().split(b"\n")[1 if start else 0 : -1]
        for line in reversed(lines):
            row = json.loads(line)
            if row["kind"] == "StepDone":
                return "training"
            if row["kind"] in ("PhaseStarted", "Progress"):
                return row["phase"]
        return "preparing"

    def last_changed(self) -> float:
        """When it was made, last said something, or ended (unix seconds)."""
        paths = [self.folder / name for name in ("config.json", "events.jsonl", "finished.json")]
        return max((path.stat().st_mtime for path in paths if path.exists()), default=0.0)

    def delete(self) -> None:
        """Removes the folder and all in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def create_run(
    config: RunConfig,
    examples: pd.DataFrame,
    data: dict[str, Any],
    folder: Path | None = None,
    estimate: float | None = None,
    owner: str = "",
) -> Run:
    """Writes config.json and data.parquet of a new run, whole or not at all.

    `estimate`: the seconds it was expected to take; `owner`: the id of the person who may change it (see people).
    """
    folder = folder or home() / "runs" / new_id()
    if folder.exists() and any(folder.iterdir()):
        raise RunError("The folder “{folder}” is not empty. Give a new one.", folder=folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    temporary.mkdir()
    examples.to_parquet(temporary / "data.parquet", index=False)
    about = {"config": config.model_dump(), "data": data, "created": time.time(), "estimate": estimate, "owner": owner}
    (temporary / "config.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(folder)
    return Run(folder)


def open_run(name: str) -> Run:
    """A run by its id, or by its folder. Raises RunError where there is none."""
    folders = [home() / "runs" / name] if is_plain(name) else []
    for folder in [*folders, Path(name or "-").expanduser()]:
        if (folder / "config.json").is_file() and (folder / "data.parquet").is_file():
            return Run(folder)
    raise RunError("There is no run “{name}” here. It may have been deleted, or the link may be cut off.", name=name)


def list_runs() -> Iterator[Run]:
    """All runs, newest first."""
    folder = home() / "runs"
    children = [child for child in folder.iterdir() if not child.name.startswith(".")] if folder.is_dir() else []
    for child in sorted(children, key=_made, reverse=True):
        if (child / "config.json").is_file():
            yield Run(child)


def drop_shared_caches() -> None:
    """Removes what frozen layers computed, of all runs: who has it mapped keeps it, later runs compute it again."""
    for path in (home() / "runs").glob("*/prefix-*"):
        path.unlink(missing_ok=True)


def _made(folder: Path) -> float:
    """When a folder came to be; one that is being deleted is the oldest."""
    try:
        return folder.stat().st_ctime
    except FileNotFoundError:
        return 0.0
