"""From settings and examples to a run in the queue: within the limits, once even if Start is pressed twice."""

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.checking import input_texts
from mlmtune_core.data.uploads import delete_upload, list_uploads
from mlmtune_core.errors import RunError
from mlmtune_core.people import Person
from mlmtune_core.runs.kept_checkpoints import delete_unused_checkpoints
from mlmtune_core.runs.limits import Use, find_disk_mb, find_problems, forget_disk_use, read_limits
from mlmtune_core.runs.run import EXPORTS, Run
from mlmtune_core.runs.shelf import create_run, list_runs, open_run
from mlmtune_core.storage import folder_size

DAY_SECONDS = 24 * 3600


def runs_of(owner: str) -> list[Run]:
    """Returns the runs of one person, newest first."""
    return [run for run in list_runs() if _owner_of(run.folder) == owner]


def owners() -> dict[str, int]:
    """Returns person id -> number of their runs, most first."""
    return dict(Counter(_owner_of(run.folder) for run in list_runs()).most_common())


def find_usage(person: Person, waiting: int) -> Use:
    """Returns how much of the limits a person uses, with `waiting` runs in the queue."""
    limits = read_limits()
    kept = len(runs_of(person.id)) if limits.runs_kept else 0
    return Use(waiting, kept, find_disk_mb() if limits.disk_mb else 0)


def expiry_time(changed: float) -> float | None:
    """Returns when something last changed at this time expires (both unix seconds); None if nothing expires."""
    days = read_limits().keep_days
    return changed + days * DAY_SECONDS if days else None


def runs_older_than(days: float, busy: Collection[str]) -> list[Run]:
    """Returns the runs without any change for so many days, except those in `busy`, which wait or are under way."""
    limit = time.time() - days * DAY_SECONDS
    return [run for run in list_runs() if run.id not in busy and run.last_changed() < limit]


def measure_runs(runs: Iterable[Run]) -> int:
    """Returns the size of these runs on disk in bytes."""
    return sum(folder_size(run.folder) for run in runs)


def clean_by_age(busy: Collection[str]) -> int:
    """Deletes runs, uploads and unused checkpoints older than MLMTUNE_KEEP_DAYS and returns how many; nothing if nothing expires."""
    days = read_limits().keep_days
    if not days:
        return 0
    runs = runs_older_than(days, busy)
    for run in runs:
        run.delete()
    uploads = [data_id for data_id, changed in list_uploads() if changed < time.time() - days * DAY_SECONDS]
    for data_id in uploads:
        delete_upload(data_id)
    checkpoints = delete_unused_checkpoints(days, {run.about()["config"]["checkpoint"] for run in list_runs()})
    forget_disk_use()
    return len(runs) + len(uploads) + checkpoints


def delete_exports() -> None:
    """Deletes exports older than a day: they can be made again."""
    limit = time.time() - DAY_SECONDS
    for run in list_runs():
        for name in EXPORTS:
            with suppress(FileNotFoundError):
                file = run.export_file(name)
                if file.stat().st_mtime < limit:
                    file.unlink()


@lru_cache(maxsize=100_000)
def _owner_of(folder: Path) -> str:
    """Cached: a run never changes its owner."""
    return Run(folder).owner()


TWICE_SECONDS = 3.0


class Queue(Protocol):
    """What starting a run needs of the queue."""

    def submit(self, run: Run) -> None:
        """Queues a run."""

    def waiting(self, owner: str) -> int:
        """Returns how many runs of a person wait."""


def start_run(
    person: Person,
    queue: Queue,
    config: RunConfig,
    examples: pd.DataFrame,
    data: dict[str, Any],
    estimate: float | None = None,
) -> Run:
    """Queues a new run of this person; returns the one that they started a moment ago with the same settings and data, if there is one.

    Raises LimitError if they may not have one more.
    """
    key = _key(person, config, data, len(examples))
    with _starting:  # if two tabs start at once, the second sees the first one's run
        run = _find_recent(key)
        if run is not None:
            return run
        problems = find_problems(find_usage(person, queue.waiting(person.id)))
        if problems:
            raise problems[0]
        run = create_run(config, examples, data, estimate=estimate, owner=person.id)
        queue.submit(run)
        _recent[key] = time.monotonic(), run.id
        return run


def _find_recent(key: str) -> Run | None:
    for old in [old for old, (moment, _) in _recent.items() if time.monotonic() - moment > TWICE_SECONDS]:
        del _recent[old]
    if key not in _recent:
        return None
    try:
        return open_run(_recent[key][1])
    except RunError:  # deleted in the meantime
        return None


def _key(person: Person, config: RunConfig, data: dict[str, Any], examples: int) -> str:
    told = [person.id, config.model_dump(), data, examples]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


_recent: dict[str, tuple[float, str]] = {}
_starting = threading.Lock()


EPOCHS = 10


def to_plain_texts(examples: pd.DataFrame) -> pd.DataFrame:
    """Returns examples of any task as texts alone: `row`, `text`, and `split` if there is one; each text once."""
    kept = [name for name in ("row", "split") if name in examples]
    texts = examples[kept].assign(text=input_texts(examples))
    return texts.drop_duplicates("text").reset_index(drop=True)


def plan_head(config: RunConfig) -> RunConfig:
    """Returns the settings that train a head for masked words on the checkpoint of a run as it is."""
    shared = {name: getattr(config, name) for name in ("checkpoint", "first_layers", "initial_weights", "max_length", "seed")}
    return validate({"task": "masked_words", "strategy": "head_only", "epochs": EPOCHS, **shared})


def find_head_run(run: Run, person: Person) -> Run | None:
    """Returns the newest run that trains, or has trained, such a head: this person's, or that of the run's owner."""
    config = run.config()
    runs = [each for owner in dict.fromkeys((person.id, run.owner())) for each in runs_of(owner)]
    found = [each for each in runs if _fits(each.config(), config) and each.state() != "failed"]
    return max(found, key=lambda each: each.about()["created"], default=None)


def _fits(found: RunConfig, config: RunConfig) -> bool:
    """Returns whether such a run trains a head for masked words on the encoder that `config` begins with."""
    return (found.task, found.strategy) == ("masked_words", "head_only") and found.encoder_settings == config.encoder_settings
