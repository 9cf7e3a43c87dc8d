"""The log of a run: one JSON line an event, added whole or not at all, read up to the last complete line."""

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mlmtune_core.events import Event, to_row

READ_BYTES = 512 * 1024
TAIL_BYTES = 4096

Row = dict[str, Any]


def find_start(rows: Iterable[Row]) -> Row:
    """What was said before the first step; empty before that."""
    return next((row for row in rows if row["kind"] == "Started"), {})


def find_best(rows: Sequence[Row]) -> Row:
    """The evaluation whose weights are kept: the last that was the best so far; empty where there is none."""
    return next((row for row in reversed(rows) if row["kind"] == "EvalDone" and row["is_best"]), {})


class EventLog:
    """A file that only grows. What an interrupted attempt said in vain stays in it: `current` leaves it out."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, *events: Event) -> None:
        """Adds events, with this moment. Raises OSError where there is no room, and then nothing is added."""
        now = time.time()
        lines = [json.dumps({**to_row(event), "time": now}, ensure_ascii=False, allow_nan=False) for event in events]
        content = "".join(line + "\n" for line in lines).encode()
        log = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            size = os.fstat(log).st_size
            try:
                while content:
                    content = content[os.write(log, content) :]
            except OSError:
                os.truncate(self.path, size)
                raise
        finally:
            os.close(log)

    def mend(self) -> None:
        """Takes away a last line that is not complete: whoever wrote it was killed."""
        if not self.path.exists():
            return
        with self.path.open("r+b") as log:
            end = log.seek(0, os.SEEK_END)
            tail = b""
            while end - len(tail) > 0 and b"\n" not in tail:
                start = max(0, end - len(tail) - TAIL_BYTES)
                log.seek(start)
                tail = log.read(end - start)
            log.truncate(end - len(tail) + tail.rfind(b"\n") + 1)

    def read(self, after: int = 0, limit: int = READ_BYTES) -> tuple[list[Row], int, bool]:
        """(rows, next, more): the complete lines from byte `after` on, where to go on, and whether more stand ready."""
        if not self.path.exists():
            return [], after, False
        with self.path.open("rb") as log:
            log.seek(after)
            chunk = log.read(limit)
        whole = chunk[: chunk.rfind(b"\n") + 1]
        rows = [json.loads(line) for line in whole.splitlines() if line]
        return rows, after + len(whole), len(chunk) == limit

    def current(self) -> list[Row]:
        """The rows since the last Started; where the run went on after an interruption, without those said after the moment it
        went on from.
        """
        rows: list[Row] = []
        for row in self._all():
            if row["kind"] == "Started":
                rows = []
            if row["kind"] == "Resumed":
                del rows[row["rows"] :]
            rows.append(row)
        return rows

    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def phase(self) -> str:
        """What the last lines tell: preparing, training, evaluating, saving or testing."""
        size = self.size()
        start = max(0, size - TAIL_BYTES)
        for row in reversed(self.read(start)[0] if not start else self._tail(start)):
            if row["kind"] in ("StepDone", "Resumed"):
                return "training"
            if row["kind"] in ("PhaseStarted", "Progress"):
                return row["phase"]
        return "preparing"

    def _all(self) -> Iterator[Row]:
        after, more = 0, True
        while more:
            rows, after, more = self.read(after)
            yield from rows

    def _tail(self, start: int) -> list[Row]:
        with self.path.open("rb") as log:
            log.seek(start)
            return [json.loads(line) for line in log.read().split(b"\n")[1:-1]]
