"""What is kept: whose runs these are, how much they take, until when they stay, and what goes by age."""

import time
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from mlmtune_core.checkpoint_store import clean_checkpoints
from mlmtune_core.data_store import forget, list_uploads
from mlmtune_core.limits import Use, find_disk_mb, look_again, read_limits
from mlmtune_core.people import Person
from mlmtune_core.run_shelf import list_runs
from mlmtune_core.run_store import EXPORTS, Run
from mlmtune_core.storage import measure

DAY_SECONDS = 24 * 3600


def runs_of(owner: str) -> list[Run]:
    """The runs of one person, newest first."""
    return [run for run in list_runs() if _owner_of(run.folder) == owner]


def owners() -> dict[str, int]:
    """id of a person -> how many runs are theirs, most first."""
    return dict(Counter(_owner_of(run.folder) for run in list_runs()).most_common())


def find_use(person: Person, waiting: int) -> Use:
    """How much of the limits somebody uses, with so many runs in the queue."""
    limits = read_limits()
    kept = len(runs_of(person.id)) if limits.runs_kept else 0
    return Use(waiting, kept, find_disk_mb() if limits.disk_mb else 0)


def kept_until(changed: float) -> float | None:
    """When something goes that was last changed at this moment (both unix seconds); None where all is kept for ever."""
    days = read_limits().keep_days
    return changed + days * DAY_SECONDS if days else None


def runs_older_than(days: float, busy: Collection[str]) -> list[Run]:
    """Runs in which nothing has happened for so many days, without those of `busy`, which wait or are under way."""
    limit = time.time() - days * DAY_SECONDS
    return [run for run in list_runs() if run.id not in busy and run.last_changed() < limit]


def measure_runs(runs: Iterable[Run]) -> int:
    """Bytes that these runs take on the disk."""
    return sum(measure(run.folder) for run in runs)


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
        forget(data_id)
    checkpoints = clean_checkpoints(days, {run.about()["config"]["checkpoint"] for run in list_runs()})
    look_again()
    return len(runs) + len(uploads) + checkpoints


def forget_exports() -> None:
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
