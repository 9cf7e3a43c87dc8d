"""From a head's input to logits, probabilities, loss, gradient and one step: every number, in float64."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlmtune_core.models.probabilities import sigmoid, softmax


@dataclass(frozen=True)
class Linear:
    """The last layer of a head and its input: Z = H W + b, the chapter's z = hW + b for each row of H.

    vectors: H, (N, D). N is 1 except for "one place" (a start or an end among N tokens). weight: W, (D, C). bias: b, (C,).
    kind: what turns Z (N, C) into probabilities. "one label": softmax over C; "one place": softmax over N (C = 1);
    "several labels": a sigmoid each; "one number": nothing, z is the answer in standard deviations (N = C = 1).
    """

    vectors: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    kind: str

    @property
    def logits(self) -> np.ndarray:
        """Z as one row, (N * C,)."""
        return (self.vectors @ self.weight + self.bias).reshape(-1)


@dataclass(frozen=True)
class Products:
    """One logit as a sum: z = rest + bias + the sum of `values`, which are h_j * W_jk at indices `places`, the largest by size first."""

    places: np.ndarray
    inputs: np.ndarray
    weights: np.ndarray
    values: np.ndarray
    rest: float
    bias: float
    logit: float


@dataclass(frozen=True)
class Softmax:
    """The steps of a softmax, each (K,): shifted = z - max z, powers = e^shifted, probabilities = powers / total."""

    maximum: float
    shifted: np.ndarray
    powers: np.ndarray
    total: float
    probabilities: np.ndarray


@dataclass(frozen=True)
class Loss:
    """The loss of an answer, and its derivative by each logit, (K,)."""

    value: float
    gradient: np.ndarray


def split_logit(layer: Linear, index: int, count: int) -> Products:
    """Returns the `count` largest products in logit number `index` of `layer.logits`; fewer if there are fewer."""
    row, column = divmod(index, layer.weight.shape[1])
    vector, weights = layer.vectors[row], layer.weight[:, column]
    values = vector * weights
    places = np.argsort(-np.abs(values), kind="stable")[:count]
    rest, bias = float(np.delete(values, places).sum()), float(layer.bias[column])
    return Products(places, vector[places], weights[places], values[places], rest, bias, float(values.sum() + bias))


def split_softmax(logits: np.ndarray) -> Softmax:
    """Returns the steps of the softmax of logits (K,). Subtracting the maximum changes no probability, and nothing overflows."""
    shifted = logits - logits.max()
    powers = np.exp(shifted)
    return Softmax(float(logits.max()), shifted, powers, float(powers.sum()), powers / powers.sum())


def find_probabilities(layer: Linear) -> np.ndarray:
    """Returns what the page calls the probability of each logit, (K,); for one number, the number itself."""
    if layer.kind == "one number":
        return layer.logits
    return sigmoid(layer.logits) if layer.kind == "several labels" else softmax(layer.logits)


def find_loss(layer: Linear, truth: Any) -> Loss:
    """Returns the loss of training (the mean over a batch of one), and its gradient by the logits.

    truth: the index of the true logit; for "several labels" a row of 0 and 1, (K,); for "one number" the score in
    standard deviations. Cross-entropy -log p and its p - y (Goodfellow, Bengio and Courville 2016, 6.2.2.3); binary
    cross-entropy, the mean over the labels; squared error (z - y)^2.
    """
    logits = layer.logits
    if layer.kind == "one number":
        off = logits - float(truth)
        return Loss(float((off**2).sum()), 2 * off)
    if layer.kind == "several labels":
        wanted = np.asarray(truth, dtype=np.float64)
        losses = np.logaddexp(0, logits) - wanted * logits  # -y log p - (1 - y) log(1 - p), which cannot overflow
        return Loss(float(losses.mean()), (sigmoid(logits) - wanted) / len(logits))
    wanted = np.eye(len(logits))[int(truth)]
    loss = np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[int(truth)]
    return Loss(float(loss), softmax(logits) - wanted)


def find_gradients(layer: Linear, loss: Loss) -> tuple[np.ndarray, np.ndarray]:
    """Returns (dL/dW, (D, C); dL/db, (C,)): with G = dL/dZ, (N, C), they are H^T G and the sum of G over the rows."""
    gradient = loss.gradient.reshape(len(layer.vectors), -1)
    return layer.vectors.T @ gradient, gradient.sum(axis=0)


def take_step(layer: Linear, truth: Any, rate: float) -> Linear:
    """Returns the layer after one step of plain gradient descent on this example: W - rate dL/dW, b - rate dL/db."""
    by_weight, by_bias = find_gradients(layer, find_loss(layer, truth))
    return replace(layer, weight=layer.weight - rate * by_weight, bias=layer.bias - rate * by_bias)


TOKENS = ("A", "Apple", "foi", "fundada", "por", "Steve", "Jobs", "na", "Califórnia")
CLASSES = ("B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "O")
SIZE = 768
PRINTED = (2, 0, 0, 3, 1, 4, 5, 5, 5)  # as in the chapter's program
MEANT = (5, 0, 5, 5, 5, 2, 3, 5, 4)  # as the chapter's text expects, in the order of CLASSES


@dataclass(frozen=True)
class ChapterCase:
    """H (9, 768), W (768, 6) and b (6,), drawn as the chapter's program draws them."""

    vectors: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def of(self, token: int) -> Linear:
        """Returns the layer on one token."""
        return Linear(self.vectors[[token]], self.weight, self.bias, "one label")

    def losses(self, labels: tuple[int, ...]) -> np.ndarray:
        """Returns the cross-entropy of every token, (9,); their mean is the loss that the program would print."""
        return np.array([find_loss(self.of(token), label).value for token, label in enumerate(labels)])


def draw_case(seed: int = 0) -> ChapterCase:
    """Draws h from N(0, 1) as torch.randn does, W and b uniform in ±1/sqrt(768) as torch.nn.Linear does; by numpy, so that each seed has its own numbers."""
    rng = np.random.default_rng(seed)
    reach = 1 / np.sqrt(SIZE)
    vectors = rng.standard_normal((len(TOKENS), SIZE))
    return ChapterCase(
        vectors, rng.uniform(-reach, reach, (SIZE, len(CLASSES))), rng.uniform(-reach, reach, len(CLASSES))
    )
