"""Lesson 4d, extract or tune: frozen vectors of several kinds against a fine-tuned encoder."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

MIN_GAIN = 0.02


def judge_tuning(outcomes: Outcomes) -> Verdict:
    """Compares full fine-tuning with the best frozen vector (by validation)."""
    *frozen, tuned = outcomes.arms()
    return outcomes.compare(tuned, outcomes.best_of(frozen), MIN_GAIN)


LESSON = Lesson(
    id="4d",
    title=mark("Extract or tune?"),
    question=mark("Is it enough to take the vectors of the frozen model as they are?"),
    minutes=8,
    takeaway=mark("Before you tune everything, try the cheap way well: another vector than [CLS] may already do."),
    data="news",
    knob="pooling",
    settings={"max_length": 32, "train_examples": 320, "epochs": 3, "patience": 0},
    arms=(
        Arm("cls", mark("Frozen: [CLS]"), {"strategy": "head_only", "pooling": "cls"}),
        Arm("mean", mark("Frozen: the mean of all tokens"), {"strategy": "head_only", "pooling": "mean"}),
        Arm("last4", mark("Frozen: [CLS] of the last four layers"), {"strategy": "head_only", "pooling": "last4"}),
        Arm("tuned", mark("Everything learns: [CLS]"), {"strategy": "full", "pooling": "cls"}),
    ),
    claims=(
        Claim(
            "tuning",
            ("T5",),
            mark("Tuning the whole model scores higher than the best frozen vector under a head."),
            mark(
                "Of the three frozen vectors, the one with the best validation score is compared with the tuned model, example by example. Supported if tuning scores more than "
                "{minimum} higher on the test set, with the whole interval; not supported if it scores lower, with the whole interval. The sign of the effect says which is ahead."
            ),
            "points",
            judge_tuning,
            minimum=MIN_GAIN,
        ),
    ),
    options=(
        Option("tune", mark("Tuning everything is clearly ahead."), ("supported",)),
        Option("equal", mark("A well-chosen frozen vector comes so close that a lead of two points is not certain."), ("inconclusive",)),
        Option("extract", mark("With 320 labels the frozen vectors are even ahead."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the test score of frozen [CLS], of the best frozen vector, and of the tuned model."),
        mark("Compare the seconds and the number of weights that learn. How much longer does the tuned model take for each point that it gains or loses?"),
        mark("This checkpoint was trained for sentence similarity, by the mean of its tokens. What does that explain about the frozen vectors, and what of it is true of another checkpoint?"),
    ),
    limits=mark(
        "One task, 320 headlines, 60 steps. All heads are linear; in the papers frozen vectors often feed a larger network. And this checkpoint was made to give good frozen "
        "vectors, which plain BERT was not."
    ),
    figure=Figure("arms", y_title=mark("Test score")),
    what_if=WhatIf(
        mark("When everything learns: does it still matter which vector the head reads?"),
        {"strategy": "full"},
        {"pooling": ("cls", "mean", "last4"), "seed": (0, 1)},
    ),
    published_results=(
        PublishedResult(
            mark(
                "Names in texts, F1 on CoNLL-2003 (development set): 96.4 tuned; frozen, under a network of its own (BiLSTM): 96.1 with the last four layers, 94.9 with the last, "
                "91.0 with the embeddings."
            ),
            "BERT-base",
            "Devlin et al. 2019, table 7",
        ),
        PublishedResult(
            mark("Test error, frozen features against fine-tuning: IMDb 6.79 % and 5.40 %, but DBpedia 0.70 % and 0.71 %: there the frozen ones win."),
            "BERT-base",
            "Sun et al. 2019, table 6",
        ),
    ),
)
