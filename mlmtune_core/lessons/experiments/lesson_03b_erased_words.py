"""Lesson 3b, words erased: does [CLS] depend more on content words than on function words."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

TUNED = "full"
MIN_SHIFT = 0.2  # logits: the odds of the answer change by about a fifth more


def judge_content(outcomes: Outcomes) -> Verdict:
    """Compares the shift of the winning logit without content words with the shift without as many function words, text by text."""
    return outcomes.compare_measures(TUNED, "shift_content", "shift_function", MIN_SHIFT)


LESSON = Lesson(
    id="3b",
    title=mark("Erase what [CLS] heard"),
    question=mark("Which words does the vector of [CLS] rest on: those with content, or all alike?"),
    minutes=6,
    takeaway=mark("To know what an answer rests on, take something away and look: a change that you made yourself says more than a picture."),
    data="news",
    knob="pooling",
    settings={"first_layers": 3, "learning_rate": BODY_RATE, "max_length": 32, "train_examples": 240, "epochs": 4, "patience": 0},
    arms=(Arm(TUNED, mark("All weights learn, the head reads [CLS]"), {"strategy": "full"}),),
    measures=("shift_content", "shift_function"),
    claims=(
        Claim(
            "content",
            ("T4",),
            mark("Deleting content words moves the answer that is read off [CLS] more than deleting as many function words."),
            mark(
                "From up to 200 test texts we delete up to three content words, and from the same texts as many function words (the, of, was and others of a fixed list), three times "
                "at random. Supported if, without content words, the winning logit moves more than {minimum} farther than without function words, with the whole interval; not "
                "supported if the interval lies below zero."
            ),
            "logits",
            judge_content,
            minimum=MIN_SHIFT,
        ),
    ),
    options=(
        Option("content", mark("Content words: without them the model cannot know the topic."), ("supported",)),
        Option("alike", mark("Little in all: without two or three words of twenty the answer that is read off [CLS] hardly moves."), ("inconclusive", "not_supported")),
        Option("function", mark("Function words: without them the sentence falls apart."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: how far the winning logit moves without content words, how far without function words, and how many times farther the one is."),
        mark("Open a run of this lesson and take words out of a headline, one at a time. Which single word changes the topic that is given?"),
        mark("Some function words move the logit as well. What does the model lose with them, although they name no topic?"),
    ),
    limits=mark(
        "A text without some words is unlike any that the model has learnt from: part of the change is surprise, for both kinds of words. The list of function words is short "
        "and English. Another task, such as the order of words, may rest on function words."
    ),
    figure=Figure(
        "measures",
        y_title=mark("Change of the winning logit"),
        names={"shift_content": mark("Without content words"), "shift_function": mark("Without function words")},
    ),
    what_if=WhatIf(
        mark("And if the head reads the mean of all tokens, or the maximum? Train these, and erase the same words there."),
        {"strategy": "full"},
        {"pooling": ("cls", "mean", "max"), "seed": (0, 1)},
    ),
)
