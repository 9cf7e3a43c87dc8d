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
FEW_STEPS = 10  # before so many steps a smoothed loss is mostly chance
ONE_SIDED = 0.99  # of the answers
AT_PRIOR = 0.02  # from the loss of the label shares
LEARNT = 0.1  # of the loss must be gone
KNOWN_BY_HEART = 0.99  # of the training examples are right; where nobody counted them, a loss of TRACE_OF_LOSS
TRACE_OF_LOSS = 0.05  # of the one without reading
ROSE, ROSE_IN_TRAINING = 1.02, 1.3  # times an earlier loss
ROSE_AT_ONCE = 1.1  # times the loss before the first step and that of who does not read: the mean of the first epoch
LOWEST = 1.001  # times the least loss is still the least: a plateau is never quite flat

Row = dict[str, Any]


@dataclass(frozen=True)
class RunSigns:
    """The events in the order of time, and what is asked of them more than once."""

    rows: Sequence[Row]

    @cached_property
    def start(self) -> Row:
        """What was said before the first step; empty before that."""
        return find_start(self.rows)

    @cached_property
    def steps(self) -> list[Row]:
        """The updates."""
        return [row for row in self.rows if row["kind"] == "StepDone"]

    @cached_property
    def evaluations(self) -> list[Row]:
        """The evaluations, the one before the first step included."""
        return [row for row in self.rows if row["kind"] == "EvalDone"]

    @cached_property
    def smoothed(self) -> list[float]:
        """The training loss as the chart smooths it, from the step on at which that is more than chance."""
        average, found = 0.0, []
        for i, row in enumerate(self.steps, start=1):
            average = SMOOTHING * average + (1 - SMOOTHING) * row["loss"]
            found.append(average / (1 - SMOOTHING**i))
        return found[FEW_STEPS - 1 :]

    @cached_property
    def training(self) -> list[float]:
        """The training loss of every epoch: measured without dropout where that was done, else the mean of its steps."""
        measured = self._without_dropout
        if measured:
            return measured[1:]
        return [row["train_loss"] for row in self.evaluations if row["train_loss"] is not None]

    @cached_property
    def curve(self) -> list[float]:
        """What is measured without dropout at every evaluation, always on the same examples: there even a small fall is no chance."""
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
        """The loss of who does not read the texts: that of the label shares, or that of the beginning where there are none."""
        return self.start.get("prior_loss") or self.began

    @cached_property
    def score(self) -> float:
        """The last score by which runs of the task are ranked."""
        return self.evaluations[-1]["metrics"][self.start["metric"]]

    @cached_property
    def top_share(self) -> float:
        """The share of the most frequent answer, 0 where that says nothing."""
        return self.evaluations[-1].get("top_share") or 0.0

    @cached_property
    def no_better(self) -> bool:
        """Whether the score is no better than the trivial predictor's; the first sentence of a context is no label that one could sit at."""
        if self.start["task"] == "question_answering":
            return False
        worse = np.greater_equal if self.start["task"] == "masked_words" else np.less_equal
        return bool(worse(self.score, self.start["baseline"]))

    @cached_property
    def little_learned(self) -> bool:
        """Whether the training loss is hardly below that of who does not read, all answers are alike, or they are no better than trivial ones."""
        left = self.training[-1] / max(self.uninformed_loss, 1e-9)
        return left > 1 - LEARNT or self.top_share >= ONE_SIDED or (self.no_better and left > 0.5)

    @cached_property
    def memorised(self) -> bool:
        """99 % of the training examples right, or, where that was not measured, a training loss of 5 % of the one without reading."""
        if not self.training:
            return False
        measured = (self.evaluations[-1].get("train_metrics") or {}).get(self.start["metric"])
        if measured is not None and self.start["task"] != "masked_words":
            return measured >= KNOWN_BY_HEART
        return self.training[-1] <= TRACE_OF_LOSS * self.uninformed_loss

    @cached_property
    def falling(self) -> bool:
        """Whether the loss is as low as never before, and has not been high in between: what too high a rate does is to rise and come back."""
        lowest = np.minimum.accumulate(self.curve)
        rose = (
            bool((np.asarray(self.curve) > ROSE * lowest).any())
            or max(self.smoothed, default=0.0) > ROSE_IN_TRAINING * self.began
            or (bool(self.start.get("prior_loss")) and self.training[0] > ROSE_AT_ONCE * max(self.curve[0], self.uninformed_loss))
        )
        return not rose and self.curve[-1] <= lowest[-1] * LOWEST

    @cached_property
    def at_prior(self) -> bool:
        """Whether the training loss came down to that of the label shares, and stays there for the last third of the epochs."""
        prior, last = self.start.get("prior_loss"), self.training[-max(2, math.ceil(len(self.training) / 3)) :]
        return (
            prior is not None and prior > 0 and self.began * (1 - LEARNT) > prior and all(abs(loss / prior - 1) < AT_PRIOR for loss in last)
        )

    @cached_property
    def early(self) -> bool:
        """Whether there is time yet: before the second epoch is over, or a third of the steps, or what was measured is of the warm-up."""
        if self.rows[-1]["kind"] in ("Finished", "Failed"):
            return False
        measured, highest = self.evaluations[-1]["step"], max(self.steps, key=rate_of)["step"]
        return len(self.evaluations) < 3 or measured < self.start["total_steps"] / 3 or measured <= highest


def rate_of(step: Row) -> float:
    """The higher of the rates of head and body at a step."""
    return max(step["head_learning_rate"], step["learning_rate"])


KINDS = ("ok", "crawling", "collapsed", "exploding", "memorising", "nan")
EXPLODED = 4.0  # times the best smoothed loss (fastai's rule)
TURNED = 1.15  # times the least validation loss
NOTHING = 1e-9  # a loss that can be divided by
HEAD_RATE = 1e-3  # what a head alone needs at least


@dataclass(frozen=True)
class Diagnosis:
    """What a run is like: `kind` is one of KINDS; `evidence` is a sentence for `values`, `advice` one thing to try.

    `values` are plain numbers (losses as the task has them, shares from 0 to 1, `score` and `baseline` in the unit of `metric`).
    """

    kind: str
    evidence: str
    advice: str
    values: dict[str, Any] = field(default_factory=dict)


def diagnose(rows: Sequence[Row]) -> Diagnosis | None:
    """The rows of the current attempt (see Run.events), at any moment -> what the run is like; None while it is too early to say."""
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
    """fastai's rule on the training loss, and above what it costs not to read: that is where it began, and so its best where it exploded
    at once. The same on the validation loss, unless the examples are known by heart.
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
    """What learnt, and is better than the trivial predictor; where it learns what does not help, there is no name for it yet."""
    if seen.no_better:
        return None
    values = {"metric": seen.start["metric"], "score": seen.score, "loss": seen.training[-1], "blind": seen.uninformed_loss}
    told = mark("It learns: the training loss is {loss} (without reading the texts: {blind}); {metric}: {score}.")
    return Diagnosis("ok", told, mark("Try the same with another seed: what stays is no luck."), values)
