"""Lesson 5, learn or memorise: without regularisation the model memorises wrong labels."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed
from mlmtune_core.runs.diagnosis import TURNED


def find_rise(outcome: Outcome) -> float:
    """Returns the last validation loss over the lowest if the diagnosis is memorising; otherwise 1."""
    losses = [row["validation_loss"] for row in outcome.evaluations]
    return losses[-1] / min(losses) if outcome.run_class == "memorising" else 1.0


def judge_memorising(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed with wrong labels, how far the validation loss rose again."""
    return judge_each_seed([find_rise(outcome) for outcome in outcomes.runs_of("wrong")], minimum=TURNED, margin=TURNED)


LESSON = Lesson(
    id="5",
    title=mark("Learn or memorise?"),
    question=mark("Can a model learn fifty headlines by heart, wrong labels and all?"),
    minutes=8,
    takeaway=mark("A perfect training score says nothing about new texts: look at the validation loss, and look at it until the end."),
    data="news",
    knob="label_noise",
    settings={
        "strategy": "full",
        "first_layers": 3,
        "learning_rate": BODY_RATE,
        "max_length": 32,
        "train_examples": 50,
        "batch_size": 8,
        "epochs": 20,
        "schedule": "constant",
        "dropout": 0.0,
        "weight_decay": 0.0,
        "patience": 0,
        "early_stopping_metric": "last",
        "measure_training": True,
    },
    arms=(
        Arm("right", mark("All labels right"), {"label_noise": 0.0}),
        Arm("wrong", mark("30 % of the labels wrong"), {"label_noise": 0.3}),
    ),
    claims=(
        Claim(
            "memorising",
            ("T5.1",),
            mark("Without regularisation the model overfits: it learns its fifty examples by heart, the wrong ones too, while it gets worse on others."),
            mark(
                "Supported if, in every seed, the run with wrong labels ends with at least 99 % of its training labels learnt and with a validation loss at least {minimum} "
                "times its lowest. Not supported if no seed gets there (a seed that does not know its examples by heart counts as 1)."
            ),
            "ratio",
            judge_memorising,
            minimum=TURNED, margin=TURNED,
        ),
    ),
    options=(
        Option("heart", mark("It learns all fifty by heart, the wrong ones too, and the validation loss rises."), ("supported",)),
        Option("resists", mark("It does not manage to learn the wrong labels: they contradict all the others."), ("not_supported",)),
        Option("depends", mark("That depends on the seed: now it does, now it does not."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers of a run with wrong labels: the epoch of the lowest validation loss, the training score there, and the training score at the end."),
        mark("Compare validation loss and validation accuracy after that epoch. Do both get worse?"),
        mark("Fifteen of the fifty labels are wrong, and no text says which. What must the model have used to learn them all the same?"),
    ),
    limits=mark(
        "Fifty headlines, no dropout, no weight decay, a rate that never falls: everything was arranged for memorising. The training score counts the wrong labels as right, since "
        "they are what is learnt; validation and test keep the true ones."
    ),
    figure=Figure("curves", mark("Step"), mark("Validation loss"), measure="validation_loss"),
    what_if=WhatIf(
        mark("From what share of wrong labels on does the test score suffer?"),
        {},
        {"label_noise": (0.1, 0.2, 0.4), "seed": (0, 1)},
    ),
    published_results=(
        PublishedResult(
            mark("IMDb: tuned as a whole, the model has its lowest error after the first epoch; then the error rises as it overfits."), "ULMFiT (AWD-LSTM)", "Howard & Ruder 2018, figure 4"
        ),
        PublishedResult(mark("The opposite voice: fine-tuning is “robust to overfitting, even though BERT is highly over-parameterized”."), "BERT", "Hao et al. 2019, abstract"),
    ),
)
