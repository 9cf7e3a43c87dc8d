"""Lesson 5b, weight decay towards zero or towards the pre-trained weights, and what it changes at all."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_05a_dropout_amount import EASY_TO_OVERFIT, judge_score
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, WhatIf, make_arms
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import Verdict

AMOUNTS = (0.0, 0.01, 0.1, 1.0)
MIN_GAIN, MIN_SHRUNK = 0.02, 1.01


def judge_size(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, the norm of the encoder weights without weight decay over that with the usual 0.01."""
    return outcomes.compare_ratios("decay@0", "decay@0.01", find_norm, MIN_SHRUNK, margin=MIN_SHRUNK)


def find_norm(outcome: Outcome) -> float:
    """Returns the norm of the encoder weights; nan if the run left no model."""
    return outcome.measured.get("body_norm", float("nan"))


LESSON = Lesson(
    id="5b",
    title=mark("Weight decay"),
    question=mark("What is gained by pulling the weights towards zero, or back to where they came from?"),
    minutes=8,
    takeaway=mark("Before you praise or blame a setting, measure whether it did anything: a pull is worth rate times decay times steps."),
    data="news",
    knob="weight_decay",
    settings=EASY_TO_OVERFIT,
    arms=(
        *make_arms("decay", mark("Towards zero"), "weight_decay", AMOUNTS),
        Arm("back@0.1", mark("Back to the pre-trained weights, 0.1"), {"weight_decay": 0.1, "decay_towards": "pretrained"}),
    ),
    claims=(
        Claim(
            "score",
            ("T5.1",),
            mark("With weight decay the model does better on new texts than without."),
            mark(
                "Of the four runs with a pull, the one with the best validation score is compared with no weight decay, example by example. Supported if it scores more than {minimum}"
                " higher on the test set, with the whole interval; not supported if it scores lower, with the whole interval."
            ),
            "points",
            judge_score,
            minimum=MIN_GAIN,
        ),
        Claim(
            "size",
            ("T5.1",),
            mark("At its usual 0.01, weight decay keeps the weights of the body smaller."),
            mark(
                "The size is the root of the sum of squares of all weight matrices in the layers. Supported if, in every seed, the weights without decay are at least {minimum} "
                "times as large as with 0.01; not supported if in no seed they are."
            ),
            "ratio",
            judge_size,
            minimum=MIN_SHRUNK, margin=MIN_SHRUNK,
        ),
    ),
    options=(
        Option("helps", mark("It helps clearly, by two points or more."), ("supported",)),
        Option("little", mark("Neither: five seeds show no clear help and no harm."), ("inconclusive",)),
        Option("harms", mark("It harms: what is pulled to zero was learnt in pre-training."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the size of the body's weights without decay, with 0.01, and with 1."),
        mark("Look at how far the body has moved from the pre-trained weights. Does the pull back to them keep it closer than the pull to zero?"),
        mark("A step takes from each weight the share rate times decay: 3e-4 times 0.01. How much is gone after the 80 steps of this lesson, and how much would be after a million steps?"),
    ),
    limits=mark(
        "Two layers, 64 headlines, of which a fifth has a wrong label, and 80 steps at a rate of 3e-4: so short a training gives weight decay little time. Biases and LayerNorm are "
        "never pulled."
    ),
    figure=Figure("arms", mark("Weight decay"), y_title=mark("Test score")),
    what_if=WhatIf(
        mark("The pull grows with the rate. And at three times the rate of the body?"),
        {"learning_rate": 1e-3},
        {"weight_decay": (0.0, 0.1, 1.0), "seed": (0, 1, 2)},
    ),
    measures=("body_norm", "body_moved"),
)
