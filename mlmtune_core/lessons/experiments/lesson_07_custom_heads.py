"""Lesson 7, swap the head: other heads on other inputs, trained end to end."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import Verdict, find_weakest, judge_each_seed

LINEAR = "linear"
MIN_FALL = 0.10
AS_GOOD = -0.03


def find_loss_drop(outcome: Outcome) -> float:
    """Returns the relative fall of the validation loss from before the first step to its lowest; 0 without a later evaluation."""
    first, *later = [row["validation_loss"] for row in outcome.evaluations] or [1.0]
    return 1 - min([first, *later]) / first


def judge_trained(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, the head whose loss fell least."""
    heads = [outcomes.runs_of(arm) for arm in outcomes.arms() if arm != LINEAR]
    return judge_each_seed([min(map(find_loss_drop, runs)) for runs in zip(*heads, strict=True)], MIN_FALL, margin=MIN_FALL)


def judge_level(outcomes: Outcomes) -> Verdict:
    """Compares every other head with the linear one; the weakest result decides."""
    return find_weakest([outcomes.compare(arm, LINEAR, AS_GOOD, margin=AS_GOOD) for arm in outcomes.arms() if arm != LINEAR])


LESSON = Lesson(
    id="7",
    title=mark("Swap the head"),
    question=mark("Can you put another head on the same body, and does it learn?"),
    minutes=8,
    takeaway=mark("The body is given, the head is yours. That you can change it does not yet mean that you should: measure against the simplest one."),
    data="news",
    knob="head",
    settings={"strategy": "full", "first_layers": 3, "learning_rate": BODY_RATE, "max_length": 32, "train_examples": 160, "epochs": 6, "patience": 0},
    arms=(
        Arm(LINEAR, mark("Linear on [CLS], as in the chapter")),
        Arm("mlp", mark("One hidden layer on [CLS]"), {"head": "mlp"}),
        Arm("pooler", mark("BERT's pooler on [CLS]"), {"head": "pooler"}),
        Arm("mean", mark("Linear on the mean of all tokens"), {"pooling": "mean"}),
        Arm("last4", mark("Linear on [CLS] of the last layers"), {"pooling": "last4"}),
    ),
    claims=(
        Claim(
            "trained",
            ("C6.1",),
            mark("Each of the four other heads trains end to end together with the body."),
            mark(
                "Supported if in every seed the validation loss of each of the four falls by at least {minimum} from its value before the first step. Not supported if in no "
                "seed all four do."
            ),
            "share",
            judge_trained,
            minimum=MIN_FALL, margin=MIN_FALL,
        ),
        Claim(
            "level",
            ("C6.1",),
            mark("None of the four costs much against the linear head: customisable, which is not to say better."),
            mark(
                "Each is compared with the linear head on the same test texts. Supported if, for all four, the whole interval of the difference lies above {minimum}; not supported "
                "if for one of them it lies below {margin}. The number shown is that of the weakest head."
            ),
            "points",
            judge_level,
            minimum=AS_GOOD, margin=AS_GOOD,
        ),
    ),
    options=(
        Option("all", mark("All heads learn: gradients flow through any of them into the body."), ("supported",)),
        Option("some", mark("Some learn, others need more examples or another rate."), ("inconclusive", "not_supported")),
        Option("none", mark("A head that the model was not pre-trained with does not learn from so few examples."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the weights of the linear head, those of the head with a hidden layer, and the difference of their scores."),
        mark("Look at the loss before the first step. How near is it, for each head, to the logarithm of the number of topics, and why would one expect it there?"),
        mark("The head with a hidden layer can express more than the linear one. Why does that not have to show in the score, when the body learns as well?"),
    ),
    limits=mark(
        "All heads learn at the same rate for the same short time; a larger head may want another. Three layers of a small model: “the last four layers” are three here. "
        "One task with one label per text: heads for other kinds of answers are lesson 7b."
    ),
    figure=Figure("arms", y_title=mark("Test score")),
    what_if=WhatIf(
        mark("And if the body is frozen, so that the head must do all the work? Does the hidden layer pay then?"),
        {"strategy": "head_only", "first_layers": 0, "epochs": 10},
        {"head": ("linear", "mlp"), "pooling": ("cls", "mean"), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark(
                "Whether the head read the last layer or the last four hardly mattered after fine-tuning. Errors in % on IMDb: last layer 5.42; last four layers one after the other "
                "5.43, their mean 5.44, their maximum 5.42."
            ),
            "BERT-base",
            "Sun et al. 2019, table 3",
        ),
    ),
)
