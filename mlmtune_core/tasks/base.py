"""The protocol: the names that every task module has, in the order in which data flows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from torch import nn

IGNORE_INDEX = -100


@dataclass(frozen=True)
class Encoded:
    """One input of the model: `inputs` by name, each a list of T integers, and what it should answer.

    `example` is the index of the example it came from. `labels` is one number per text, or one per token
    (IGNORE_INDEX where nothing is asked). `words` holds, per token, the index of the word that this token
    answers for, or -1; a task with one label per text leaves it empty.
    """

    example: int
    inputs: dict[str, list[int]]
    labels: int | list[int]
    words: tuple[int, ...] = ()
    cut: int = 0

    @property
    def length(self) -> int:
        """Number of tokens T, [CLS] and [SEP] included."""
        return len(self.inputs["input_ids"])


class Task(Protocol):
    """What `training` and `worker` ask of a task module."""

    TITLE: str
    COLUMNS: tuple[str, ...]
    LABELS_ARE: str
    BEST_METRIC: tuple[str, str]

    def to_examples(self, rows: Sequence[dict[str, Any]]) -> list[Any]: ...
    def find_labels(self, examples: Sequence[Any]) -> list[str]: ...
    def encode(
        self,
        examples: Sequence[Any],
        tokenizer: Any,
        label_names: Sequence[str],
        max_length: int,
        label_all_pieces: bool = False,
    ) -> list[Encoded]: ...
    def build_head(self, hidden_size: int, label_names: Sequence[str], head: str, dropout: float) -> "nn.Module": ...
    def compute_loss(self, logits: "torch.Tensor", batch: dict[str, "torch.Tensor"]) -> "torch.Tensor": ...
    def decode(
        self, logits: Sequence[Any], encoded: Sequence[Encoded], examples: Sequence[Any], label_names: Sequence[str]
    ) -> dict[int, Any]: ...
    def compute_metrics(self, predictions: dict[int, Any], examples: Sequence[Any]) -> dict[str, float]: ...
    def BASELINE(self, train_examples: Sequence[Any], examples: Sequence[Any]) -> dict[int, Any]: ...  # noqa: N802
