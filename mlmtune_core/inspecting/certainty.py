"""How confident a model is and how often it is right: calibration, confident mistakes, slices of the data."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlmtune_core.inspecting.projection import Points, find_confidences, find_points
from mlmtune_core.runs.shelf import open_run

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """One row per non-empty bin: mean confidence, accuracy, count; and the expected calibration error."""

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


def find_calibration(confidences: np.ndarray, right: np.ndarray, bins: int = BINS) -> Calibration:
    """Bins (N,) confidences of the given answers, with whether they are right, into bins of equal width.

    The error is the mean over answers of |confidence - accuracy| of their bin (Guo et al. 2017, eq. 3).
    """
    inside = np.minimum((confidences * bins).astype(int), bins - 1)
    held = [inside == i for i in range(bins) if (inside == i).any()]
    confidence = np.array([confidences[those].mean() for those in held])
    accuracy = np.array([right[those].mean() for those in held])
    count = np.array([those.sum() for those in held])
    error = float((np.abs(confidence - accuracy) * count).sum() / max(1, count.sum()))
    return Calibration(confidence, accuracy, count, error)


SHOWN = 50
SLICES = 4  # slices of equal size


def find_certainty(name: str, split: str = "validation") -> dict[str, Any]:
    """Returns, for run `name`, `calibration` (rows with `confidence`, `accuracy`, `count`) and its `error`; `confident_errors` and `least_certain`,
    rows with `row`, `text`, `true`, `predicted`, `confidence`; `slices`, rows with `by` (length or label), `slice`, `accuracy`, `count`.
    """
    points = find_points(open_run(name), split)
    confidences = find_confidences(points)
    right = np.array([said == true for said, true in zip(points.said, points.truth, strict=True)])
    found = find_calibration(confidences, right)
    surest, doubtful = np.argsort(-confidences, kind="stable"), np.argsort(confidences, kind="stable")
    return {
        "calibration": [
            {"confidence": float(mean), "accuracy": float(share), "count": int(count)}
            for mean, share, count in zip(found.confidence, found.accuracy, found.count, strict=True)
        ],
        "error": found.error,
        "confident_errors": _list(points, confidences, [i for i in surest if not right[i]]),
        "least_certain": _list(points, confidences, list(doubtful)),
        "slices": [*_slice_by_length(points, right), *_slice_by_label(points, right)],
    }


def _list(points: Points, confidences: np.ndarray, order: list[int]) -> list[dict[str, Any]]:
    return [
        {
            "row": int(points.rows[i]),
            "text": points.texts[i],
            "true": _name(points.truth[i]),
            "predicted": _name(points.said[i]),
            "confidence": float(confidences[i]),
        }
        for i in order[:SHOWN]
    ]


def _slice_by_length(points: Points, right: np.ndarray) -> list[dict[str, Any]]:
    """Slices by number of words, in SLICES parts of similar size; texts of one length stay together."""
    lengths = np.array(points.lengths)
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, SLICES + 1)).astype(int))
    rows = []
    for low, high in zip(edges, [*edges[1:-1] - 1, edges[-1]] if len(edges) > 1 else edges, strict=False):
        those = (lengths >= low) & (lengths <= high)
        if those.any():
            rows.append({"by": "length", "slice": f"{low}–{high}" if low < high else str(low), "accuracy": float(right[those].mean()), "count": int(those.sum())})  # fmt: skip
    return rows


def _slice_by_label(points: Points, right: np.ndarray) -> list[dict[str, Any]]:
    names = [_name(label) for label in points.truth]
    rows = []
    for name in sorted(set(names)):
        those = np.array([each == name for each in names])
        rows.append({"by": "label", "slice": name, "accuracy": float(right[those].mean()), "count": int(those.sum())})
    return rows


def _name(label: Any) -> str:
    return ", ".join(label) if isinstance(label, list) else str(label)
