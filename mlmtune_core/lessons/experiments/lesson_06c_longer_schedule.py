"""Lesson 6c, more epochs, another rate: why a long run's first epochs differ from a short run's."""

import numpy as np

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

SHORT, LONG = 5, 15
MIN_APART, MIN_SHARED = 0.02, 0.99


def find_distance(one: Outcome, other: Outcome) -> float:
    """Returns the relative distance of two training curves: mean |difference| of the losses at the same step over their mean.

    Only the steps that both runs took count; nan if one took none.
    """
    losses = np.array([pair for pair in zip(*([row["loss"] for row in run.steps] for run in (one, other)), strict=False)])
    return float(np.abs(losses[:, 0] - losses[:, 1]).mean() / losses.mean()) if len(losses) else float("nan")


def find_distances(outcomes: Outcomes, schedule: str) -> list[float]:
    """Returns, for each seed, the distance between the short and the long run under a schedule."""
    return [find_distance(*pair) for pair in zip(outcomes.runs_of(f"{schedule}@{SHORT}"), outcomes.runs_of(f"{schedule}@{LONG}"), strict=True)]


def judge_apart(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, the distance between the runs under the linearly falling rate."""
    return judge_each_seed(find_distances(outcomes, "linear"), minimum=MIN_APART, margin=MIN_APART)


def judge_together(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, one minus the distance between the runs under the constant rate."""
    return judge_each_seed([1 - distance for distance in find_distances(outcomes, "constant")], minimum=MIN_SHARED, margin=MIN_SHARED)


LESSON = Lesson(
    id="6c",
    title=mark("More epochs, another rate"),
    question=mark("Are the first five epochs of fifteen the same as the five of a short run?"),
    minutes=6,
    takeaway=mark("Under a rate that falls to zero, the number of epochs is a part of the rate: never compare a short run with the beginning of a long one."),
    data="news",
    knob="epochs",
    settings={"strategy": "last_layers:1", "first_layers": 3, "pooling": "mean", "learning_rate": BODY_RATE, "max_length": 32, "train_examples": 128, "warmup_ratio": 0.0, "patience": 0},
    arms=tuple(
        Arm(f"{schedule}@{epochs}", title, {"schedule": schedule, "epochs": epochs})
        for schedule, titles in (
            ("linear", {SHORT: mark("Falls to zero, 5 epochs"), LONG: mark("Falls to zero, 15 epochs")}),
            ("constant", {SHORT: mark("Stays, 5 epochs"), LONG: mark("Stays, 15 epochs")}),
        )
        for epochs, title in titles.items()
    ),
    claims=(
        Claim(
            "apart",
            ("T5.2",),
            mark("Under a rate that falls to zero, the first five epochs of a run of fifteen differ from those of a run of five, with the same seed."),
            mark(
                "The training losses of both runs are compared step by step over the first five epochs: their mean distance, as a share of the mean loss. Supported if it is at least "
                "{minimum} in every seed; not supported if it is less in every seed."
            ),
            "share",
            judge_apart,
            minimum=MIN_APART, margin=MIN_APART,
        ),
        Claim(
            "together",
            ("T5.2", "method"),
            mark("Under a rate that stays, they are the same."),
            mark(
                "One minus the same distance, for the runs with a constant rate. Supported if the losses have at least {minimum} in common in every seed; not supported if it is less "
                "in every seed."
            ),
            "share",
            judge_together,
            minimum=MIN_SHARED, margin=MIN_SHARED,
        ),
    ),
    options=(
        Option("apart", mark("They differ: the number of epochs changes the rate from the first step on."), ("supported",)),
        Option("same", mark("They are the same: same seed, same data, same order."), ("not_supported",)),
        Option("chance", mark("They differ in some seeds, by chance."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers: the rate of the body at the last step of epoch five, in the short run that falls, in the long run that falls, and in a run that stays."),
        mark("Follow both curves that fall from the first step on. When do they part, and which of the two is lower at the end of epoch five?"),
        mark("Somebody stops a run of fifteen epochs after five and says: “So much do five epochs bring.” What is wrong with that?"),
    ),
    limits=mark(
        "One layer and a head learn, from 128 headlines, without warm-up, on one machine. That two runs with one seed are the same holds on one machine; on another one the last digits differ, "
        "and sometimes more."
    ),
    figure=Figure("curves", mark("Step"), mark("Training loss"), measure="train_loss"),
    what_if=WhatIf(
        mark("And a constant rate with a warm-up of 10 % of all steps: do the first epochs still coincide?"),
        {"schedule": "constant", "warmup_ratio": 0.1},
        {"epochs": (SHORT, LONG), "seed": (0, 1)},
    ),
    published_results=(
        PublishedResult(
            mark(
                "A report: with the same seed, the first five epochs of a run of 5 and of one of 15 epochs differ. As we read its log of the rates, the cause is a schedule that "
                "depends on the number of all steps."
            ),
            "Transformers Trainer",
            "huggingface/transformers #28134",
        ),
    ),
)
