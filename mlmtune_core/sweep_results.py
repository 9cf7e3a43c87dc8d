"""What a sweep came to: a row for each run with what was swept, its score and what it is like; and the points of its figures"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlmtune_core.config import RANKED_BY, RunConfig
from mlmtune_core.diagnosis import diagnose
from mlmtune_core.event_log import find_best, find_start
from mlmtune_core.run_store import Run
from mlmtune_core.sweep_store import Sweep


@dataclass(frozen=True)
class Result:
    """One run of a sweep. settings: of those that were swept; score: of the best model, on the validation set; None before there is one.

    kind: what it is like (see diagnosis), or an empty text while that is not known.
    """

    run: str
    settings: dict[str, Any]
    seed: int
    state: str
    metric: str
    score: float | None
    validation_loss: float | None
    epoch: float | None
    test: float | None
    baseline: float | None
    trainable: int | None
    seconds: float | None
    kind: str


def read_results(sweep: Sweep) -> list[Result]:
    """Of all its runs, in the order of the grid, however far they are."""
    choices = sweep.about()["choices"]
    return [read_result(run, choices) for run in sweep.runs()]


def read_result(run: Run, choices: Sequence[str] | Mapping[str, Any]) -> Result:
    """One run, however far it is; `choices`: the settings that were swept."""
    config, rows, summary = run.config(), run.events(), run.summary() or {}
    metric = RANKED_BY[config.task]
    best, start = find_best(rows), find_start(rows)
    found = diagnose(rows)
    return Result(
        run=run.id,
        settings={name: setting_of(config, name) for name in choices if name != "seed"},
        seed=config.seed,
        state=run.state(),
        metric=metric,
        score=best.get("metrics", {}).get(metric),
        validation_loss=best.get("validation_loss"),
        epoch=best.get("epoch"),
        test=(summary.get("test") or {}).get(metric),
        baseline=start.get("baseline"),
        trainable=start.get("trainable"),
        seconds=summary.get("seconds"),
        kind=found.kind if found else "",
    )


def setting_of(config: RunConfig, name: str) -> Any:
    """A setting as it holds: rates that follow the strategy are told."""
    return {"head_learning_rate": config.head_rate, "learning_rate": config.body_rate}.get(name, getattr(config, name))
