"""The figure of a lesson, and its numbers as a table."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from mlmtune_core.language import Translate, mark
from mlmtune_core.lessons.lesson import Figure, Lesson
from mlmtune_core.lessons.outcomes import Outcome
from mlmtune_core.names import baseline_names, diagnosis_names
from mlmtune_core.runs.sweep_charts import Mark, plot_arms, plot_by_x, plot_heat, plot_runs, write_place

SCORE = "score"
TITLES = {  # measure, or side of a comparison -> title, unless the figure names it
    "gap": mark("Training score minus test score"),
    "train_loss": mark("Loss on training examples, without dropout"),
    "body_norm": mark("Length of all weights in the layers"),
    "body_moved": mark("Distance from the start, over the length then"),
    "trivial": mark("Trivial predictor"),
    "trainable": mark("Weights that learn"),
    "head_weights": mark("d · K + K"),
    "memory": mark("Memory of model and step, in MB (calculated)"),
    "finder_suggestion": mark("Rate that the finder suggests"),
}


def plot_lesson(lesson: Lesson, outcomes: list[Outcome], tr: Translate, separators: str) -> go.Figure:
    """Returns the chart that the lesson's `figure` describes, in the language of `tr`."""
    figure, kind = lesson.figure, lesson.figure.kind
    name = partial(_name, lesson, tr, separators)
    x_title, y_title, seed = tr(figure.x_title) if figure.x_title else "", tr(figure.y_title), tr("seed")
    if kind == "curves":
        lines = [(name(outcome), outcome.seed, read_curve(outcome, figure.measure)) for outcome in outcomes]
        return plot_runs(lines, x_title, y_title, separators, seed)
    if kind == "measures":
        named = [(tr(title), outcome, measure) for measure, title in figure.names.items() for outcome in outcomes if measure in outcome.measured]
        marks = [Mark(name(outcome), title, _measured(outcome, measure), outcome.seed) for title, outcome, measure in named]
        return plot_arms(marks, y_title, separators, seed_title=seed)
    values = [(outcome, read_value(outcome, figure.measure)) for outcome in outcomes]
    shown = [(lesson.arm(outcome.arm), outcome, value) for outcome, value in values if value is not None]
    if kind == "arms":
        return plot_arms([Mark("", name(outcome), value, outcome.seed) for _, outcome, value in shown], y_title, separators, _baseline(outcomes, tr, figure), seed)
    marks = [Mark(tr(arm.title), name(outcome) if arm.x is None else arm.x, value, outcome.seed, outcome.run_class) for arm, outcome, value in shown]
    if kind == "heat":
        return plot_heat(marks, x_title, tr("Strategy"), y_title, separators)
    return plot_by_x(marks, x_title, y_title, separators, _baseline(outcomes, tr, figure), figure.log_x, diagnosis_names(tr), seed)


def name_arm(lesson: Lesson, name: str, tr: Translate, separators: str) -> str:
    """Returns the name of an arm for legends and tables: its title, then the name and value of its x."""
    arm, figure = lesson.arm(name), lesson.figure
    title, x_title = tr(arm.title), tr(figure.x_title) if figure.x_title and figure.kind != "curves" else ""
    if arm.x is None:
        return title
    position = f"{x_title}: {write_place(arm.x, separators, figure.log_x)}".removeprefix(": ")
    return position if title == x_title else f"{title} · {position}"


def name_side(lesson: Lesson, name: str, tr: Translate, separators: str) -> str:
    """Returns the name of one side of a comparison (see verdicts.Verdict.between): an arm or a measure."""
    return name_arm(lesson, name, tr, separators) if any(arm.id == name for arm in lesson.arms) else _title(lesson, name, tr)


def tabulate(lesson: Lesson, outcomes: list[Outcome], tr: Translate, separators: str) -> pd.DataFrame:
    """Returns a row per run: arm, seed, test score, diagnosis, trainable weights, training examples, seconds, and its measures."""
    diagnoses = diagnosis_names(tr)
    rows = [
        {
            tr("Arm"): name_arm(lesson, outcome.arm, tr, separators),
            tr("Seed"): outcome.seed,
            tr("Test score"): outcome.score,
            tr("Diagnosis"): diagnoses.get(outcome.run_class, ""),
            tr("Weights that learn"): outcome.start_event.get("trainable"),
            tr("Examples learnt from"): outcome.start_event.get("train_examples"),
            tr("Seconds"): round(outcome.seconds, 2),
            **({_title(lesson, "gap", tr): outcome.gap} if outcome.best_evaluation.get("train_metrics") else {}),
            **{_title(lesson, name, tr): _measured(outcome, name) for name in outcome.measured},
        }
        for outcome in outcomes
    ]
    return pd.DataFrame(rows)


def read_value(outcome: Outcome, measure: str) -> float | None:
    """Returns the test score, or the mean of a measure; None if the run has none."""
    if measure == SCORE:
        return outcome.score
    return _measured(outcome, measure) if measure in outcome.measured else None


def read_curve(outcome: Outcome, measure: str) -> list[tuple[float, float]]:
    """Returns (step, value) of every evaluation with the measure: a loss by its name in EvalDone, or the validation score."""
    find: Callable[[Mapping[str, Any]], Any] = (lambda row: row["metrics"][outcome.metric]) if measure == SCORE else (lambda row: row.get(measure))
    return [(row["step"], find(row)) for row in outcome.evaluations if find(row) is not None]


def _title(lesson: Lesson, name: str, tr: Translate) -> str:
    return tr({**TITLES, **lesson.figure.names}.get(name, name))


def _measured(outcome: Outcome, name: str) -> float:
    return float(np.mean(np.asarray(outcome.measured[name], dtype=float)))


def _baseline(outcomes: list[Outcome], tr: Translate, figure: Figure) -> tuple[str, float] | None:
    """Returns name and test score of the trivial predictor, if test scores are drawn and all runs share one."""
    found = {(outcome.config["task"], round(outcome.test_event["baseline"][outcome.metric], 6)) for outcome in outcomes if outcome.test_event}
    if figure.measure != SCORE or len(found) != 1:
        return None
    task, value = found.pop()
    return baseline_names(tr)[task], value


def _name(lesson: Lesson, tr: Translate, separators: str, outcome: Outcome) -> str:
    return name_arm(lesson, outcome.arm, tr, separators)
