"""From what a run has said so far: ok, crawling, collapsed, exploding, memorising or nan, with the evidence and one thing to try"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlmtune_core.signs import LEARNT, ONE_SIDED, Row, Signs, rate_of
from mlmtune_core.translating import mark

KINDS = ("ok", "crawling", "collapsed", "exploding", "memorising", "nan")
EXPLODED = 4.0  # times the best smoothed loss (fastai's rule)
TURNED = 1.15  # times the least validation loss
NOTHING = 1e-9  # a loss that can be divided by
HEAD_RATE = 1e-3  # what a head alone needs at least


@dataclass(frozen=True)
class Diagnosis:
    """What a run is like: `kind` is one of KINDS; `evidence` is a sentence for `values`, `advice` one thing to try.

    `values` are plain numbers (losses as the task has them, shares from 0 to 1, `score` and `baseline` in the unit of `metric`).
    """

    kind: str
    evidence: str
    advice: str
    values: dict[str, Any] = field(default_factory=dict)


def diagnose(rows: Sequence[Row]) -> Diagnosis | None:
    """The rows of the current attempt (see Run.events), at any moment -> what the run is like; None while it is too early to say."""
    for row in rows:
        if row["kind"] == "Failed" and "no longer a number" in row["template"]:
            return _call_nan(row)
    seen = Signs(rows)
    if not seen.start:
        return None
    found = _find_exploding(seen) or _find_memorising(seen)
    if found or len(seen.evaluations) < 2 or not seen.training:
        return found
    return _find_little(seen) if seen.learnt_little else _find_ok(seen)


def _call_nan(row: Row) -> Diagnosis:
    return Diagnosis(
        "nan",
        mark("At step {step} the loss was no longer a number."),
        mark("Try a learning rate ten times smaller, more warm-up, or stronger gradient clipping."),
        {"step": row["values"].get("step", 0)},
    )


def _find_exploding(seen: Signs) -> Diagnosis | None:
    """fastai's rule on the training loss, and above what it costs not to read: that is where it began, and so its best where it exploded
    at once. The same on the validation loss, unless the examples are known by heart.
    """
    advice = mark("Try a learning rate ten times smaller, or a longer warm-up.")
    if seen.smoothed:
        last, best = seen.smoothed[-1], max(min(*seen.smoothed, seen.blind), NOTHING)
        if last > EXPLODED * best and last > seen.blind:
            told = mark("The training loss is {loss}, {times} times its best so far ({best}).")
            return Diagnosis("exploding", told, advice, {"loss": last, "best": best, "times": last / best})
    losses = [row["validation_loss"] for row in seen.evaluations] or [0.0]
    last, best = losses[-1], max(min(losses), NOTHING)
    if last > EXPLODED * best and last > losses[0] and not seen.by_heart:
        told = mark("The validation loss is {loss}, {times} times its best so far ({best}).")
        return Diagnosis("exploding", told, advice, {"loss": last, "best": best, "times": last / best})
    return None


def _find_memorising(seen: Signs) -> Diagnosis | None:
    losses = [row["validation_loss"] for row in seen.evaluations]
    if not seen.by_heart or losses[-1] < TURNED * min(losses):
        return None
    advice = mark("Try fewer epochs, more labelled examples, or more dropout.")
    if not seen.evaluations[-1]["is_best"]:
        advice = mark("Try fewer epochs, more labelled examples, or more dropout. What is kept is the best model, not the last.")
    return Diagnosis(
        "memorising",
        mark("The training examples are known by heart (loss {loss}), while the validation loss has risen from {least} to {last}."),
        advice,
        {"loss": seen.training[-1], "least": min(losses), "last": losses[-1]},
    )


def _find_little(seen: Signs) -> Diagnosis | None:
    if seen.early:
        return None
    return _call_crawling(seen) if seen.falling and not seen.at_prior else _call_collapsed(seen)


def _call_crawling(seen: Signs) -> Diagnosis:
    first, last = seen.curve[0], seen.curve[-1]
    told = mark("In {steps} steps the loss went from {first} to {last}: it still falls, but hardly.")
    if last < (1 - LEARNT) * first:
        told = mark(
            "In {steps} steps the loss went from {first} to {last}, and the answers are no better yet than without reading the texts."
        )
    advice = mark("Try a learning rate ten times higher, or more epochs.")
    if seen.start["strategy"] == "head_only" and max(map(rate_of, seen.steps)) < HEAD_RATE:
        advice = mark(
            "Try a learning rate of the head from 0.001 to 0.01: a head alone begins at random, and bears it."
        )
    return Diagnosis("crawling", told, advice, {"steps": seen.evaluations[-1]["step"], "first": first, "last": last})


def _call_collapsed(seen: Signs) -> Diagnosis:
    if seen.top_share >= ONE_SIDED:
        told, values = mark("{share} of all answers are one and the same label."), {"share": seen.top_share}
    elif seen.no_better:
        told = mark(
            "{metric}: {score}, no better than the trivial predictor ({baseline}), and the loss no longer falls."
        )
        values = {"metric": seen.start["metric"], "score": seen.score, "baseline": seen.start["baseline"]}
    else:
        told = mark("The training loss stays at {loss}; without reading the texts it would be {blind}.")
        values = {"loss": seen.training[-1], "blind": seen.blind}
    advice = mark("Try a learning rate ten times smaller: at too high a rate the layers forget what they knew.")
    if seen.start["strategy"] == "head_only":
        advice = mark("Let the last layers learn, too: what the frozen ones say may not be enough.")
    return Diagnosis("collapsed", told, advice, values)


def _find_ok(seen: Signs) -> Diagnosis | None:
    """What learnt, and is better than the trivial predictor; where it learns what does not help, there is no name for it yet."""
    if seen.no_better:
        return None
    values = {"metric": seen.start["metric"], "score": seen.score, "loss": seen.training[-1], "blind": seen.blind}
    told = mark("It learns: the training loss is {loss} (without reading the texts: {blind}); {metric}: {score}.")
    return Diagnosis("ok", told, mark("Try the same with another seed: what stays is no luck."), values)
