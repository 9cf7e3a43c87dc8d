"""Lesson 1b, when few labels are not enough: acceptable sentences, and two neighbouring words exchanged."""

import numpy as np

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_01_labels import find_majority, make_curve
from mlmtune_core.lessons.lesson import RATES_FOR_LOSS, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict, compare

FEW, ALL = 50, 400
STEPS = {"pretrained": 100, "random": 200}
MIN_GAIN = 0.05


def judge_few(outcomes: Outcomes) -> Verdict:
    """Judges whether pre-trained weights with few labels score above the majority line."""
    counts = np.array([run.counts for run in outcomes.runs_of(f"pretrained@{FEW}")])
    majority = np.stack([np.full(counts.shape[:2], find_majority(outcomes)), np.ones(counts.shape[:2])], axis=-1)
    return compare(counts, majority, MIN_GAIN, margin=MIN_GAIN)


def judge_knowledge(outcomes: Outcomes) -> Verdict:
    """Judges whether, with all labels, pre-trained weights score above random ones."""
    return outcomes.compare(f"pretrained@{ALL}", f"random@{ALL}", MIN_GAIN)


LESSON = Lesson(
    id="1b",
    title=mark("Are few labels always enough?"),
    question=mark("Do fifty labels also teach whether the words of a sentence stand in their right order?"),
    minutes=8,
    takeaway=mark("“Few labels are enough” is said of one task: ask again for every other."),
    data="word_order",
    knob="train_examples",
    settings={"strategy": "full", "first_layers": 3, "max_length": 32, "schedule": "constant", "patience": 0},
    arms=(*make_curve("pretrained", (FEW, 150, ALL), STEPS["pretrained"], RATES_FOR_LOSS), *make_curve("random", (ALL,), STEPS["random"], RATES_FOR_LOSS)),
    claims=(
        Claim(
            "few",
            ("L5",),
            mark("On this task, too, fifty labels are enough to do clearly better than the majority class."),
            mark(
                "Supported if the whole interval of the difference between the test score with 50 labels and the majority line lies above {minimum}; not supported if it lies below {margin}."
            ),
            "points",
            judge_few,
            minimum=MIN_GAIN, margin=MIN_GAIN,
        ),
        Claim(
            "knowledge",
            ("L5.1",),
            mark("With 400 labels, pre-trained weights do better here than random ones."),
            mark("Supported if the whole interval of the difference of the test scores lies above {minimum}; not supported if it lies below {margin}."),
            "points",
            judge_knowledge,
            minimum=MIN_GAIN,
        ),
    ),
    options=(
        Option("enough", mark("Fifty are enough: the model has read far more than that."), ("supported",)),
        Option("line", mark("With fifty it stays at the majority line."), ("not_supported",)),
        Option("unclear", mark("It comes out a little above the line, too little to be sure."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers: the majority line, the score with 50 labels, and the score with 400."),
        mark("Compare with the figure of lesson 1. How many labels did the topic of a news article need to leave its majority line?"),
        mark("A topic can be guessed from single words. Why can the right order not? What must the layers compare?"),
    ),
    limits=mark(
        "Three layers of a small model. The task is made by a program: in half of the sentences that are long enough two neighbouring words are exchanged, which sometimes gives a sentence that is right as well. The checkpoint was "
        "trained for the meaning of sentences, for which order matters less; another one may do better. There are 258 test sentences, so that differences of a few points are not seen."
    ),
    figure=Figure("by_x", mark("Labelled texts"), mark("Test score"), log_x=True),
    what_if=WhatIf(
        mark("And with more layers? Do they see the order better?"),
        {"train_examples": ALL, "epochs": 4},
        {"first_layers": (1, 3, 6), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("CoLA (is the sentence acceptable?), accuracy with 50 labels: .695, where always answering the majority class gives about .69; with 1,000 labels: .781."),
            "RoBERTa-base",
            "raphael0202/blog, freezing-bert",
        ),
    ),
)
