"""Turns logits into probabilities: softmax for one label per text, sigmoid for several."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z - max z) / sum, over the last axis (C). Subtracting the maximum prevents overflow."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), for each label independently."""
    return 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -700, 700)))


def at_temperature(logits: Mapping[str, float], temperature: float, multi_label: bool = False) -> dict[str, float]:
    """Returns label name -> probability, from the logits divided by the temperature T (Hinton et al. 2015, section 2).

    T below 1 makes the distribution sharper, above 1 flatter. Sigmoid if `multi_label`, else softmax. The order of the labels does not
    depend on T, nor does the side of 0.5 on which a sigmoid lies.
    """
    scaled = np.array(list(logits.values()), dtype=np.float64) / temperature
    return dict(zip(logits, map(float, (sigmoid if multi_label else softmax)(scaled)), strict=True))


def find_entropy(probabilities: Iterable[float]) -> float:
    """-sum p log2 p, in bits: 0 if one label has probability 1, log2 of the number of labels if all are equally likely."""
    positive = np.array([p for p in probabilities if p > 0])
    return float(-(positive * np.log2(positive)).sum()) + 0.0  # turns -0.0 into 0.0


def name_scores(logits: np.ndarray, probabilities: np.ndarray, label_names: Sequence[str]) -> dict[str, Any]:
    """Returns `label` (the most likely one), and `logits` and `probabilities` by label name. Both arrays have shape (C,)."""
    return {
        "label": label_names[int(logits.argmax())],
        "logits": {name: float(value) for name, value in zip(label_names, logits, strict=True)},
        "probabilities": {name: float(value) for name, value in zip(label_names, probabilities, strict=True)},
    }
