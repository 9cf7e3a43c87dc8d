"""Lesson 2b, what does it cost: seconds, steps and trainable weights of each strategy."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from mlmtune_core.language import mark
from mlmtune_core.lessons.experiments.lesson_02_arrival import SMALL, initial_settings
from mlmtune_core.lessons.lesson import Arm, Claim, Figure, Lesson, Option, PublishedResult, WhatIf
from mlmtune_core.lessons.outcomes import Outcome, Outcomes, Row, best_validation_score
from mlmtune_core.lessons.verdicts import Verdict, judge_each_seed

STRATEGIES = {"head_only": mark("Head only"), "last_layers:1": mark("Last layer"), "full": mark("All layers")}
SCRATCH = "scratch"
SLACK = 0.02  # the target score lies this far below the best score from random weights
MIN_RATIO = 2.0


def find_target(outcomes: Outcomes) -> float:
    """Returns the target validation score: the best from random weights, averaged over seeds, minus SLACK."""
    return float(np.mean([best_validation_score(run) for run in outcomes.runs_of(SCRATCH)])) - SLACK


def find_cost(run: Outcome, target: float, read: Callable[[Row], float]) -> float:
    """Returns the cost (seconds or steps, as `read` returns them of an event) until the first evaluation that reaches the target; inf if none does."""
    reached = [row for row in run.evaluations if row["step"] and row["metrics"][run.metric] >= target]
    return read(reached[0]) - read({"step": 0, **run.start_event}) if reached else math.inf


def judge_cost(outcomes: Outcomes, read: Callable[[Row], float]) -> Verdict:
    """Judges, in each seed, the cost from random weights over that of the most expensive strategy.

    If random weights never reach the target, the cost of their whole run counts.
    """
    target = find_target(outcomes)
    run_costs = [read(run.evaluations[-1]) - read({"step": 0, **run.start_event}) for run in outcomes.runs_of(SCRATCH)]
    scratch = [min(find_cost(run, target, read), most) for run, most in zip(outcomes.runs_of(SCRATCH), run_costs, strict=True)]
    tuned = {arm: [find_cost(run, target, read) for run in outcomes.runs_of(arm)] for arm in STRATEGIES}
    ratios = [cost / max(costs) for cost, *costs in zip(scratch, *tuned.values(), strict=True)]
    most_expensive = max(tuned, key=lambda arm: sum(tuned[arm]))
    means = (float(np.mean(scratch)), float(np.mean(tuned[most_expensive])))
    return replace(judge_each_seed(ratios, MIN_RATIO, margin=1.0), sides=means, between=(SCRATCH, most_expensive))


def read_seconds(row: Row) -> float:
    """Returns the time of an event, in seconds."""
    return row["time"]


def read_steps(row: Row) -> float:
    """Returns the step of an event."""
    return float(row["step"])


RULE = mark(
    "How the target is found was fixed before the runs: it is the best validation score from random weights, averaged over seeds, less 2 points. In every seed the cost up"
    " to the first evaluation that reaches it is divided by that of the costliest of the three strategies; one that never reaches it makes the ratio 0. Supported if the "
    "ratio is at least {minimum} in every seed; not supported if it is below {margin} in every seed."
)
LESSON = Lesson(
    id="2b",
    title=mark("What does it cost?"),
    question=mark("How much work does it save to start from a pre-trained model, and how much to let only a part of it learn?"),
    minutes=8,
    takeaway=mark("Cost is four numbers: weights that learn, memory, steps, and seconds. Always compare them at the same score."),
    data="news",
    knob="strategy",
    settings={**SMALL, "pooling": "mean", "train_examples": 320, "epochs": 12},  # after two layers [CLS] holds nothing yet that a head alone can use
    arms=(
        *(Arm(name, title, {"strategy": name, **({} if name == "head_only" else initial_settings("pretrained"))}) for name, title in STRATEGIES.items()),
        Arm(SCRATCH, mark("All layers, from random weights"), initial_settings("random")),
    ),
    claims=(
        Claim(
            "seconds",
            ("Cor5",),
            mark("Whatever the strategy, fine-tuning takes at most half the seconds that training the same network from random weights takes to the same score."),
            RULE,
            "ratio",
            partial(judge_cost, read=read_seconds),
            minimum=MIN_RATIO, margin=1.0,
        ),
        Claim("steps", ("Cor5",), mark("It also takes at most half the steps, which do not depend on the machine."), RULE, "ratio", partial(judge_cost, read=read_steps), minimum=MIN_RATIO, margin=1.0),
    ),
    options=(
        Option("all", mark("All three strategies are at least twice as fast."), ("supported",)),
        Option("some", mark("Some are, but not all of them, or not with every seed."), ("inconclusive", "not_supported")),
        Option("none", mark("One of the three even takes longer than training from random weights, or never gets there."), ("not_supported",)),
    ),
    tasks=(
        mark("Note three numbers: how many weights learn with the head only, with the last layer, and with all layers. Beside them stands the memory: how do the two belong together?"),
        mark("Of the strategies that reach the target, which one needs the fewest steps, and which the fewest seconds? Are they the same one?"),
        mark("A step of the head alone costs almost nothing once the texts have been read. Why must each text pass the frozen layers only once?"),
    ),
    limits=mark(
        "Two layers of a small model and an evaluation every 20 steps. All heads read the mean of the tokens: from [CLS] alone, as it stands after the first layers, a head "
        "over frozen weights learnt nothing. Seconds are of this machine, from the start of the run to the evaluation, without loading. What frozen layers made of a text is "
        "kept, also for the next seed, which flatters the strategies that freeze; the costliest one decides. Memory is calculated from the sizes of model and batch. Pre-"
        "training itself is not counted: it is paid once, by somebody else, for all tasks."
    ),
    figure=Figure("curves", mark("Step"), mark("Validation score")),
    measures=("memory",),
    what_if=WhatIf(
        mark("And with all six layers? How do seconds and learning weights of the strategies compare then?"),
        {"first_layers": 6, "epochs": 4},
        {"strategy": ("head_only", "last_layers:1", "last_layers:2", "full")},
    ),
    published_results=(PublishedResult(mark("With the head only, three classes: 2,307 of 109,484,547 weights learn."), "BERT-base", "ParlAI #3215"),),
)
