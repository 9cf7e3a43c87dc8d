"""Answers of a run to the test examples as the numbers of whose sums its score is made, an example each"""

from collections.abc import Sequence
from typing import Any

from mlmtune_core import metrics
from mlmtune_core.config import RANKED_BY, RunConfig


def count(config: RunConfig, true: Sequence[Any], said: Sequence[Any]) -> list[list[float]]:
    """For every example the numbers of whose sums its score is made (see verdicts: mean, f1, pearson)."""
    metric = RANKED_BY[config.task]
    if metric == "entity_f1":
        pairs = [(set(metrics.find_entities(one)), set(metrics.find_entities(other))) for one, other in zip(true, said, strict=True)]
        return [[float(len(want & got)), float(len(want) + len(got))] for want, got in pairs]
    if metric == "pearson":
        return [[1.0, x, y, x * x, y * y, x * y] for x, y in zip(map(float, true), map(float, said), strict=True)]
    if metric == "answer_f1":
        return [[metrics.answers([one], [other])["answer_f1"], 1.0] for one, other in zip(true, said, strict=True)]
    return [[float(one == other), 1.0] for one, other in zip(true, said, strict=True)]
