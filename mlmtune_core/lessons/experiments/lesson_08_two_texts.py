"""Lesson 8, one text or two: is a pair read as a pair, or does the second text give the answer away."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

MIN_GAIN = 0.05
MIN_GAIN_OF_SEP = 0.02


def judge_both(outcomes: Outcomes) -> Verdict:
    """Compares both texts with the second text alone, example by example."""
    return outcomes.compare("pair", "second", MIN_GAIN)


def judge_separated(outcomes: Outcomes) -> Verdict:
    """Compares two texts separated by [SEP] with the same texts merged."""
    return outcomes.compare("pair", "merged", MIN_GAIN_OF_SEP)


LESSON = Lesson(
    id="8",
    title=mark("One text or two"),
    question=mark("Does the model compare two texts, or does it guess from one of them?"),
    minutes=8,
    takeaway=mark("Before you believe that a model compares two texts, hide one of them. If the score stays, and is above the majority line, the data hold a shortcut."),
    data="nli",
    knob="task",
    settings={"task": "sentence_pair", "strategy": "full", "first_layers": 3, "learning_rate": BODY_RATE, "max_length": 64, "batch_size": 8, "epochs": 8, "patience": 0},
    arms=(
        Arm("pair", mark("Both texts, [SEP] between them")),
        Arm("second", mark("Only the second text"), {"task": "sequence_classification"}, data="nli_second"),
        Arm("swapped", mark("Both texts, the second one first"), data="nli_swapped"),
        Arm("merged", mark("Both texts run together, without [SEP]"), {"task": "sequence_classification"}, data="nli_merged"),
    ),
    claims=(
        Claim(
            "both",
            ("T4.1", "11.4"),
            mark("The vector of [CLS] holds the relation of both texts: with both the model does better than with the second alone."),
            mark(
                "Supported if the test score with both texts lies more than {minimum} above that with the second text alone, with the whole interval; not supported if the interval "
                "lies below zero. As long as it is not supported, a score above the majority line may come from a shortcut in the data as well."
            ),
            "points",
            judge_both,
            minimum=MIN_GAIN,
        ),
        Claim(
            "separated",
            ("T4.2", "11.4"),
            mark("[SEP] and the two segments help: kept apart, the texts give a better score than run together."),
            mark("Supported if the test score with [SEP] lies more than {minimum} above that of the merged texts, with the whole interval; not supported if the interval lies below zero."),
            "points",
            judge_separated,
            minimum=MIN_GAIN_OF_SEP,
        ),
    ),
    options=(
        Option("both", mark("It needs both: with one text alone nobody can know what follows from what."), ("supported",)),
        Option("shortcut", mark("With the second text alone it does about as well, perhaps by words such as “not” or “never”."), ("inconclusive", "not_supported")),
        Option("few", mark("There are too few examples to tell."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers: the majority line, the score with the second text alone, and the score with both."),
        mark("Read ten of the pairs, the first text covered. How many labels do you guess right, and by which words?"),
        mark("In the swapped runs the model learns and is asked in the same order. Why may it score the same, although “follows from” has a direction?"),
    ),
    limits=mark(
        "126 pairs to learn from and 75 to test with: an interval is about ten points wide on each side, and only a large effect can be told. In the merged texts a full stop still marks "
        "where the first one ends, so that more than [SEP] would have to go to hide the boundary. We wrote these pairs ourselves; other data have other shortcuts."
    ),
    figure=Figure("arms", y_title=mark("Test score")),
    what_if=WhatIf(
        mark("And if the model had more layers in which the two texts can meet? Compare two, three and six."),
        {"epochs": 5},
        {"first_layers": (2, 3, 6), "seed": (0, 1, 2)},
    ),
)
