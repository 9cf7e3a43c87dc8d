"""Lesson 11, why did it say so: tokens that a method calls important are removed, and random ones."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

TUNED = "full"
MIN_FALL = 0.2  # logits: the odds of the answer fall by about a fifth more
AS_GOOD = -0.1


def judge_gradients(outcomes: Outcomes) -> Verdict:
    """Compares removing three tokens by integrated gradients with removing three random ones, text by text."""
    return outcomes.compare_measures(TUNED, "fall_gradients", "fall_random", MIN_FALL)


def judge_occlusion(outcomes: Outcomes) -> Verdict:
    """Compares removing three tokens by occlusion with removing three random ones."""
    return outcomes.compare_measures(TUNED, "fall_occlusion", "fall_random", MIN_FALL)


def judge_attention(outcomes: Outcomes) -> Verdict:
    """Compares removing three tokens by attention with removing three by integrated gradients."""
    return outcomes.compare_measures(TUNED, "fall_attention", "fall_gradients", AS_GOOD, margin=AS_GOOD)


LESSON = Lesson(
    id="11",
    title=mark("Why did it say so?"),
    question=mark("A method calls three tokens of a text the most important. Are they?"),
    minutes=10,
    takeaway=mark("A coloured sentence is a guess about the model. Take the coloured tokens away, and random ones beside them: only then you know."),
    data="news",
    knob="pooling",
    settings={"first_layers": 3, "learning_rate": BODY_RATE, "max_length": 32, "train_examples": 240, "epochs": 4, "patience": 0},
    arms=(Arm(TUNED, mark("All weights learn, the head reads [CLS]"), {"strategy": "full"}),),
    measures=("fall_gradients", "fall_occlusion", "fall_attention", "fall_random"),
    claims=(
        Claim(
            "gradients",
            ("method",),
            mark("The three tokens that integrated gradients put first matter more to the answer than three random ones."),
            mark(
                "In up to 40 test texts three tokens are replaced by [MASK]; of random ones, the mean of ten drawings counts. Supported if without the named tokens the winning logit "
                "falls more than {minimum} further than without random ones, with the whole interval; not supported if the interval lies below zero."
            ),
            "logits",
            judge_gradients,
            minimum=MIN_FALL,
        ),
        Claim(
            "occlusion",
            ("method",),
            mark("So do the three that occlusion puts first: those without which, one at a time, the logit falls most."),
            mark("The same rule, minimum {minimum}. Occlusion masks single tokens to find them; here the three are masked together."),
            "logits",
            judge_occlusion,
            minimum=MIN_FALL,
        ),
        Claim(
            "attention",
            ("method",),
            mark("As a control: the three tokens to which [CLS] attends most are as good a reason as those of the gradients."),
            mark(
                "Attention of [CLS] in the last layer, mean over its heads. Supported if the fall of the logit (attention minus gradients) lies above {minimum} with its whole interval; not "
                "supported if the interval lies below {margin}."
            ),
            "logits",
            judge_attention,
            minimum=AS_GOOD, margin=AS_GOOD,
        ),
    ),
    options=(
        Option("matter", mark("The tokens of the method matter more than random ones."), ("supported",)),
        Option("spread", mark("The answer rests on many tokens: any three are about as good."), ("inconclusive", "not_supported")),
        Option("wrong", mark("The method points at the wrong tokens: random ones matter more."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: how far the logit falls without the tokens of the gradients, of attention, and without random ones."),
        mark("Open a run of this lesson, ask for the reasons of one answer by each method, and mask the first token yourself. Does the answer change?"),
        mark("Attention says where a layer looks. Why is that not yet what the answer rests on?"),
    ),
    limits=mark(
        "40 short texts with easy topics. Occlusion is tested by almost the same operation that it was calculated with, so half of its success is given in advance. Texts with"
        " [MASK] in them are unlike what the model was fine-tuned on. That three tokens matter does not say how they work together."
    ),
    figure=Figure(
        "measures",
        y_title=mark("Fall of the winning logit"),
        names={
            "fall_gradients": mark("Without three by integrated gradients"),
            "fall_occlusion": mark("Without three by occlusion"),
            "fall_attention": mark("Without three by attention"),
            "fall_random": mark("Without three at random"),
        },
    ),
    what_if=WhatIf(
        mark("And if a model has learnt much longer? Does its answer rest on fewer tokens, or on more? Train both, and ask for the reasons on the same text."),
        {"strategy": "full"},
        {"epochs": (1, 4, 12), "seed": (0, 1)},
    ),
)
