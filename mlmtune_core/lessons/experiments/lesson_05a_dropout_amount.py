"""Lesson 5a, dropout: how much of it helps if labels are few and some are wrong."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Claim, Figure, Lesson, Option, PublishedResult, WhatIf, make_arms
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

AMOUNTS = (0.0, 0.1, 0.3, 0.5)
MIN_GAIN, MIN_GAP = 0.02, 0.05
EASY_TO_OVERFIT = {  # few labels, a fifth of them wrong, a constant rate, and the last model kept; also used by lesson 5b
    "strategy": "full",
    "first_layers": 2,
    "learning_rate": BODY_RATE,
    "max_length": 32,
    "train_examples": 64,
    "label_noise": 0.2,
    "batch_size": 8,
    "epochs": 10,
    "schedule": "constant",
    "patience": 0,
    "early_stopping_metric": "last",
    "measure_training": True,
}


def judge_score(outcomes: Outcomes) -> Verdict:
    """Compares the best of the other arms (by validation) with the first, which has no regularisation."""
    none, *some = outcomes.arms()
    return outcomes.compare(outcomes.best_of(some), none, MIN_GAIN)


def judge_gap(outcomes: Outcomes) -> Verdict:
    """Compares the generalisation gap without dropout with that of the best amount (by validation)."""
    none, *some = outcomes.arms()
    return outcomes.compare_gaps(none, outcomes.best_of(some), MIN_GAP)


LESSON = Lesson(
    id="5a",
    title=mark("Dropout"),
    question=mark("Does a model learn better if a part of its values is deleted at random while it learns?"),
    minutes=8,
    takeaway=mark("A smaller gap is no gain by itself: it also shrinks when the model learns less. Judge dropout by the test score."),
    data="news",
    knob="dropout",
    settings={**EASY_TO_OVERFIT, "weight_decay": 0.0},
    arms=make_arms("dropout", mark("Dropout"), "dropout", AMOUNTS),
    claims=(
        Claim(
            "score",
            ("T5.1",),
            mark("With dropout the model does better on new texts than without."),
            mark(
                "Of the amounts above 0, the one with the best validation score is compared with no dropout, example by example. Supported if it scores more than {minimum} higher on "
                "the test set, with the whole interval; not supported if it scores lower, with the whole interval."
            ),
            "points",
            judge_score,
            minimum=MIN_GAIN,
        ),
        Claim(
            "gap",
            ("T5.1",),
            mark("With dropout the model overfits less: its training score lies closer to its test score."),
            mark(
                "Training score (measured without dropout) minus test score. Supported if that gap is more than {minimum} larger without dropout than with the amount chosen above, "
                "with the whole interval; not supported if it is smaller, with the whole interval."
            ),
            "points",
            judge_gap,
            minimum=MIN_GAP,
        ),
    ),
    options=(
        Option("helps", mark("It helps clearly, by two points or more."), ("supported",)),
        Option("little", mark("Neither: five seeds show no clear help and no harm."), ("inconclusive",)),
        Option("harms", mark("It harms: in so few steps the model needs all it has."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the test score without dropout, the best test score, and the one at 0.5."),
        mark("Look at the training loss, measured without dropout, at 0 and at 0.5. Which of the two knows its own examples less well, and is that good or bad?"),
        mark("While it learns, dropout deletes values; when it is measured, it does not. Why would a training loss with dropout switched on mislead you here?"),
    ),
    limits=mark(
        "Two layers, 64 headlines, of which a fifth has a wrong label, and ten epochs. The training score counts the wrong labels as they were learnt. More epochs may give "
        "dropout more to prevent; more data, less."
    ),
    figure=Figure("by_x", mark("Dropout"), mark("Test score")),
    what_if=WhatIf(
        mark("And with 320 headlines, in as many steps: is there anything left for dropout to do?"),
        {"train_examples": 320, "epochs": 2},
        {"dropout": (0.0, 0.1, 0.3, 0.5), "seed": (0, 1)},
    ),
    published_results=(PublishedResult(mark("Fine-tuned with dropout 0.1, in all tasks."), "BERT", "Devlin et al. 2019, appendix A.3"),),
    measures=("gap", "train_loss"),
)
