"""Limits of a server, from its environment: queue length, disk space, age, file size."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from mlmtune_core.data.readers.table import MAX_BYTES
from mlmtune_core.data.uploads import copy_if_sample, save_upload
from mlmtune_core.errors import ConfigError, LimitError
from mlmtune_core.people import Person, check_codes, is_class
from mlmtune_core.runs.shelf import drop_histories, drop_shared_caches
from mlmtune_core.storage import folder_size, home

NEAR = 0.9
LOOK_AGAIN_SECONDS = 15.0
MB = 2**20
LARGEST_MB = MAX_BYTES // MB


@dataclass(frozen=True)
class Limits:
    """Limits on waiting and kept runs (per person), disk (for all), uploads and age; 0 means no limit, except for uploads.

    `history_mb`: for the weights kept of each run's evaluations, 0 for none.
    """

    runs_waiting: int
    runs_kept: int
    disk_mb: int
    keep_days: int
    upload_mb: int
    history_mb: int


@dataclass(frozen=True)
class Use:
    """How much of the limits is used: one person's runs, and everybody's disk. What has no limit is not counted."""

    waiting: int
    kept: int
    disk_mb: int


def read_limits() -> Limits:
    """Returns the limits of this server; without a class, runs are not limited. Raises ConfigError for a value that is no number."""
    return Limits(
        runs_waiting=_read("MLMTUNE_RUNS_WAITING", 3 if is_class() else 20),
        runs_kept=_read("MLMTUNE_RUNS_KEPT", 50 if is_class() else 0),
        disk_mb=_read("MLMTUNE_DISK_MB", 0),
        keep_days=_read("MLMTUNE_KEEP_DAYS", 0),
        upload_mb=min(_read("MLMTUNE_UPLOAD_MB", 0) or LARGEST_MB, LARGEST_MB),
        history_mb=_read("MLMTUNE_HISTORY_MB", 100 if is_class() else 500),
    )


def check_settings() -> None:
    """Checks the server's settings before it starts. Raises ConfigError for limits that are no numbers and for equal codes."""
    read_limits()
    check_codes()


def find_problems(use: Use) -> list[LimitError]:
    """Returns what stands in the way of one more run: a message each, with what to do."""
    limits, problems = read_limits(), []
    if limits.runs_waiting and use.waiting >= limits.runs_waiting:
        problems.append(
            LimitError(
                "As many runs of yours are waiting as one person may have in the queue: {limit}. Let one begin, or stop one of them.",
                limit=limits.runs_waiting,
            )
        )
    if limits.runs_kept and use.kept >= limits.runs_kept:
        problems.append(
            LimitError(
                "You keep {count} runs, and this server keeps {limit} for each person. Delete one that you no longer need.",
                count=use.kept,
                limit=limits.runs_kept,
            )
        )
    if limits.disk_mb and use.disk_mb >= limits.disk_mb:
        problems.append(_no_room(use.disk_mb, limits.disk_mb))
    return problems


def is_near(use: Use) -> bool:
    """Returns True if nine tenths of a limit are used."""
    limits = read_limits()
    pairs = ((use.kept, limits.runs_kept), (use.disk_mb, limits.disk_mb))
    return any(limit and used >= NEAR * limit for used, limit in pairs)


def require_queue_room(size: int) -> None:
    """Raises LimitError for a file of `size` bytes that is too large, or does not fit on the disk."""
    limits = read_limits()
    if size > limits.upload_mb * MB:
        raise LimitError(
            "The file has {found} MB; this server takes up to {limit} MB. Keep a part of the rows.",
            found=-(-size // MB),
            limit=limits.upload_mb,
        )
    require_disk_space(size)


def accept_upload(name: str, raw: bytes, owner: str = "") -> str:
    """Stores an uploaded file (see uploads.save_upload). Raises LimitError if it is too large, or the disk is full."""
    require_queue_room(len(raw))
    return save_upload(name, raw, owner)


def accept_copy(data_id: str, person: Person) -> str:
    """Stores a copy of a sample that a person may change (see uploads.copy_if_sample). Raises LimitError if the disk is full."""
    require_disk_space(0)
    return copy_if_sample(data_id, person)


def require_disk_space(size: int) -> None:
    """Raises LimitError if there is no room for `size` more bytes."""
    limits = read_limits()
    if limits.disk_mb and find_disk_mb() + size / MB > limits.disk_mb:
        raise _no_room(find_disk_mb(), limits.disk_mb)


def find_disk_mb() -> int:
    """Returns the MB of everything that is kept, measured now and then. Deletes caches if they are in the way."""
    with _measuring:
        moment, size = _measured.get(home(), (-LOOK_AGAIN_SECONDS, 0))
        if time.monotonic() - moment >= LOOK_AGAIN_SECONDS:
            size, quota = folder_size(home()), read_limits().disk_mb * MB
            if quota and size >= quota * NEAR:
                drop_shared_caches()
                drop_histories()
                size = folder_size(home())
            _measured[home()] = time.monotonic(), size
    return size // MB


def forget_disk_use() -> None:
    """Makes the next question measure the disk again: something was deleted."""
    _measured.clear()


def _no_room(used: int, limit: int) -> LimitError:
    return LimitError(
        "The disk space of this server is used up: {used} of {limit} MB. Delete runs that you no longer need, or ask who runs the server to clean up.",
        used=used,
        limit=limit,
    )


def _read(name: str, default: int) -> int:
    written = os.environ.get(name, "").strip()
    if written and not (written.isascii() and written.isdecimal()):
        raise ConfigError("{name} is “{found}”, but it must be a whole number, 0 or more.", name=name, found=written)
    return int(written or default)


_measured: dict[Path, tuple[float, int]] = {}
_measuring = threading.Lock()
