"""The one figure of a lesson, and its numbers as a table, from what came out of its runs"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.outcomes import Outcome
from mlmtune_core.names import baseline_names, diagnosis_names
from mlmtune_core.sweep_charts import Mark, plot_arms, plot_by_x, plot_heat, plot_runs
from mlmtune_core.translating import Translate, mark

SCORE = "score"
TITLES = {  # of what is measured where no figure names it
    "gap": mark("Training score minus test score"),
    "train_loss": mark("Loss on training examples, without dropout"),
    "body_norm": mark("Length of all weights in the layers"),
    "body_moved": mark("Distance from the start, over the length then"),
    "finder_suggestion": mark("Rate that the finder suggests"),
}


def plot_lesson(lesson: Lesson, outcomes: list[Outcome], tr: Translate, separators: str) -> go.Figure:
    """As the lesson's `figure` says, in the language of `tr`."""
    figure, kind = lesson.figure, lesson.figure.kind
    x_title, y_title, seed = tr(figure.x_title) if figure.x_title else "", tr(figure.y_title), tr("seed")
    if kind == "curves":
        lines = [(_title(lesson, outcome, tr), outcome.seed, read_curve(outcome, figure.measure)) for outcome in outcomes]
        return plot_runs(lines, x_title, y_title, separators, seed)
    if kind == "measures":
        named = [(tr(title), outcome, name) for name, title in figure.names.items() for outcome in outcomes if name in outcome.measured]
        marks = [Mark("", title, _measured(outcome, name), outcome.seed) for title, outcome, name in named]
        return plot_arms(marks, y_title, separators, seed_title=seed)
    values = [(outcome, read_value(outcome, figure.measure)) for outcome in outcomes]
    marks = [Mark(_series(lesson, each, tr), _place(lesson, each, tr, kind), value, each.seed, each.run_class) for each, value in values if value is not None]
    if kind == "heat":
        return plot_heat(marks, x_title, tr("Strategy"), y_title, separators)
    baseline = _baseline(outcomes, tr) if figure.measure == SCORE else None
    if kind == "arms":
        return plot_arms(marks, y_title, separators, baseline, seed)
    return plot_by_x(marks, x_title, y_title, separators, baseline, figure.log_x, diagnosis_names(tr), seed)


def tabulate(lesson: Lesson, outcomes: list[Outcome], tr: Translate) -> pd.DataFrame:
    """A row for each run: arm, seed, test score, what it is like, weights that learn, seconds, and what was measured beside."""
    kinds = diagnosis_names(tr)
    rows = [
        {
            tr("Arm"): _title(lesson, outcome, tr),
            tr("Seed"): outcome.seed,
            tr("Test score"): outcome.score,
            tr("What it is like"): kinds.get(outcome.run_class, ""),
            tr("Weights that learn"): outcome.start.get("trainable"),
            tr("Examples learnt from"): outcome.start.get("train_examples"),
            tr("Seconds"): round(outcome.seconds, 2),
            **{tr({**TITLES, **lesson.figure.names}.get(name, name)): _measured(outcome, name) for name in outcome.measured},
        }
        for outcome in outcomes
    ]
    return pd.DataFrame(rows)


def read_value(outcome: Outcome, measure: str) -> float | None:
    """The test score, or the mean of what was measured under a name; None where a run has none."""
    if measure == SCORE:
        return outcome.score
    return _measured(outcome, measure) if measure in outcome.measured else None


def read_curve(outcome: Outcome, measure: str) -> list[tuple[float, float]]:
    """(step, value) of every evaluation that has it: a loss by its name in EvalDone, or the validation score."""
    find: Callable[[Mapping[str, Any]], Any] = (lambda row: row["metrics"][outcome.metric]) if measure == SCORE else (lambda row: row.get(measure))
    return [(row["step"], find(row)) for row in outcome.evaluations if find(row) is not None]


def _measured(outcome: Outcome, name: str) -> float:
    return float(np.mean(np.asarray(outcome.measured[name], dtype=float)))


def _baseline(outcomes: list[Outcome], tr: Translate) -> tuple[str, float] | None:
    """What the trivial predictor reaches on the test set, where all runs share one."""
    found = {(outcome.config["task"], round(outcome.tested["baseline"][outcome.metric], 6)) for outcome in outcomes if outcome.tested}
    if len(found) != 1:
        return None
    task, value = found.pop()
    return baseline_names(tr)[task], value


def _title(lesson: Lesson, outcome: Outcome, tr: Translate) -> str:
    arm = lesson.arm(outcome.arm)
    return tr(arm.title) if arm.x is None else f"{tr(arm.title)} {arm.x:g}"


def _series(lesson: Lesson, outcome: Outcome, tr: Translate) -> str:
    return tr(lesson.arm(outcome.arm).title)


def _place(lesson: Lesson, outcome: Outcome, tr: Translate, kind: str) -> float | str:
    arm = lesson.arm(outcome.arm)
    return arm.x if arm.x is not None and kind != "arms" else _title(lesson, outcome, tr)
