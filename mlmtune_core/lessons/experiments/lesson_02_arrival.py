"""Lesson 2, who arrives first: steps to the same loss from pre-trained, random and shuffled weights."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import (
    RATES_FOR_LOSS,
    RATES_FOR_SCORE,
    Arm,
    Claim,
    Figure,
    Lesson,
    Option,
    PublishedResult,
    WhatIf,
)
from mlmtune_core.lessons.outcomes import Outcome, Outcomes, steps_to_loss
from mlmtune_core.lessons.verdicts import Verdict

# Two layers and 16 sub-words, so that random weights can be trained long enough; a constant rate, so that runs of different length compare.
SMALL = {"strategy": "full", "first_layers": 2, "max_length": 16, "schedule": "constant", "patience": 0}
TITLES = {"pretrained": mark("Pre-trained weights"), "shuffled": mark("Shuffled weights"), "random": mark("Random weights")}
SLACK = 1.05  # target loss, relative to the lowest loss from random weights
MIN_RATIO = 2.0


def initial_settings(initial_weights: str, rates: Mapping[str, float] = RATES_FOR_SCORE, **settings: object) -> dict[str, object]:
    """Returns the settings of an arm that starts from `initial_weights`, with the learning rate found best for them."""
    return {"initial_weights": initial_weights, "learning_rate": rates[initial_weights], **settings}


def find_target(outcomes: Outcomes) -> float:
    """Returns the target validation loss: the lowest from random weights, averaged over seeds, times SLACK."""
    lowest = [min(row["validation_loss"] for row in run.evaluations) for run in outcomes.runs_of("random")]
    return SLACK * float(np.mean(lowest))


def judge_arrival(outcomes: Outcomes, start: str) -> Verdict:
    """Judges, in each seed, the steps to the target loss from the weights `start` over the steps from pre-trained weights."""
    target = find_target(outcomes)

    def find_steps(run: Outcome) -> float:
        return max(1.0, steps_to_loss(run, target))

    return outcomes.compare_ratios(start, "pretrained", find_steps, MIN_RATIO)


RULE = mark(
    "How the target is found was fixed before the runs: it is the lowest validation loss of the random start, averaged over seeds, times 1.05. The steps to it are counted"
    " up to the first evaluation that reaches it; a run that never does counts as arriving one epoch after the end. Supported if the ratio of the steps is at least "
    "{minimum} in every seed; not supported if it is below {margin} in every seed."
)
LESSON = Lesson(
    id="2",
    title=mark("Who arrives first?"),
    question=mark("How many steps does pre-training save on the way to the same loss?"),
    minutes=8,
    takeaway=mark("Whoever compares two starts must give each its own best rate; then count the steps to one and the same loss."),
    data="news",
    knob="initial_weights",
    settings={**SMALL, "train_examples": 320, "epochs": 12},
    arms=tuple(Arm(start, title, initial_settings(start, RATES_FOR_LOSS)) for start, title in TITLES.items()),
    claims=(
        Claim("random", ("L5.2",), mark("From random weights it takes at least twice as many steps to the same loss as from pre-trained ones."), RULE, "ratio", partial(judge_arrival, start="random"), minimum=MIN_RATIO, margin=1.0),
        Claim(
            "shuffled",
            ("L5.2",),
            mark("It is what the weights know, not how large they are: from shuffled ones, too, it takes at least twice as many steps."),
            RULE,
            "ratio",
            partial(judge_arrival, start="shuffled"),
            minimum=MIN_RATIO, margin=1.0,
        ),
    ),
    options=(
        Option("faster", mark("From pre-trained weights it takes half the steps, or fewer."), ("supported",)),
        Option("same", mark("The random start has the same network and its own best rate: with some seeds it needs fewer than twice as many steps."), ("inconclusive",)),
        Option("slower", mark("Old weights are in the way: whoever begins from nothing is faster."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the step at which each of the three starts first has the target loss or less, if it gets there."),
        mark("Compare the loss before the first step. Is the pre-trained start already ahead there, or only once it learns? Why?"),
        mark("Shuffled weights have the same mean and the same spread as the pre-trained ones. What did the shuffling take away?"),
    ),
    limits=mark(
        "Two layers of a small model, the first words of 320 news articles, one evaluation every 20 steps: differences of fewer than 20 steps cannot be seen. How long pre-"
        "training itself took is not counted: somebody else paid for it."
    ),
    figure=Figure("curves", mark("Step"), mark("Validation loss"), measure="validation_loss"),
    what_if=WhatIf(
        mark("And at another rate? Is there one at which the random start arrives as early as the pre-trained one?"),
        {"initial_weights": "random"},
        {"learning_rate": (1e-4, 3e-4, 1e-3, 3e-3), "seed": (0, 1)},
    ),
    published_results=(
        PublishedResult(mark("Pre-training leads to wider optima and easier optimisation than training from scratch."), "BERT", "Hao et al. 2019, abstract"),
        PublishedResult(mark("Validation error on IMDb: 9.93 % from scratch, 6.87 % with all layers fine-tuned."), "AWD-LSTM", "ULMFiT (Howard and Ruder 2018), table 7"),
    ),
)
