"""Lesson 6b, does the finder lie: what a learning-rate finder suggests, against real runs at several rates."""

from mlmtune_core.language import mark
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcomes
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
SUGGESTED = "finder_suggestion"
TOO_HIGH = 5.0


def judge_suggestion(outcomes: Outcomes) -> Verdict:
    """Judges, in each seed, the suggested rate over the best rate of the runs (by validation, over all seeds)."""
    best = outcomes.best_of(outcomes.arms())
    rate = outcomes.runs_of(best)[0].config["learning_rate"]
    return judge_each_seed([find_suggestion(outcomes, seed) / rate for seed in outcomes.seeds], TOO_HIGH, margin=TOO_HIGH)


def find_suggestion(outcomes: Outcomes, seed: int) -> float:
    """Returns the rate that the finder suggests with a seed, from whichever run has it; nan if it suggests none."""
    suggestions = (each.measured[SUGGESTED] for each in outcomes.runs if each.seed == seed and SUGGESTED in each.measured)
    return next(suggestions, None) or float("nan")


LESSON = Lesson(
    id="6b",
    title=mark("Does the finder lie?"),
    question=mark("A hundred steps at rising rates suggest one. Can you trust it?"),
    minutes=8,
    takeaway=mark("A finder sees a hundred steps, you want the result of a whole run: take its suggestion as a question, and put it to real runs."),
    data="news",
    knob="learning_rate",
    settings={"strategy": "full", "first_layers": 2, "max_length": 32, "train_examples": 320, "epochs": 3, "patience": 0},
    arms=tuple(
        Arm(f"rate@{rate:g}", mark("One rate for head and body"), {"learning_rate": rate, "head_learning_rate": rate}, series="rate", x=rate) for rate in RATES
    ),
    claims=(
        Claim(
            "lies",
            ("T5.2", "method"),
            mark("Do not trust it: the finder suggests a rate that is far too high for fine-tuning."),
            mark(
                "The finder takes a step at each of a hundred rising rates, on the training examples of a seed, and suggests the middle of the longest descent of the loss. Supported "
                "if, in every seed, that is at least {minimum} times the rate whose real runs have the best mean validation score; not supported if it is less in every seed."
            ),
            "ratio",
            judge_suggestion,
            minimum=TOO_HIGH, margin=TOO_HIGH,
        ),
    ),
    options=(
        Option("lies", mark("It suggests five times too much, or more."), ("supported",)),
        Option("true", mark("It comes close to the best rate."), ("not_supported",)),
        Option("varies", mark("It depends on the seed."), ("inconclusive",)),
    ),
    tasks=(
        mark("Note three numbers: the rate that the finder suggests, the best real rate, and the test score of the real rate nearest to the suggestion."),
        mark("Look at the scores on both sides of the best rate. What costs more: three times too little, or three times too much?"),
        mark(
            "The finder starts at rates so low that nothing moves. What has the model already learnt when it comes to the high ones, and how could that shift its suggestion: up "
            "or down?"
        ),
    ),
    limits=mark(
        "Two layers, 60 steps, a grid in which neighbours differ by a factor of three: the best real rate is known no better than that. Head and body share one rate, because "
        "the finder knows no other way; with two rates the best one of the body may lie elsewhere."
    ),
    figure=Figure("by_x", mark("Learning rate of head and body"), mark("Test score"), log_x=True),
    what_if=WhatIf(
        mark("Give the head its own rate again. Where does the best rate of the body lie now?"),
        {"head_learning_rate": 1e-3},
        {"learning_rate": (3e-5, 1e-4, 3e-4, 1e-3), "seed": (0, 1, 2)},
    ),
    published_results=(
        PublishedResult(
            mark("A finder “does not give reliable results for Transformers models (usually indicates one in the 1e-3 when the actual best value is in the 1e-5 range)”."),
            "Transformers",
            "sgugger, huggingface/transformers #16013",
        ),
    ),
    measures=(SUGGESTED,),
)
