"""Lesson 1c, what is transferred: pre-trained weights in place, and shuffled within each tensor."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_02_arrival import SMALL, initial_settings
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

MIN_GAIN = 0.05
FROZEN = {"strategy": "head_only"}


def judge_full(outcomes: Outcomes) -> Verdict:
    """Compares pre-trained with shuffled weights when all of them are trained."""
    return outcomes.compare("kept", "shuffled", MIN_GAIN)


def judge_frozen(outcomes: Outcomes) -> Verdict:
    """Compares pre-trained with shuffled weights when only the head is trained."""
    return outcomes.compare("kept_frozen", "shuffled_frozen", MIN_GAIN)


RULE = mark("Supported if the whole interval of the difference of the test scores lies above {minimum}; not supported if it lies below {margin}.")
LESSON = Lesson(
    id="1c",
    title=mark("What is transferred?"),
    question=mark("Is it the numbers themselves that help, or the places where they stand?"),
    minutes=6,
    takeaway=mark("Shuffling keeps every number and loses only the arrangement: what is lost with it was held by the arrangement."),
    data="news",
    knob="initial_weights",
    settings={**SMALL, "pooling": "mean", "train_examples": 320, "epochs": 8},  # after two layers [CLS] holds nothing yet that a head alone can use
    arms=(
        Arm("kept", mark("In their places, all learn"), initial_settings("pretrained")),
        Arm("shuffled", mark("Shuffled, all learn"), initial_settings("shuffled")),
        Arm("kept_frozen", mark("In their places, frozen"), {**FROZEN, "initial_weights": "pretrained"}),
        Arm("shuffled_frozen", mark("Shuffled, frozen"), {**FROZEN, "initial_weights": "shuffled"}),
    ),
    claims=(
        Claim("full", ("L5.1",), mark("Where all weights learn, those that stand where pre-training put them score higher than the same ones shuffled."), RULE, "points", judge_full, minimum=MIN_GAIN),
        Claim("frozen", ("L5.1",), mark("Where only the head learns, it scores higher on top of weights in their places than on top of shuffled ones."), RULE, "points", judge_frozen, minimum=MIN_GAIN),
    ),
    options=(
        Option("places", mark("The places: shuffled weights score clearly lower."), ("supported",)),
        Option("repaired", mark("Fine-tuning repairs much of the order: the difference that is left is too small to be sure of."), ("inconclusive",)),
        Option("better", mark("Shuffled weights score higher: they are free of habits from another task."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the majority line, and the mean scores of the two arms in which all weights learn."),
        mark("Look at the two frozen arms. Which of the two scores, if any, lies above the majority line? What can a head find in the mean of vectors that nobody arranged?"),
        mark("Why shuffle within each tensor, instead of drawing new numbers? Which explanation does that rule out?"),
    ),
    limits=mark(
        "Two layers of a small model, whose heads read the mean of the tokens, one task, 320 texts. The two starts have a rate of the body each, the one that suits it; "
        "everything else is equal. With many more labels and steps the distance may shrink."
    ),
    figure=Figure("arms", "", mark("Test score")),
    what_if=WhatIf(
        mark("And with more frozen layers? Does depth help the head over pre-trained weights, and over others?"),
        {"strategy": "head_only"},
        {"initial_weights": ("pretrained", "shuffled", "random"), "first_layers": (1, 2, 6)},
    ),
    published_results=(
        PublishedResult(
            mark("Error without and with pre-training: IMDb 5.63 and 5.00 %, TREC-6 10.67 and 5.69 %, AG 5.52 and 5.38 %."), "AWD-LSTM", "ULMFiT (Howard and Ruder 2018), table 4"
        ),
    ),
)
