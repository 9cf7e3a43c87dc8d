"""Lesson 9b, nearly all right and half the names wrong: word scores against entity scores."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, WhatIf, make_arms
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

EARLY = "head@1"
MIN_GAP, NO_GAP = 0.40, 0.10


def judge_early(outcomes: Outcomes) -> Verdict:
    """Judges token accuracy minus entity F1 in the runs that were trained least."""
    return _judge_gap(outcomes, "token_accuracy", "entity_f1")


def judge_built(outcomes: Outcomes) -> Verdict:
    """Judges the same difference for predictions constructed from the true tags, without any model."""
    return _judge_gap(outcomes, "built_token_accuracy", "built_entity_f1")


def _judge_gap(outcomes: Outcomes, words: str, entities: str) -> Verdict:
    return judge_each_seed([run.measured[words] - run.measured[entities] for run in outcomes.runs_of(EARLY)], MIN_GAP, margin=NO_GAP)


LESSON = Lesson(
    id="9b",
    title=mark("Nearly all right, half the names wrong"),
    question=mark("The share of words with the right tag is high. Has the model learnt to find names?"),
    minutes=7,
    takeaway=mark("Most words are not names: a model that says so of every word is right most of the time and has found nothing. Ask for the F1 of whole entities."),
    data="entities",
    knob="epochs",
    settings={"task": "token_classification", "first_layers": 3, "learning_rate": BODY_RATE, "max_length": 64, "patience": 0},
    arms=(
        *make_arms("head", mark("Only the head learns"), "epochs", (1, 4, 16), strategy="head_only"),
        Arm("full@8", mark("All weights learn, 8 epochs"), {"strategy": "full", "epochs": 8}),
    ),
    measures=("token_accuracy", "entity_f1", "entity_precision", "entity_recall", "built_token_accuracy", "built_entity_f1"),
    claims=(
        Claim(
            "early",
            ("11.5.3",),
            mark("A real run: of a head that learnt for one epoch, the share of right words is far above the F1 of whole entities."),
            mark(
                "Both scores on the same test sentences, of the runs with one epoch. Supported if in every seed the share of right words is at least {minimum} above the F1; "
                "not supported if in every seed it is less than {margin} above."
            ),
            "points",
            judge_early,
            minimum=MIN_GAP, margin=NO_GAP,
        ),
        Claim(
            "built",
            ("11.5.3", "method"),
            mark("A case built by hand, not by a model: one wrong word in every long name leaves nearly all words right and costs about half of the F1."),
            mark(
                "We take the true tags of the test sentences and let the last word of every name of several words begin a name of its own. Supported if the share of right words is at "
                "least {minimum} above the F1 of whole entities; not supported if it is less than {margin} above. Nothing is drawn by chance here: all seeds give the same."
            ),
            "points",
            judge_built,
            minimum=MIN_GAP, margin=NO_GAP,
        ),
    ),
    options=(
        Option("apart", mark("The two scores lie far apart: most words are no names, and O is easy to say."), ("supported",)),
        Option("close", mark("They agree: who tags words rightly finds the names."), ("not_supported",)),
        Option("depends", mark("It depends on the seed."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers of the run with one epoch: the share of right words, the F1 of whole entities, and the share of O among all words."),
        mark("Look at the mistakes of a longer run, by kind: boundary, type, missed, invented. Which of them cost one word, and how many entities do they cost?"),
        mark("In the built case one wrong word spoils one entity and invents two. Count by hand, for one sentence, right words, precision and recall: why does F1 fall so far?"),
    ),
    limits=mark(
        "The built case shows what the two scores can do, not how often models err like that. How far they lie apart depends on the share of O: in these sentences about four "
        "words of five. In texts with fewer names the gap can be wider still."
    ),
    figure=Figure(
        "measures",
        mark("Epochs"),
        y_title=mark("Test score"),
        names={
            "token_accuracy": mark("Words with the right tag"),
            "entity_f1": mark("F1 of whole entities"),
            "entity_precision": mark("Precision of entities"),
            "entity_recall": mark("Recall of entities"),
            "built_token_accuracy": mark("Built by hand: words with the right tag"),
            "built_entity_f1": mark("Built by hand: F1 of whole entities"),
        },
    ),
    what_if=WhatIf(
        mark("And which evaluation is kept as the best? Let the loss decide in place of the F1, and compare both scores."),
        {"strategy": "full", "epochs": 8},
        {"early_stopping_metric": ("metric", "validation_loss"), "seed": (0, 1, 2)},
    ),
)
