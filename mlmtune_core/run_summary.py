"""What the events of a run add up to: how far it is, how fast, and for how long still."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlmtune_core.event_log import find_best, find_start

SPEED_STEPS = 30
SHORTEST_STEP = 5e-4  # seconds


@dataclass(frozen=True)
class Progress:
    """Where a run stands. seconds_left and examples_per_second are None before two steps were seen."""

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
    """The rows of the current attempt (see Run.events) -> Progress. `estimate`: seconds the whole was expected to take."""
    start = find_start(rows)
    steps = [row for row in rows if row["kind"] == "StepDone"]
    evaluations = [row for row in rows if row["kind"] == "EvalDone"]
    checks = [row for row in rows if row["kind"] == "FrozenChecked"]
    if not start:
        return Progress()
    last_step = steps[-1] if steps else {"step": 0, "epoch": 0.0}
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
    """Examples learnt from per second over the last steps, pauses for measuring left out by the median.

    Steps that take less than their event (heads on what is stored) are logged many at a time: then all steps count, or none are known.
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
    """In the first epoch, which is the longest where frozen layers run only once, what the estimate leaves; then time so
    far, measuring included, carried on to the last step.
    """
    paused = sum(row["time"] - before["time"] for before, row in zip(rows, rows[1:], strict=False) if row["kind"] == "Resumed")  # fmt: skip
    spent = rows[-1]["time"] - start["time"] - paused
    if estimate and estimate > spent and (not steps or steps[-1]["epoch"] < 1):
        return estimate - spent
    if len(steps) < 2:
        return None
    return spent / steps[-1]["step"] * (start["total_steps"] - steps[-1]["step"])
