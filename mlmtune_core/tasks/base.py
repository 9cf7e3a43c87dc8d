"""The task protocol: the names that every task module defines, in the order in which data flows."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlmtune_core.models.masking import IGNORE_INDEX as IGNORE_INDEX  # re-exported for tasks and batches

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Encoded:
    """One input of the model: `inputs` by name, each a list of T integers, and its label.

    `example` is the index of its example. `labels` is what LABELS_ARE says: one number per text (or a list of 0 and 1, one per label
    name, for several labels), one number per token (IGNORE_INDEX if the token has none), one span (start and end token), or one score.
    `words` holds, per token, the index of the word that this token answers for, or -1; `offsets` holds, per token, its
    position in the context (-1 outside). Tasks that need neither leave them empty. `cut`: sub-words lost to truncation.
    """

    example: int
    inputs: dict[str, list[int]]
    labels: Any
    words: tuple[int, ...] = ()
    offsets: tuple[tuple[int, int], ...] = ()
    cut: int = 0

    @property
    def length(self) -> int:
        """Number of tokens T, [CLS] and [SEP] included."""
        return len(self.inputs["input_ids"])

    @cached_property
    def digest(self) -> bytes:
        """16 bytes that identify everything that the encoder reads."""
        state = hashlib.blake2b(digest_size=16)
        for name in sorted(self.inputs):
            state.update(name.encode())
            state.update(np.asarray(self.inputs[name], dtype=np.int32).tobytes())
        return state.digest()


@dataclass(frozen=True)
class Dataset:
    """Examples of one split, encoded. `redraw` makes the inputs of an epoch, if they differ from epoch to epoch.

    `vocabulary`: size of the tokenizer's vocabulary; 0 if it does not matter.
    """

    examples: Sequence[Any]
    encoded: Sequence[Encoded]
    redraw: Callable[[int], Sequence[Encoded]] | None = None
    vocabulary: int = 0

    @cached_property
    def lengths(self) -> list[int]:
        """Number of tokens of every input."""
        return [item.length for item in self.encoded]

    def of_epoch(self, epoch: int) -> Sequence[Encoded]:
        """Returns the training inputs of an epoch, from 1; their lengths are the same in every epoch."""
        return self.redraw(epoch) if self.redraw else self.encoded


class Task(Protocol):
    """What the core asks of a task module.

    TITLE: its name. COLUMNS: the roles it needs. LABELS_ARE: "one per text", "one per token", "one span" or
    "one number" (how labels are padded). BEST_METRIC: what ranks runs, and whether "max" or "min" is better.
    BASELINE: the trivial predictor it must beat, from the training and the evaluated examples.
    encode: `label_all_pieces` is for tasks on tokens, `truncation` for those with one answer per text; the others read windows and truncate nothing.
    build_head: reads `vectors` concatenated vectors of the hidden size (see model.pool); tasks on tokens read one of each.

    If inputs are random, there is one more name: redraw(encoded, tokenizer, seed, epoch) -> encoded. Without frozen layers it is called in
    every epoch; with them inputs stay, so that the frozen layers' outputs are computed once.
    """

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
        truncation: str = "head",
    ) -> list[Encoded]: ...
    def build_head(
        self, hidden_size: int, label_names: Sequence[str], head: str, dropout: float, vectors: int = 1
    ) -> "nn.Module": ...
    def compute_loss(self, logits: "torch.Tensor", batch: dict[str, "torch.Tensor"]) -> "torch.Tensor": ...
    def decode(
        self, logits: Sequence[Any], encoded: Sequence[Encoded], examples: Sequence[Any], label_names: Sequence[str]
    ) -> dict[int, Any]: ...
    def compute_metrics(self, predictions: dict[int, Any], examples: Sequence[Any]) -> dict[str, float]: ...
    def BASELINE(self, train: Dataset, others: Dataset) -> dict[int, Any]: ...  # noqa: N802
    def explain(
        self,
        logits: Sequence[Any],
        encoded: Sequence[Encoded],
        example: Any,
        label_names: Sequence[str],
        tokenizer: Any,
    ) -> dict[str, Any]:
        """Returns one answer for the pages: plain values, and `view`, which names the way to draw it."""

    def review(
        self, predictions: dict[int, Any], examples: Sequence[Any], label_names: Sequence[str]
    ) -> dict[str, Any]:
        """Returns what was right and wrong on many examples, as plain tables: `classes`, `confusion`, `pairs`, ..."""

    def find_truth(self, example: Any) -> Any:
        """Returns the true answer, in the terms of `decode`."""
