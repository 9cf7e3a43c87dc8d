"""The task protocol: the names that every task module defines, in the order in which data flows."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mlmtune_core.models.masking import IGNORE_INDEX as IGNORE_INDEX  # every task and batching take it from here

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Encoded:
    """One input of the model: `inputs` by name, each a list of T integers, and what it should answer.

    `example` is the index of the example it came from. `labels` is what LABELS_ARE says: one number per text (or
    a list of 0 and 1, one per label name, where several labels may hold), one number per token (IGNORE_INDEX where
    nothing is asked), one span (start and end token), or one score.
    `words` holds, per token, the index of the word that this token answers for, or -1; `offsets` holds, per token,
    where it stands in the context (-1 outside). Tasks that need neither leave them empty. `cut`: sub-words lost.
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
        """16 bytes that stand for all the encoder reads."""
        state = hashlib.blake2b(digest_size=16)
        for name in sorted(self.inputs):
            state.update(name.encode())
            state.update(np.asarray(self.inputs[name], dtype=np.int32).tobytes())
        return state.digest()


@dataclass(frozen=True)
class Dataset:
    """Examples of one split and what the tokenizer made of them; `redraw` makes the inputs of an epoch, where they differ from epoch to epoch.

    `vocabulary`: how many tokens the tokenizer knows; 0 where that does not matter.
    """

    examples: Sequence[Any]
    encoded: Sequence[Encoded]
    redraw: Callable[[int], Sequence[Encoded]] | None = None
    vocabulary: int = 0

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens of every input."""
        return [item.length for item in self.encoded]

    def of_epoch(self, epoch: int) -> Sequence[Encoded]:
        """The inputs as they are learnt from in an epoch (1 is the first); their lengths are always the same."""
        return self.redraw(epoch) if self.redraw else self.encoded


class Task(Protocol):
    """What `training`, `worker`, `predicting` and `reviewing` ask of a task module.

    TITLE: its name. COLUMNS: the roles it needs. LABELS_ARE: "one per text", "one per token", "one span" or
    "one number" (how batching pads). BEST_METRIC: what ranks runs, and whether "max" or "min" is better.
    BASELINE: the trivial predictor it must beat, from what is learnt from and what is measured with.
    encode: `label_all_pieces` is for tasks on tokens, `truncation` for those with one answer per text; the others read windows and cut nothing.
    build_head: `vectors` of the hidden size are read one after the other (see pooling); tasks on tokens read one of each.

    Where inputs are drawn by chance there is one name more: redraw(encoded, tokenizer, seed, epoch) -> encoded. Where nothing is
    frozen it is asked in every epoch; else inputs stay, so that what frozen layers make of them is computed once.
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
        """One input as the pages show it: plain values, and `view`, which names the way to draw it."""

    def review(
        self, predictions: dict[int, Any], examples: Sequence[Any], label_names: Sequence[str]
    ) -> dict[str, Any]:
        """What was right and wrong on many examples, as plain tables: `classes`, `confusion`, `pairs`, ..."""

    def find_truth(self, example: Any) -> Any:
        """What should have been answered, in the terms of `decode`."""
