"""Progress of a long answer, and whether anybody still waits for it: one small file per question."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from mlmtune_core.errors import RunError
from mlmtune_core.storage import home, new_id, write_atomically

EVERY_SECONDS = 0.2
Item = TypeVar("Item")
_followed: ContextVar["Progress | None"] = ContextVar("progress", default=None)
_part: ContextVar[tuple[float, float]] = ContextVar("part", default=(0.0, 1.0))


class Progress:
    """The progress file of one question; both processes know its name."""

    def __init__(self, name: str = "") -> None:
        self.name = name or new_id()
        self._file = home() / "workers" / "questions" / self.name
        self._said = 0.0

    def share(self) -> float:
        """Returns the share that is done, 0 to 1; 0 if nothing was reported yet."""
        with suppress(FileNotFoundError, ValueError):
            return float(self._file.read_text(encoding="ascii"))
        return 0.0

    def give_up(self) -> None:
        """Cancels: the work ends at its next report."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._stop.touch()

    def say(self, share: float) -> None:
        """Reports progress; the worker calls it now and then. Raises RunError if nobody waits any more."""
        if time.monotonic() - self._said < EVERY_SECONDS:
            return
        self._said = time.monotonic()
        if self._stop.exists():
            raise given_up()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._file, f"{share:.3f}".encode())

    def forget(self) -> None:
        """Deletes the file."""
        for file in (self._file, self._stop):
            file.unlink(missing_ok=True)

    @property
    def _stop(self) -> Path:
        return self._file.with_suffix(".stop")


@contextmanager
def part(begin: float, end: float) -> Iterator[None]:
    """Context in which reports count as the part of the whole from `begin` to `end`."""
    low, high = _part.get()
    token = _part.set((low + (high - low) * begin, low + (high - low) * end))
    try:
        yield
    finally:
        _part.reset(token)


@contextmanager
def following(name: str) -> Iterator[None]:
    """Context in which `report` and `each` belong to the question of this name; deletes its file afterwards."""
    progress = Progress(name)
    token = _followed.set(progress)
    try:
        yield
    finally:
        _followed.reset(token)
        progress.forget()


def report(share: float) -> None:
    """Reports that this share is done, 0 to 1. Does nothing if no other process asked."""
    progress, (begin, end) = _followed.get(), _part.get()
    if progress:
        progress.say(begin + (end - begin) * share)


def each(items: Iterable[Item], count: int) -> Iterator[Item]:
    """Yields the items, with a report before each; `count` is their expected number."""
    for done, item in enumerate(items):
        report(min(1.0, done / max(1, count)))
        yield item


def given_up() -> RunError:
    """Returns the error for a cancelled question."""
    return RunError("Cancelled. Ask again whenever you like.")
