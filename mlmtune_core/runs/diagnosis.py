"""Diagnoses a run from its events: ok, slow, collapsed, exploding, memorising, nan; and one thing to try."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from mlmtune_core.language import mark
from mlmtune_core.runs.event_log import find_start

SMOOTHING = 0.9  # as the live chart draws it
FEW_STEPS = 10  # steps; before them a smoothed loss is mostly noise
ONE_SIDED = 0.99  # share of the answers that are alike
AT_PRIOR = 0.02  # relative distance from the loss of the label shares
LEARNT = 0.1  # share of the loss that must be gone
KNOWN_BY_HEART = 0.99  # share of the training examples that are right; if not counted, a loss of TRACE_OF_LOSS
TRACE_OF_LOSS = 0.05  # share of the uninformed loss
ROSE, ROSE_IN_TRAINING = 1.02, 1.3  # factor over an earlier loss
ROSE_AT_ONCE = 1.1  # the first epoch's mean loss, as a factor over the initial and the uninformed loss
LOWEST = 1.001  # up to this factor over the lowest loss counts as the lowest: a plateau is never quite flat

Row = dict[str, Any]


@dataclass(frozen=True)
class RunSigns:
    """The events of a run in order, and the signs that the rules read from them."""

    rows: Sequence[Row]

    @cached_property
    def start(self) -> Row:
        """The row Started; empty before it."""
        return find_start(self.rows)

    @cached_property
    def steps(self) -> list[Row]:
        """The rows of training steps."""
        return [row for row in self.rows if row["kind"] == "StepDone"]

    @cached_property
    def evaluations(self) -> list[Row]:
        """The rows of evaluations, the one before the first step included."""
        return [row for row in self.rows if row["kind"] == "EvalDone"]

    @cached_property
    def smoothed(self) -> list[float]:
        """The training loss as the chart smooths it, from step FEW_STEPS on."""
        average, found = 0.0, []
        for i, row in enumerate(self.steps, start=1):
            average = SMOOTHING * average + (1 - SMOOTHING) * row["loss"]
            found.append(average / (1 - SMOOTHING**i))
        return found[FEW_STEPS - 1 :]

    @cached_property
    def training(self) -> list[float]:
        """The training loss of every epoch: without dropout if that was measured, or else the mean of its steps."""
        measured = self._without_dropout
        if measured:
            return measured[1:]
        return [row["train_loss"] for row in self.evaluations if row["train_loss"] is not None]

    @cached_property
    def curve(self) -> list[float]:
        """A loss without dropout at every evaluation, always on the same examples: there even a small fall is no noise."""
        return self._without_dropout or [row["validation_loss"] for row in self.evaluations]

    @property
    def _without_dropout(self) -> list[float]:
        """The training loss without dropout at every evaluation; empty if it was not measured at all of them."""
        measured = [row["train_eval_loss"] for row in self.evaluations if row.get("train_eval_loss") is not None]
        return measured if len(measured) == len(self.evaluations) else []

    @cached_property
    def began(self) -> float:
        """The training loss of the first steps."""
        return float(np.mean([row["loss"] for row in self.steps[:FEW_STEPS]])) if self.steps else math.inf

    @cached_property
    def uninformed_loss(self) -> float:
        """The loss of a predictor that does not read the texts: that of the label shares, or else the initial loss."""
        return self.start.get("prior_loss") or self.began

    @cached_property
    def score(self) -> float:
        """The last score, by the metric that ranks runs of the task."""
        return self.evaluations[-1]["metrics"][self.start["metric"]]

    @cached_property
    def top_share(self) -> float:
        """The share of the most frequent answer; 0 if that says nothing."""
        return self.evaluations[-1].get("top_share") or 0.0

    @cached_property
    def no_better(self) -> bool:
        """Whether the score is no better than the trivial predictor's. Not for questions: the first sentence of a context is no label to collapse to."""
        if self.start["task"] == "question_answering":
            return False
        worse = np.greater_equal if self.start["task"] == "masked_words" else np.less_equal
        return bool(worse(self.score, self.start["baseline"]))

    @cached_property
    def little_learned(self) -> bool:
        """Whether the training loss is hardly below the uninformed one, all answers are alike, or they are no better than trivial ones."""
        left = self.training[-1] / max(self.uninformed_loss, 1e-9)
        return left > 1 - LEARNT or self.top_share >= ONE_SIDED or (self.no_better and left > 0.5)

    @cached_property
    def memorised(self) -> bool:
        """Whether 99 % of the training examples are right or, if not measured, the training loss is 5 % of the uninformed one."""
        if not self.training:
            return False
        measured = (self.evaluations[-1].get("train_metrics") or {}).get(self.start["metric"])
        if measured is not None and self.start["task"] != "masked_words":
            return measured >= KNOWN_BY_HEART
        return self.training[-1] <= TRACE_OF_LOSS * self.uninformed_loss

    @cached_property
    def falling(self) -> bool:
        """Whether the loss is the lowest so far and has not risen in between: too high a rate makes it rise and come back."""
        lowest = np.minimum.accumulate(self.curve)
        rose = (
            bool((np.asarray(self.curve) > ROSE * lowest).any())
            or max(self.smoothed, default=0.0) > ROSE_IN_TRAINING * self.began
            or (bool(self.start.get("prior_loss")) and self.training[0] > ROSE_AT_ONCE * max(self.curve[0], self.uninformed_loss))
        )
        return not rose and self.curve[-1] <= lowest[-1] * LOWEST

    @cached_property
    def at_prior(self) -> bool:
        """Whether the training loss fell to that of the label shares and stays there for the last third of the epochs."""
        prior, last = self.start.get("prior_loss"), self.training[-max(2, math.ceil(len(self.training) / 3)) :]
        return (
            prior is not None and prior > 0 and self.began * (1 - LEARNT) > prior and all(abs(loss / prior - 1) < AT_PRIOR for loss in last)
        )

    @cached_property
    def early(self) -> bool:
        """Whether it is too early to judge: in the first epoch, the first third of the steps, or during warm-up."""
        if self.rows[-1]["kind"] in ("Finished", "Failed"):
            return False
        measured, highest = self.evaluations[-1]["step"], max(self.steps, key=rate_of)["step"]
        return len(self.evaluations) < 3 or measured < self.start["total_steps"] / 3 or measured <= highest


def rate_of(step: Row) -> float:
    """Returns the higher of the learning rates of head and encoder at a step."""
    return max(step["head_learning_rate"], step["learning_rate"])


KINDS = ("ok", "crawling", "collapsed", "exploding", "memorising", "nan")
EXPLODED = 4.0  # factor over the best smoothed loss (fastai's rule)
TURNED = 1.15  # factor over the lowest validation loss
NOTHING = 1e-9  # the smallest loss to divide by
HEAD_RATE = 1e-3  # the lowest rate at which a head alone learns


@dataclass(frozen=True)
class Diagnosis:
    """What a run is like: `kind` is one of KINDS; `evidence` is a sentence for `values`, `advice` one thing to try.

    `values` are plain numbers (losses in the task's unit, shares from 0 to 1, `score` and `baseline` in the unit of `metric`).
    """

    kind: str
    evidence: str
    advice: str
    values: dict[str, Any] = field(default_factory=dict)


def diagnose(rows: Sequence[Row]) -> Diagnosis | None:
    """Diagnoses the rows of the current attempt (see Run.events), at any moment; returns None while it is too early."""
    for row in rows:
        if row["kind"] == "Failed" and "no longer a number" in row["template"]:
            return _call_nan(row)
    seen = RunSigns(rows)
    if not seen.start:
        return None
    found = _find_exploding(seen) or _find_memorising(seen)
    if found or len(seen.evaluations) < 2 or not seen.training:
        return found
    return _find_little(seen) if seen.little_learned else _find_ok(seen)


def _call_nan(row: Row) -> Diagnosis:
    return Diagnosis(
        "nan",
        mark("At step {step} the loss was no longer a number."),
        mark("Try a learning rate ten times smaller, more warm-up, or stronger gradient clipping."),
        {"step": row["values"].get("step", 0)},
    )


def _find_exploding(seen: RunSigns) -> Diagnosis | None:
    """Applies fastai's rule to the training loss, if it is also above the uninformed loss (the best so far, if it exploded at once), and to the
    validation loss, unless the examples are memorised.
    """
    advice = mark("Try a learning rate ten times smaller, or a longer warm-up.")
    if seen.smoothed:
        last, best = seen.smoothed[-1], max(min(*seen.smoothed, seen.uninformed_loss), NOTHING)
        if last > EXPLODED * best and last > seen.uninformed_loss:
            told = mark("The training loss is {loss}, {times} times its best so far ({best}).")
            return Diagnosis("exploding", told, advice, {"loss": last, "best": best, "times": last / best})
    losses = [row["validation_loss"] for row in seen.evaluations] or [0.0]
    last, best = losses[-1], max(min(losses), NOTHING)
    if last > EXPLODED * best and last > losses[0] and not seen.memorised:
        told = mark("The validation loss is {loss}, {times} times its best so far ({best}).")
        return Diagnosis("exploding", told, advice, {"loss": last, "best": best, "times": last / best})
    return None


def _find_memorising(seen: RunSigns) -> Diagnosis | None:
    losses = [row["validation_loss"] for row in seen.evaluations]
    if not seen.memorised or losses[-1] < TURNED * min(losses):
        return None
    advice = mark("Try fewer epochs, more labelled examples, or more dropout.")
    if not seen.evaluations[-1]["is_best"]:
        advice = mark("Try fewer epochs, more labelled examples, or more dropout. What is kept is the best model, not the last.")
    return Diagnosis(
        "memorising",
        mark("The training examples are known by heart (loss {loss}), while the validation loss has risen from {least} to {last}."),
        advice,
        {"loss": seen.training[-1], "least": min(losses), "last": losses[-1]},
    )


def _find_little(seen: RunSigns) -> Diagnosis | None:
    if seen.early:
        return None
    return _call_crawling(seen) if seen.falling and not seen.at_prior else _call_collapsed(seen)


def _call_crawling(seen: RunSigns) -> Diagnosis:
    first, last = seen.curve[0], seen.curve[-1]
    told = mark("In {steps} steps the loss went from {first} to {last}: it still falls, but hardly.")
    if last < (1 - LEARNT) * first:
        told = mark(
            "In {steps} steps the loss went from {first} to {last}, and the answers are no better yet than without reading the texts."
        )
    advice = mark("Try a learning rate ten times higher, or more epochs.")
    if seen.start["strategy"] == "head_only" and max(map(rate_of, seen.steps)) < HEAD_RATE:
        advice = mark(
            "Try a learning rate of the head from 0.001 to 0.01: a head alone begins at random, and bears it."
        )
    return Diagnosis("crawling", told, advice, {"steps": seen.evaluations[-1]["step"], "first": first, "last": last})


def _call_collapsed(seen: RunSigns) -> Diagnosis:
    if seen.top_share >= ONE_SIDED:
        told, values = mark("{share} of all answers are one and the same label."), {"share": seen.top_share}
    elif seen.no_better:
        told = mark(
            "{metric}: {score}, no better than the trivial predictor ({baseline}), and the loss no longer falls."
        )
        values = {"metric": seen.start["metric"], "score": seen.score, "baseline": seen.start["baseline"]}
    else:
        told = mark("The training loss stays at {loss}; without reading the texts it would be {blind}.")
        values = {"loss": seen.training[-1], "blind": seen.uninformed_loss}
    advice = mark("Try a learning rate ten times smaller: at too high a rate the layers forget what they knew.")
    if seen.start["strategy"] == "head_only":
        advice = mark("Let the last layers learn, too: what the frozen ones say may not be enough.")
    return Diagnosis("collapsed", told, advice, values)


def _find_ok(seen: RunSigns) -> Diagnosis | None:
    """Handles runs that learn: ok if they beat the trivial predictor. Learning what does not help has no name yet."""
    if seen.no_better:
        return None
    values = {"metric": seen.start["metric"], "score": seen.score, "loss": seen.training[-1], "blind": seen.uninformed_loss}
    told = mark("It learns: the training loss is {loss} (without reading the texts: {blind}); {metric}: {score}.")
    return Diagnosis("ok", told, mark("Try the same with another seed: what stays is no luck."), values)
