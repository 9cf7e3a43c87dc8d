"""Whether a model is as often right as it says: answers in groups of like confidence"""

from dataclasses import dataclass

import numpy as np

BINS = 10
WITHOUT = ("regression", "question_answering")  # tasks that give no probability of an answer as a whole


@dataclass(frozen=True)
class Calibration:
    """A row for each bin that holds an answer: mean confidence, share that is right, how many; and the expected calibration error."""

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


def find_calibration(confidences: np.ndarray, right: np.ndarray, bins: int = BINS) -> Calibration:
    """(N,) probabilities of the given answers and whether they are right -> bins of equal width.

    The error is the mean over answers of |confidence - accuracy| of their bin (Guo et al. 2017, eq. 3).
    """
    inside = np.minimum((confidences * bins).astype(int), bins - 1)
    held = [inside == i for i in range(bins) if (inside == i).any()]
    confidence = np.array([confidences[those].mean() for those in held])
    accuracy = np.array([right[those].mean() for those in held])
    count = np.array([those.sum() for those in held])
    error = float((np.abs(confidence - accuracy) * count).sum() / max(1, count.sum()))
    return Calibration(confidence, accuracy, count, error)
