"""What an answer costs that knows only how frequent each label is, and how one-sided a model's answers are"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlmtune_core.tasks.base import IGNORE_INDEX, Encoded


def find_prior_loss(encoded: Sequence[Encoded], labels_are: str, label_names: Sequence[str]) -> float | None:
    """The loss of answering every training input alike, with the share of each label: the entropy of the labels in nats.

    Where several labels may hold, the mean over the labels; for standardised numbers their variance, in deviations². None where
    no such answer exists: spans, and masked words, whose labels have no names.
    """
    if labels_are == "one span" or not label_names:
        return None
    labels = [np.asarray(item.labels, dtype=float) for item in encoded]
    if labels_are == "one number":
        return float(np.var(labels))
    if labels[0].ndim and labels_are == "one per text":
        return float(np.mean([_entropy([share, 1 - share]) for share in np.mean(labels, axis=0)]))
    counts = np.unique([label for each in labels for label in each.flat if label != IGNORE_INDEX], return_counts=True)[
        1
    ]
    return _entropy(counts / max(1, counts.sum()))


def find_top_share(predictions: Mapping[int, Any], labels_are: str) -> float | None:
    """The share of the most frequent answer among all of them; None where a text has more than one label, or another kind of answer."""
    said = list(predictions.values())
    if labels_are != "one per text" or not said or not isinstance(said[0], str):
        return None
    return Counter(said).most_common(1)[0][1] / len(said)


def _entropy(shares: Sequence[float]) -> float:
    return sum(-share * math.log(share) for share in map(float, shares) if share > 0)
