"""Judges a suggested learning rate beside real runs: too high, too low, or near the best."""

from collections.abc import Sequence
from typing import Any

FACTOR = 5.0  # fixed before any run: from this factor on a suggestion misleads


def judge_suggestion(suggestion: float, runs: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns `best`: the rate whose runs ended with the highest accuracy (ties: the lowest validation loss), and its `best_accuracy`; `ratio`:
    suggested / best; `word`: "too high" from 5 on, "too low" up to 1/5, else "near"; `tried`: the rate of a run nearest to the suggestion.

    runs: rate, accuracy and loss, None for one that failed. Returns None if all failed.
    """
    means = {rate: mean_of(runs, rate) for rate in {run["rate"] for run in runs}}
    ended = {rate: mean for rate, mean in means.items() if mean[0] is not None}
    if not ended:
        return None
    best = max(ended, key=lambda rate: (ended[rate][0], -ended[rate][1]))
    ratio = suggestion / best
    word = "too high" if ratio >= FACTOR else "too low" if ratio <= 1 / FACTOR else "near"
    tried = min(means, key=lambda rate: abs(rate - suggestion))
    return {"best": best, "best_accuracy": ended[best][0], "ratio": ratio, "word": word, "tried": tried}


def mean_of(runs: Sequence[dict[str, Any]], rate: float) -> tuple[float | None, float]:
    """Returns (mean accuracy, mean loss) of the runs at a rate; (None, inf) if one of them failed."""
    at = [run for run in runs if run["rate"] == rate]
    if any(run["accuracy"] is None for run in at):
        return None, float("inf")
    return sum(run["accuracy"] for run in at) / len(at), sum(run["loss"] for run in at) / len(at)
