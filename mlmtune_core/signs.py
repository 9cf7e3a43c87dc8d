"""Signs of how a run goes, read off its events: has it learnt, does it still fall, does it know its examples by heart"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mlmtune_core.event_log import find_start

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

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Signs:
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
        measured = [row.get("train_eval_loss") for row in self.evaluations]
        if measured and None not in measured:
            return measured[1:]
        return [row["train_loss"] for row in self.evaluations if row["train_loss"] is not None]

    @cached_property
    def curve(self) -> list[float]:
        """What is measured without dropout at every evaluation, always on the same examples: there even a small fall is no chance."""
        measured = [row.get("train_eval_loss") for row in self.evaluations]
        return measured if None not in measured else [row["validation_loss"] for row in self.evaluations]

    @cached_property
    def began(self) -> float:
        """The training loss of the first steps."""
        return float(np.mean([row["loss"] for row in self.steps[:FEW_STEPS]])) if self.steps else math.inf

    @cached_property
    def blind(self) -> float:
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
    def learnt_little(self) -> bool:
        """Whether the training loss is hardly below that of who does not read, all answers are alike, or they are no better than trivial ones."""
        left = self.training[-1] / max(self.blind, 1e-9)
        return left > 1 - LEARNT or self.top_share >= ONE_SIDED or (self.no_better and left > 0.5)

    @cached_property
    def by_heart(self) -> bool:
        """99 % of the training examples right, or, where that was not measured, a training loss of 5 % of the one without reading."""
        if not self.training:
            return False
        measured = (self.evaluations[-1].get("train_metrics") or {}).get(self.start["metric"])
        if measured is not None and self.start["task"] != "masked_words":
            return measured >= KNOWN_BY_HEART
        return self.training[-1] <= TRACE_OF_LOSS * self.blind

    @cached_property
    def falling(self) -> bool:
        """Whether the loss is as low as never before, and has not been high in between: what too high a rate does is to rise and come back."""
        lowest = np.minimum.accumulate(self.curve)
        rose = (
            bool((np.asarray(self.curve) > ROSE * lowest).any())
            or max(self.smoothed, default=0.0) > ROSE_IN_TRAINING * self.began
            or (bool(self.start.get("prior_loss")) and self.training[0] > ROSE_AT_ONCE * max(self.curve[0], self.blind))
        )
        return not rose and self.curve[-1] <= lowest[-1] * LOWEST

    @cached_property
    def at_prior(self) -> bool:
        """Whether the training loss came down to that of the label shares, and stays there for the last third of the epochs."""
        prior, last = self.start.get("prior_loss"), self.training[-max(2, math.ceil(len(self.training) / 3)) :]
        return (
            bool(prior) and self.began * (1 - LEARNT) > prior and all(abs(loss / prior - 1) < AT_PRIOR for loss in last)
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
