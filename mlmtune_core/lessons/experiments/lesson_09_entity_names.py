"""Lesson 9, names in sentences: which sub-word carries its word's tag, and how tags become legal."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict

FIRST, ALL = "first", "all"
AS_GOOD = -0.01
MIN_FALL = 0.05


def judge_first(outcomes: Outcomes) -> Verdict:
    """Compares entity F1 with labels on first sub-words only with entity F1 with labels on all sub-words."""
    return outcomes.compare(FIRST, ALL, AS_GOOD, margin=AS_GOOD)


def judge_legal(outcomes: Outcomes) -> Verdict:
    """Judges how far the share of illegal tags falls during training, sentence by sentence."""
    return outcomes.compare_measures(FIRST, "illegal_before", "illegal_after", MIN_FALL)


LESSON = Lesson(
    id="9",
    title=mark("Names in sentences"),
    question=mark("A name is cut into sub-words: which of them should carry its tag?"),
    minutes=8,
    takeaway=mark(
        "Tags belong to words, the model reads sub-words: somebody must decide which sub-word speaks. And only the examples teach it which tags may follow one another: no "
        "rule forbids the others."
    ),
    data="entities",
    knob="label_all_pieces",
    settings={"task": "token_classification", "strategy": "full", "first_layers": 3, "learning_rate": BODY_RATE, "max_length": 64, "batch_size": 8, "epochs": 6, "patience": 0},
    arms=(
        Arm(FIRST, mark("Only the first sub-word is taught"), {"label_all_pieces": False}),
        Arm(ALL, mark("Every sub-word is taught"), {"label_all_pieces": True}),
    ),
    measures=("entity_f1", "illegal_before", "illegal_after"),
    claims=(
        Claim(
            "first",
            ("11.5",),
            mark("Teaching only the first sub-word of each word is as good as teaching all of them."),
            mark(
                "F1 of whole entities on the same test sentences; answers are read off the first sub-word in both. Supported if the difference (first minus all) lies above {minimum} with its "
                "whole interval; not supported if the interval lies below {margin}."
            ),
            "points",
            judge_first,
            minimum=AS_GOOD, margin=AS_GOOD,
        ),
        Claim(
            "legal",
            ("11.5", "11.5.3"),
            mark("The model learns from examples alone which tags can follow one another."),
            mark(
                "A tag I-x is illegal after anything but B-x or I-x. Supported if the share of words with illegal tags falls by more than {minimum} from the first evaluation, before the first "
                "step, to the best one, with the whole interval; not supported if the interval lies below zero."
            ),
            "share",
            judge_legal,
            minimum=MIN_FALL,
        ),
    ),
    options=(
        Option("first", mark("The first is enough: through attention it has seen all others."), ("supported", "inconclusive")),
        Option("all", mark("All are better: more sub-words to learn from."), ("not_supported",)),
        Option("noise", mark("A difference, if there is one, drowns in the luck of the seeds."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers: F1 with the first sub-word taught, F1 with all taught, and the share of illegal tags before training."),
        mark("Open a run of this lesson and look at a word of several sub-words. Do its sub-words agree on the tag? Which of them is read?"),
        mark("A model that answers O to every word never says anything illegal. Why is legal not the same as right, and which score shows it?"),
    ),
    limits=mark(
        "78 test sentences: F1 is known to several points only. With “every sub-word” an inner sub-word repeats the tag of its word, B- included, as this program has it; others write I- there. "
        "The head judges every token by itself: nothing but what it has learnt keeps it from illegal tags, while a CRF on top would forbid them."
    ),
    figure=Figure(
        "measures",
        y_title=mark("Score or share"),
        names={
            "entity_f1": mark("F1 of whole entities, test"),
            "illegal_before": mark("Illegal tags before the first step"),
            "illegal_after": mark("Illegal tags of the best model"),
        },
    ),
    what_if=WhatIf(
        mark("And if the body stays frozen? Does the rule of the first sub-word matter more where no layer can adapt?"),
        {"strategy": "head_only", "epochs": 20},
        {"label_all_pieces": (False, True), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("The vector of the first sub-word feeds the classifier. All weights learning, F1 is 96.4 on the development set and 92.4 on the test set (CoNLL-2003)."),
            "BERT-base",
            "Devlin et al. 2019, table 7",
        ),
    ),
)
