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
    """The runs of one person, newest first."""
    return [run for run in list_runs() if _owner_of(run.folder) == owner]


def owners() -> dict[str, int]:
    """id of a person -> how many runs are theirs, most first."""
    return dict(Counter(_owner_of(run.folder) for run in list_runs()).most_common())


def find_usage(person: Person, waiting: int) -> Use:
    """How much of the limits somebody uses, with so many runs in the queue."""
    limits = read_limits()
    kept = len(runs_of(person.id)) if limits.runs_kept else 0
    return Use(waiting, kept, find_disk_mb() if limits.disk_mb else 0)


def expiry_time(changed: float) -> float | None:
    """When something goes that was last changed at this moment (both unix seconds); None where all is kept for ever."""
    days = read_limits().keep_days
    return changed + days * DAY_SECONDS if days else None


def runs_older_than(days: float, busy: Collection[str]) -> list[Run]:
    """Runs in which nothing has happened for so many days, without those of `busy`, which wait or are under way."""
    limit = time.time() - days * DAY_SECONDS
    return [run for run in list_runs() if run.id not in busy and run.last_changed() < limit]


def measure_runs(runs: Iterable[Run]) -> int:
    """Bytes that these runs take on the disk."""
    return sum(folder_size(run.folder) for run in runs)


def clean_by_age(busy: Collection[str]) -> int:
    """Deletes runs, uploads and checkpoints that no run began with, once they are older than MLMTUNE_KEEP_DAYS, and says how many; none where all is kept for ever."""
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
    """Deletes what was prepared to be taken home more than a day ago: it can be made again."""
    limit = time.time() - DAY_SECONDS
    for run in list_runs():
        for name in EXPORTS:
            with suppress(FileNotFoundError):
                file = run.export_file(name)
                if file.stat().st_mtime < limit:
                    file.unlink()


@lru_cache(maxsize=100_000)
def _owner_of(folder: Path) -> str:
    """Read once: a run never changes hands."""
    return Run(folder).owner()


TWICE_SECONDS = 3.0


class Queue(Protocol):
    """What a start needs of the queue of runs."""

    def submit(self, run: Run) -> None:
        """Takes a run in."""

    def waiting(self, owner: str) -> int:
        """How many runs of a person wait."""


def start_run(
    person: Person,
    queue: Queue,
    config: RunConfig,
    examples: pd.DataFrame,
    data: dict[str, Any],
    estimate: float | None = None,
) -> Run:
    """A new run of this person in the queue; or the one that they began a moment ago with the same settings and data.

    Raises LimitError where they may not have one more.
    """
    key = _key(person, config, data, len(examples))
    with _starting:  # two tabs that start at once: the second sees what the first did
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
    except RunError:  # deleted meanwhile
        return None


def _key(person: Person, config: RunConfig, data: dict[str, Any], examples: int) -> str:
    told = [person.id, config.model_dump(), data, examples]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


_recent: dict[str, tuple[float, str]] = {}
_starting = threading.Lock()


EPOCHS = 10


def to_plain_texts(examples: pd.DataFrame) -> pd.DataFrame:
    """Examples of any task as texts alone: `row`, `text`, and `split` where there is one; each text once."""
    kept = [name for name in ("row", "split") if name in examples]
    texts = examples[kept].assign(text=input_texts(examples))
    return texts.drop_duplicates("text").reset_index(drop=True)


def plan_head(config: RunConfig) -> RunConfig:
    """The settings that train a head for masked words on the checkpoint of a run as it is."""
    shared = {name: getattr(config, name) for name in ("checkpoint", "first_layers", "initial_weights", "max_length", "seed")}
    return validate({"task": "masked_words", "strategy": "head_only", "epochs": EPOCHS, **shared})


def find_head_run(run: Run, person: Person) -> Run | None:
    """The newest run that trains, or has trained, such a head: of this person, or of whose run this is."""
    config = run.config()
    runs = [each for owner in dict.fromkeys((person.id, run.owner())) for each in runs_of(owner)]
    found = [each for each in runs if _fits(each.config(), config) and each.state() != "failed"]
    return max(found, key=lambda each: each.about()["created"], default=None)


def _fits(found: RunConfig, config: RunConfig) -> bool:
    """Whether such a run trains a head for masked words on the encoder that `config` begins with."""
    return (found.task, found.strategy) == ("masked_words", "head_only") and found.encoder_settings == config.encoder_settings
