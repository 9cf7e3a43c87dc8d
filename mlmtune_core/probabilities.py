"""Logits -> probabilities: softmax where one label holds, sigmoid where several may."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z - max z) / sum, over the last axis (C): the maximum is subtracted so that nothing overflows."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), each label by itself."""
    return 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -700, 700)))


def name_scores(logits: np.ndarray, probabilities: np.ndarray, label_names: Sequence[str]) -> dict[str, Any]:
    """`label` (the most likely), `logits` and `probabilities` by label name; logits (C,)."""
    return {
        "label": label_names[int(logits.argmax())],
        "logits": {name: float(value) for name, value in zip(label_names, logits, strict=True)},
        "probabilities": {name: float(value) for name, value in zip(label_names, probabilities, strict=True)},
    }
