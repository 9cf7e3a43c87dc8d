"""Lesson 5c, stop in time: the model of the lowest validation loss against the last of many epochs."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import BODY_RATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import Verdict

MIN_GAIN, MIN_SAVED = 0.02, 1.5


def judge_score(outcomes: Outcomes) -> Verdict:
    """Compares the model kept by early stopping with the model of the last epoch."""
    return outcomes.compare("stopped", "last", MIN_GAIN)


def judge_saving(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, the epochs of the whole run over the epochs until early stopping."""
    return outcomes.compare_ratios("last", "stopped", count_epochs, MIN_SAVED, margin=MIN_SAVED)


def count_epochs(outcome: Outcome) -> float:
    """Returns how many epochs a run took; nan if it ended within the first."""
    return max((row["epoch"] for row in outcome.evaluations if row["step"]), default=float("nan"))


LESSON = Lesson(
    id="5c",
    title=mark("Stop in time"),
    question=mark("When should a run end: after the last epoch, or when the validation loss rises?"),
    minutes=6,
    takeaway=mark("Early stopping needs a third set: one to learn from, one to decide when to stop, and one that decides nothing and tells the truth."),
    data="news",
    knob="early_stopping_metric",
    settings={
        "strategy": "full",
        "first_layers": 3,
        "learning_rate": BODY_RATE,
        "max_length": 32,
        "train_examples": 64,
        "label_noise": 0.2,
        "batch_size": 8,
        "epochs": 20,
        "schedule": "constant",
        "measure_training": True,
    },
    arms=(
        Arm("stopped", mark("Ends after two evaluations without a lower validation loss; the model at the lowest is kept"), {"early_stopping_metric": "validation_loss", "patience": 2}),
        Arm("last", mark("All 20 epochs; the last model is kept"), {"early_stopping_metric": "last", "patience": 0}),
    ),
    claims=(
        Claim(
            "score",
            ("T5.1",),
            mark("A run that stops when the validation loss rises leaves a better model than one that goes on to the end."),
            mark(
                "Both runs of a seed are the same up to the moment at which one of them stops. Supported if the model that was kept scores more than {minimum} higher on the test set "
                "than that of the last epoch, with the whole interval; not supported if it scores lower, with the whole interval."
            ),
            "points",
            judge_score,
            minimum=MIN_GAIN,
        ),
        Claim(
            "saving",
            ("T5.1",),
            mark("Stopping early saves much of the time."),
            mark("Supported if, in every seed, the whole run takes at least {minimum} times as many epochs as the one that stops; not supported if it takes fewer in every seed."),
            "ratio",
            judge_saving,
            minimum=MIN_SAVED, margin=MIN_SAVED,
        ),
    ),
    options=(
        Option("better", mark("The model that stopped in time is clearly better."), ("supported",)),
        Option("equal", mark("The loss rises, but the answers change little: no clear winner."), ("inconclusive",)),
        Option("longer", mark("Who trains longer wins, whatever the validation loss says."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: the epoch that was kept, the epoch in which the run stopped, and the difference of both test scores."),
        mark("Look at the curves of the long run after that epoch. How does the validation loss change, and how does the accuracy?"),
        mark("The loss also counts how sure the model is of its mistakes. How can it rise while the number of mistakes stays the same?"),
    ),
    limits=mark(
        "64 headlines, of which a fifth has a wrong label: there is much to learn by heart that should not be learnt. With clean labels, or under a rate that falls to zero, "
        "the last model may be as good as any. The 200 validation headlines that decide here would in earnest be labels that you could also learn from."
    ),
    figure=Figure("curves", mark("Step"), mark("Validation loss"), measure="validation_loss"),
    what_if=WhatIf(
        mark("How much patience? Does more of it find a better model, or does it only cost time?"),
        {"early_stopping_metric": "validation_loss"},
        {"patience": (1, 2, 3, 5), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("The opposite voice: 20 epochs, with bias correction, rate 2e-5 and 10 % warm-up, are more stable than 3 epochs without (RTE, 25 seeds: deviation 2.4 instead of 7.2)."),
            "BERT-large",
            "Mosbach et al., table 1",
        ),
    ),
)
