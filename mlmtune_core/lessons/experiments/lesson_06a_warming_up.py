"""Lesson 6a, warming up: do warm-up, bias correction and clipping save runs at a high rate."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_06_rate import DESTROYED
from mlmtune_core.lessons.lesson import SEEDS_REPLICATE, Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import Verdict, compare_failures

MIN_FEWER = 0.1
BARE = {"warmup_ratio": 0.0, "bias_correction": False, "max_grad_norm": 0.0}
WARM, CORRECTED, CLIPPED = {"warmup_ratio": 0.1}, {"bias_correction": True}, {"max_grad_norm": 1.0}


def has_failed(outcome: Outcome) -> bool:
    """Returns whether a run ended with an error, collapsed, exploded, or is no better than the majority class."""
    return outcome.ended == "failed" or outcome.run_class in DESTROYED or outcome.score <= outcome.baseline_score


def judge_all(outcomes: Outcomes) -> Verdict:
    """Compares failures without any of the three techniques with failures with all of them."""
    return _compare(outcomes, "all")


def judge_warm(outcomes: Outcomes) -> Verdict:
    """Compares failures without any of the three techniques with failures with warm-up alone."""
    return _compare(outcomes, "warm")


def _compare(outcomes: Outcomes, arm: str) -> Verdict:
    bare, tried = ([has_failed(outcome) for outcome in outcomes.runs_of(name)] for name in ("bare", arm))
    return compare_failures(bare, tried, MIN_FEWER)


LESSON = Lesson(
    id="6a",
    title=mark("Warming up"),
    question=mark("At three times the best rate of lesson 6: do runs fail, and can warm-up, bias correction or clipping prevent it?"),
    minutes=8,
    takeaway=mark("Whether a remedy prevents failures is seen only where there are failures, and by counting them over many seeds."),
    data="news",
    knob="warmup_ratio",
    settings={
        "strategy": "full",
        "first_layers": 2,
        "max_length": 32,
        "train_examples": 96,
        "batch_size": 8,
        "epochs": 3,
        "learning_rate": 3e-3,  # in lesson 6 the best of nine rates is 1e-3
        "patience": 0,
        "early_stopping_metric": "last",
    },
    arms=(
        Arm("bare", mark("None of the three"), BARE),
        Arm("warm", mark("Warm-up alone, 10 % of the steps"), BARE | WARM),
        Arm("corrected", mark("Bias correction alone"), BARE | CORRECTED),
        Arm("clipped", mark("Clipping alone"), BARE | CLIPPED),
        Arm("all", mark("All three, as by default"), BARE | WARM | CORRECTED | CLIPPED),
    ),
    claims=(
        Claim(
            "all",
            ("T5.2",),
            mark("At too high a rate runs fail, and warm-up, bias correction and clipping together prevent it."),
            mark(
                "A run has failed if it broke off, collapsed or exploded, or if its test score is not above the majority class. Supported if the share of failed runs without the "
                "three is more than {minimum} above that with all three (Newcombe's interval), and Fisher's exact test says so as well; not supported if it is lower."
            ),
            "share",
            judge_all,
            minimum=MIN_FEWER,
        ),
        Claim(
            "warm",
            ("T5.2",),
            mark("Warm-up alone already prevents it."),
            mark("The same rule, for none of the three against warm-up alone: supported from {minimum} on, not supported if more runs fail with warm-up than without."),
            "share",
            judge_warm,
            minimum=MIN_FEWER,
        ),
    ),
    options=(
        Option("saves", mark("Without them many of ten runs fail, with them hardly any."), ("supported",)),
        Option("none", mark("It makes no difference: with or without them hardly any run fails, or nearly all do."), ("inconclusive",)),
        Option("harm", mark("They do harm: more runs fail with them than without."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: how many of ten runs failed with none of the three, with warm-up alone, and with all."),
        mark("Look at the length of the gradient and at the loss of the first ten steps. If a run goes wrong, does the damage show there, or only later?"),
        mark("Without bias correction Adam's first steps are several times longer. Why does a rate that climbs from zero help against just that?"),
    ),
    limits=mark(
        "Two layers, 36 steps, one rate. The failures that made these remedies known are those of BERT-large on small data sets; with the smaller BERT-base they were not "
        "observed. With ten seeds a side, only large differences are seen."
    ),
    figure=Figure("arms", y_title=mark("Test score")),
    what_if=WhatIf(
        mark("And at a tame rate: is there anything left that warm-up could save?"),
        {"learning_rate": 1e-3, "bias_correction": False, "max_grad_norm": 0.0},
        {"warmup_ratio": (0.0, 0.1), "seed": (0, 1, 2, 3, 4, 5)},
    ),
    published_results=(
        PublishedResult(mark("RTE: 48 % of the runs stay below 55 % accuracy without bias correction, about none with it."), "BERT-large", "Zhang et al., revisit-bert-finetuning"),
        PublishedResult(
            mark("RTE, 25 seeds: the deviation falls from 7.2 to 2.4 points with bias correction, 10 % warm-up and 20 epochs. BERT-base showed no such instability."),
            "BERT-large",
            "Mosbach et al., table 1",
        ),
    ),
    seeds=SEEDS_REPLICATE,
)
