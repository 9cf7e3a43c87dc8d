"""The chapter's own example of labelling a sentence: 9 tokens, vectors of 768 random numbers, 6 classes; and its labels, twice"""

from dataclasses import dataclass

import numpy as np

from mlmtune_core.inspecting.arithmetic import Linear, find_loss

TOKENS = ("A", "Apple", "foi", "fundada", "por", "Steve", "Jobs", "na", "Califórnia")
CLASSES = ("B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "O")
SIZE = 768
PRINTED = (2, 0, 0, 3, 1, 4, 5, 5, 5)  # as the chapter's program has them
MEANT = (5, 0, 5, 5, 5, 2, 3, 5, 4)  # what its text expects, in the order of CLASSES


@dataclass(frozen=True)
class ChapterCase:
    """H (9, 768), W (768, 6) and b (6,), drawn as the chapter's program draws them."""

    vectors: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def of(self, token: int) -> Linear:
        """The layer on one token."""
        return Linear(self.vectors[[token]], self.weight, self.bias, "one label")

    def losses(self, labels: tuple[int, ...]) -> np.ndarray:
        """The cross-entropy of every token, (9,); their mean is the loss that the program would print."""
        return np.array([find_loss(self.of(token), label).value for token, label in enumerate(labels)])


def draw_case(seed: int = 0) -> ChapterCase:
    """h from N(0, 1) as torch.randn, W and b uniform in ±1/sqrt(768) as torch.nn.Linear begins; the numbers are numpy's, for every seed its own."""
    rng = np.random.default_rng(seed)
    reach = 1 / np.sqrt(SIZE)
    vectors = rng.standard_normal((len(TOKENS), SIZE))
    return ChapterCase(
        vectors, rng.uniform(-reach, reach, (SIZE, len(CLASSES))), rng.uniform(-reach, reach, len(CLASSES))
    )
