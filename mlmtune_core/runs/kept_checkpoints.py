"""Saves trained encoders as checkpoints under a name: who may use them, their size, their deletion."""

import json
import secrets
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from mlmtune_core.errors import CheckpointError, PeopleError
from mlmtune_core.models.saved_checkpoints import SavedCheckpoint, find_saved, read_saved, saved_checkpoints_folder
from mlmtune_core.people import Person
from mlmtune_core.runs.limits import forget_disk_use, require_disk_space
from mlmtune_core.storage import folder_size, new_id

LONGEST_TITLE = 60
STALE_SECONDS = 3600.0


def store_checkpoint(title: str, person: Person, parent: str, size: int, write: Callable[[Path], object]) -> SavedCheckpoint:
    """Makes `write` fill a new checkpoint folder, atomically. `size`: expected bytes.

    Raises CheckpointError without a title, LimitError if the disk is full.
    """
    title = " ".join(title.split())[:LONGEST_TITLE]
    if not title:
        raise CheckpointError("The checkpoint needs a name. Write one by which you will know it again.")
    require_disk_space(size)
    _sweep()
    kept = SavedCheckpoint(new_id(), title, person.id, person.is_teacher, parent, time.time())
    temporary = saved_checkpoints_folder() / f".{kept.id}.{secrets.token_hex(4)}"
    temporary.mkdir(parents=True)
    try:
        write(temporary)
        (temporary / "about.json").write_text(json.dumps(asdict(kept), ensure_ascii=False), encoding="utf-8")
        temporary.replace(kept.folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    forget_disk_use()
    return kept


def list_checkpoints(person: Person) -> list[SavedCheckpoint]:
    """Returns the checkpoints that a person may start from, newest first: their own and those of teachers; all if there is no class."""
    found = [kept for kept in _all() if kept.shared or person.may_change(kept.owner)]
    return sorted(found, key=lambda kept: -kept.made)


def delete_checkpoint(name: str, person: Person) -> None:
    """Deletes it. Raises PeopleError if it is somebody else's."""
    kept = find_saved(name)
    if not person.may_change(kept.owner):
        raise PeopleError("This checkpoint is somebody else's: you can start from it, but not delete it.")
    shutil.rmtree(kept.folder, ignore_errors=True)
    forget_disk_use()


def checkpoint_size(kept: SavedCheckpoint) -> int:
    """Returns its size on disk in bytes."""
    return folder_size(kept.folder)


def delete_unused_checkpoints(days: float, used: Collection[str]) -> int:
    """Deletes older checkpoints that no run in `used` (their checkpoints' names) began with; returns how many."""
    old = [kept for kept in _all() if kept.made < time.time() - days * 24 * 3600 and kept.name not in used]
    for kept in old:
        shutil.rmtree(kept.folder, ignore_errors=True)
    return len(old)


def _all() -> list[SavedCheckpoint]:
    folders = saved_checkpoints_folder().glob("[!.]*") if saved_checkpoints_folder().is_dir() else []
    return [kept for kept in map(read_saved, folders) if kept is not None]


def _sweep() -> None:
    """Deletes what a killed process left half written."""
    for left in saved_checkpoints_folder().glob(".*") if saved_checkpoints_folder().is_dir() else ():
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
