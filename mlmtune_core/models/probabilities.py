"""Logits -> probabilities: softmax where one label holds, sigmoid where several may."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z - max z) / sum, over the last axis (C): the maximum is subtracted so that nothing overflows."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), each label by itself."""
    return 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -700, 700)))


def at_temperature(logits: Mapping[str, float], temperature: float, several: bool = False) -> dict[str, float]:
    """Probabilities by name of z / T, T the temperature (Hinton et al. 2015, section 2): below 1 sharper, above 1 flatter. Softmax, or
    sigmoid where `several` may hold. Neither the order of the labels nor on which side of one half a sigmoid lies depends on T.
    """
    scaled = np.array(list(logits.values()), dtype=np.float64) / temperature
    return dict(zip(logits, map(float, (sigmoid if several else softmax)(scaled)), strict=True))


def find_entropy(probabilities: Iterable[float]) -> float:
    """-sum p log2 p in bits: 0 where one label has it all, log2 of their number where all are alike."""
    shares = np.array([share for share in probabilities if share > 0])
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # no minus zero


def name_scores(logits: np.ndarray, probabilities: np.ndarray, label_names: Sequence[str]) -> dict[str, Any]:
    """`label` (the most likely), `logits` and `probabilities` by label name; logits (C,)."""
    return {
        "label": label_names[int(logits.argmax())],
        "logits": {name: float(value) for name, value in zip(label_names, logits, strict=True)},
        "probabilities": {name: float(value) for name, value in zip(label_names, probabilities, strict=True)},
    }
