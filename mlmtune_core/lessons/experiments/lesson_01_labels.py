"""Lesson 1, are few labels enough: pre-trained with few labels against random with all of them."""

import math
from collections.abc import Mapping, Sequence

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_02_arrival import SMALL, TITLES, initial_settings
from mlmtune_core.lessons.lesson import RATES_FOR_SCORE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

SIZES = {"pretrained": (20, 50, 100, 200, 500, 1000), "random": (200, 500, 1000)}
LARGEST = SIZES["random"][-1]
STEPS = {"pretrained": 100, "random": 250}  # about as many at every size; random weights, which are slower, get more, which works against the claim
BATCH_SIZE = 16
MIN_ABOVE = 0.05  # above the majority line, for a score worth reaching
MIN_RATIO = 5.0


def choose_epochs(steps: int, examples: int) -> int:
    """Returns the number of epochs that give about `steps` steps."""
    return max(1, round(steps / math.ceil(examples / BATCH_SIZE)))


def make_curve(initial_weights: str, sizes: Sequence[int], steps: int, rates: Mapping[str, float] = RATES_FOR_SCORE) -> tuple[Arm, ...]:
    """Returns one arm per number of labels, all from the same initial weights and of about `steps` steps."""
    return tuple(
        Arm(
            f"{initial_weights}@{size}",
            TITLES[initial_weights],
            initial_settings(initial_weights, rates, train_examples=size, epochs=choose_epochs(steps, size)),
            series=initial_weights,
            x=float(size),
        )
        for size in sizes
    )


def find_majority(outcomes: Outcomes) -> float:
    """Returns the test score of always predicting the most frequent label."""
    return next((run.test_event["baseline"][run.metric] for run in outcomes.runs if run.test_event), 0.0)


def find_labels_needed(curve: Sequence[tuple[float, float]], target: float) -> float:
    """Returns the first number of labels at which the curve (labels, score), interpolated over log(labels), reaches the target.

    The curve's smallest number if its score is enough; inf if the curve never gets there.
    """
    for (fewer, below), (more, above) in zip([(curve[0][0], -math.inf), *curve], curve, strict=False):
        if above >= target:
            share = (target - below) / (above - below) if math.isfinite(below) else 1.0
            return fewer * (more / fewer) ** share
    return math.inf


def judge_saving(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, LARGEST over the labels that pre-trained weights need for the score of random weights with LARGEST labels."""
    curves = zip(*[[(size, run.score) for run in outcomes.runs_of(f"pretrained@{size}")] for size in SIZES["pretrained"]], strict=True)
    floor = find_majority(outcomes) + MIN_ABOVE
    targets = [max(score, floor) for score in outcomes.scores(f"random@{LARGEST}")]
    return judge_each_seed([LARGEST / find_labels_needed(curve, target) for curve, target in zip(curves, targets, strict=True)], MIN_RATIO, margin=MIN_RATIO)


LESSON = Lesson(
    id="1",
    title=mark("Are few labels enough?"),
    question=mark("How many labelled texts does pre-training save?"),
    minutes=10,
    takeaway=mark("“Needs fewer labels” is a ratio: labels with pre-training against labels without, at one and the same score."),
    data="news",
    knob="train_examples",
    settings=SMALL,
    arms=tuple(arm for start, sizes in SIZES.items() for arm in make_curve(start, sizes, STEPS[start])),
    claims=(
        Claim(
            "saving",
            ("L5",),
            mark("From pre-trained weights a fifth of the labels, or fewer, is enough for the score that random weights reach with all 1,000."),
            mark(
                "In every seed the line of the pre-trained start (straight between its points over the logarithm of the labels) says with how many labels it reaches the test score of the "
                "random start with 1,000, or 5 points above the majority line where that is more. Supported if 1,000 divided by this number is at least {minimum} in every seed; not "
                "supported if it is below {margin} in every seed. Where the line never gets there, it counts as 0."
            ),
            "ratio",
            judge_saving,
            minimum=MIN_RATIO, margin=MIN_RATIO,
        ),
    ),
    options=(
        Option("fifth", mark("200 labels or fewer do what 1,000 do without pre-training."), ("supported",)),
        Option("some", mark("If it saves labels at all, then fewer than four out of five."), ("not_supported",)),
        Option("luck", mark("It depends on the seed: on which texts happen to be labelled."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers: the score of the random start with 1,000 labels, the score of the pre-trained one with 20, and the majority line."),
        mark("Follow a horizontal line from the random start at 1,000 to the left. Does it meet the other line, and where? How far apart are the seeds there?"),
        mark("How far apart are the two lines with 200 labels, and how far with 1,000? What would you expect with 100,000?"),
    ),
    limits=mark(
        "Topics of news in English, two layers of a small model, the first words of each article. The texts of pre-training needed no labels, but there were very many of them. "
        "Each start learns at the rate that suits it best, the random one with 2.5 times as many steps; with still more it might score higher. Below 20 labels nothing was tried."
    ),
    figure=Figure("by_x", mark("Labelled texts"), mark("Test score"), log_x=True),
    what_if=WhatIf(
        mark("And if only the head learns, over pre-trained layers that stay frozen? How far does it get with 20, 100 and 1,000 labels?"),
        {"strategy": "head_only", "pooling": "mean", "epochs": 20},
        {"train_examples": (20, 100, 1000), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("With 100 labelled texts as good as training from scratch with 10 times (IMDb) and 20 times (AG) as many."), "AWD-LSTM", "ULMFiT (Howard and Ruder 2018)"
        ),
        PublishedResult(mark("SST-2, accuracy with 50, 100, 200, 500 and 1,000 labels: .705, .866, .875, .897, .905."), "RoBERTa-base", "raphael0202/blog, freezing-bert"),
    ),
)
