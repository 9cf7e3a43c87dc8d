"""Lesson 10, the luck of the seed: ten runs that differ only in the seed, and how far apart they end."""

from dataclasses import replace

import numpy as np
from scipy.special import chdtri

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_02_arrival import SMALL
from mlmtune_core.lessons.lesson import (
    BODY_RATE,
    SEEDS_REPLICATE,
    Arm,
    Claim,
    Figure,
    Lesson,
    Option,
    PublishedResult,
    WhatIf,
)
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import CONFIDENCE, INCONCLUSIVE, MAX_SEEDS, Verdict, decide

SMALLEST_CLAIM = 0.02  # the smallest effect that any lesson claims
LABELS = 50


def judge_spread(outcomes: Outcomes) -> Verdict:
    """Judges twice the standard deviation of the test scores over seeds, on the same texts."""
    return find_spread(outcomes.scores("same"), SMALLEST_CLAIM)


def find_spread(scores: list[float], minimum: float) -> Verdict:
    """Judges twice the standard deviation of the scores, with the chi-square interval of normal scores; one score is inconclusive."""
    seeds = len(scores)
    if seeds < 2:
        return Verdict(INCONCLUSIVE, 0.0, 0.0, 0.0, minimum, minimum, seeds, 0)
    spread = 2 * float(np.std(scores, ddof=1))
    low, high = _interval(spread, seeds)
    verdict = Verdict(decide(low, high, minimum, minimum), spread, low, high, minimum, minimum, seeds, 0)
    if verdict.kind != INCONCLUSIVE:
        return verdict
    settled = (more for more in range(1, MAX_SEEDS - seeds) if decide(*_interval(spread, seeds + more), minimum, minimum) != INCONCLUSIVE)
    return replace(verdict, more_seeds=next(settled, None))


def _interval(spread: float, seeds: int) -> tuple[float, float]:
    low, high = (spread * float(np.sqrt((seeds - 1) / chdtri(seeds - 1, (1 + side * CONFIDENCE) / 2))) for side in (-1, 1))
    return low, high


LESSON = Lesson(
    id="10",
    title=mark("The luck of the seed"),
    question=mark("Same texts, same settings, another seed: how far apart do the scores end?"),
    minutes=8,
    takeaway=mark("One run is an anecdote: before you believe a difference, look at how much chance alone can do."),
    data="news_few",
    knob="seed",
    settings={**SMALL, "pooling": "mean", "learning_rate": BODY_RATE, "epochs": 15},  # after two layers [CLS] holds nothing yet that a head alone can use
    arms=(
        Arm("head", mark("Head only, the same 50 texts"), {"strategy": "head_only"}),
        Arm("same", mark("All layers, the same 50 texts")),
        Arm("drawn", mark("All layers, 50 texts drawn by the seed"), {"train_examples": LABELS}, data="news"),
    ),
    claims=(
        Claim(
            "spread",
            ("method",),
            mark("Chance alone moves the score by 2 points or more, as much as the smallest effect that most lessons look for."),
            mark(
                "Measured is twice the standard deviation of the test scores of ten seeds that learn from the same 50 texts with all layers. Supported if its whole 95 % interval "
                "(chi-square) lies above {minimum}; not supported if the whole interval lies below {margin}."
            ),
            "points",
            judge_spread,
            minimum=SMALLEST_CLAIM, margin=SMALLEST_CLAIM,
        ),
    ),
    options=(
        Option("much", mark("By several points: the seed decides a lot with so few texts."), ("supported",)),
        Option("little", mark("Hardly at all: what it learns from is the same."), ("not_supported",)),
        Option("unclear", mark("By about 2 points: ten seeds are too few to say."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers of each row: the lowest score, the mean, and the highest."),
        mark("Somebody tries the ten seeds and reports only the best. By how much does the report promise too much? And with the first three seeds only?"),
        mark("The seed draws the weights of the head, the order of the texts, and the dropout; in the last row the texts as well. Which row is the widest, and what does that say?"),
    ),
    limits=mark(
        "Fifty texts are very few: with more, chance usually does less. A row may also be narrow because nothing was learnt: compare it with the majority line. All runs are "
        "measured on the same test texts, so the luck of the test set is not among what is seen here."
    ),
    figure=Figure("arms", "", mark("Test score")),
    what_if=WhatIf(
        mark("And with only 20 of the texts, and the head alone? How wide is the row now, and how does the best of the first 1, 2, 5 and 10 seeds grow?"),
        {"strategy": "head_only", "train_examples": 20},
        {"seed": tuple(range(10))},
    ),
    published_results=(
        PublishedResult(
            mark("Standard deviation over 20 seeds, in points: IMDb .18, SST-2 .42, RTE 2.17, CB 6.64, financial_phrasebank 14.40."), "bert-base-cased", "IBM/model-recycling"
        ),
        PublishedResult(
            mark("RTE, standard deviation over 25 seeds: 7.2 points with the original recipe (3 epochs, no bias correction), 2.4 with 20 epochs, bias correction and warm-up."),
            "BERT-large",
            "Mosbach et al., table 1 (uds-lsv/bert-stable-fine-tuning)",
        ),
    ),
    seeds=SEEDS_REPLICATE,
)
