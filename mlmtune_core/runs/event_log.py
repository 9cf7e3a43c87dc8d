"""The event log of a run: one JSON line per event, written whole, read up to the last complete line."""

import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlmtune_core.events import Event, to_row

READ_BYTES = 512 * 1024
TAIL_BYTES = 4096

Row = dict[str, Any]


def find_start(rows: Iterable[Row]) -> Row:
    """Returns the row Started; empty before it."""
    return next((row for row in rows if row["kind"] == "Started"), {})


def find_best(rows: Sequence[Row]) -> Row:
    """Returns the evaluation whose weights are kept: the last that was the best so far; empty if there is none."""
    return next((row for row in reversed(rows) if row["kind"] == "EvalDone" and row["is_best"]), {})


class EventLog:
    """A file that only grows. The rows of an interrupted attempt stay in it; `current` leaves them out."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, *events: Event) -> None:
        """Appends events with the current time. Raises OSError on a full disk; then nothing is added."""
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

    def repair(self) -> None:
        """Removes an incomplete last line: its writer was killed."""
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
        """Returns (rows, next, more): the complete lines from byte `after` on, where to continue, and whether more are ready."""
        if not self.path.exists():
            return [], after, False
        with self.path.open("rb") as log:
            log.seek(after)
            chunk = log.read(limit)
        whole = chunk[: chunk.rfind(b"\n") + 1]
        rows = [json.loads(line) for line in whole.splitlines() if line]
        return rows, after + len(whole), len(chunk) == limit

    def current(self) -> list[Row]:
        """Returns the rows since the last Started. After a resumption, the rows that the resumed attempt repeats are left out."""
        rows: list[Row] = []
        for row in self._all():
            if row["kind"] == "Started":
                rows = []
            if row["kind"] == "Resumed":
                del rows[row["rows"] :]
            rows.append(row)
        return rows

    def size(self) -> int:
        """Size in bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def phase(self) -> str:
        """Returns what the last lines tell: preparing, training, evaluating, saving or testing."""
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


SPEED_STEPS = 30
SHORTEST_STEP = 5e-4  # seconds


@dataclass(frozen=True)
class Progress:
    """How far a run is. seconds_left and examples_per_second are None before two steps."""

    step: int = 0
    total_steps: int = 0
    epoch: float = 0.0
    epochs: int = 0
    examples_per_second: float | None = None
    seconds_left: float | None = None
    patience_left: int | None = None
    frozen_unchanged: bool | None = None
    frozen_weights: int = 0
    best: dict[str, Any] | None = None
    last: dict[str, Any] | None = None
    start: dict[str, Any] | None = None


def summarise(rows: Sequence[dict[str, Any]], estimate: float | None = None) -> Progress:
    """Computes Progress from the rows of the current attempt (see Run.events). `estimate`: expected seconds of the whole run."""
    start = find_start(rows)
    steps = [row for row in rows if row["kind"] == "StepDone"]
    evaluations = [row for row in rows if row["kind"] == "EvalDone"]
    checks = [row for row in rows if row["kind"] == "FrozenChecked"]
    if not start:
        return Progress()
    last_step: dict[str, Any] = steps[-1] if steps else {"step": 0, "epoch": 0.0}
    return Progress(
        step=last_step["step"],
        total_steps=start["total_steps"],
        epoch=last_step["epoch"],
        epochs=start["epochs"],
        examples_per_second=_speed(steps),
        seconds_left=_seconds_left(start, steps, rows, estimate),
        patience_left=evaluations[-1]["patience_left"] if evaluations else None,
        frozen_unchanged=all(row["unchanged"] for row in checks) if checks else None,
        frozen_weights=checks[-1]["weights"] if checks else 0,
        best=find_best(evaluations) or None,
        last=evaluations[-1] if evaluations else None,
        start=start,
    )


def _speed(steps: Sequence[dict[str, Any]]) -> float | None:
    """Returns training examples per second over the last steps; the median leaves out pauses for evaluation.

    Steps that are quicker than their event (heads on cached activations) are logged many at a time: then all steps count, or none are known.
    """
    recent = steps[-SPEED_STEPS:]
    gaps = sorted(later["time"] - earlier["time"] for earlier, later in zip(recent, recent[1:], strict=False))
    if not gaps:
        return None
    usual = gaps[len(gaps) // 2]
    if usual < SHORTEST_STEP:
        recent, usual = steps, (steps[-1]["time"] - steps[0]["time"]) / (len(steps) - 1)
    if usual < SHORTEST_STEP / 10:
        return None
    return sum(row["examples"] for row in recent) / len(recent) / usual


def _seconds_left(
    start: dict[str, Any], steps: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]], estimate: float | None
) -> float | None:
    """In the first epoch, the longest if frozen layers run only once: what the estimate leaves. Later: the time so far, evaluation included,
    extrapolated to the last step.
    """
    paused = sum(row["time"] - before["time"] for before, row in zip(rows, rows[1:], strict=False) if row["kind"] == "Resumed")  # fmt: skip
    spent = rows[-1]["time"] - start["time"] - paused
    if estimate and estimate > spent and (not steps or steps[-1]["epoch"] < 1):
        return estimate - spent
    if len(steps) < 2:
        return None
    return spent / steps[-1]["step"] * (start["total_steps"] - steps[-1]["step"])
