"""Padded batches: lists of token ids become tensors of one length."""

from collections.abc import Iterator, Sequence

import torch

from mlmtune_core.models.devices import move_batch
from mlmtune_core.tasks.base import IGNORE_INDEX, Encoded
from mlmtune_core.training.setup import Batch, Prefix


def padded_batches(
    encoded: Sequence[Encoded],
    order: Sequence[Sequence[int]],
    pad_id: int,
    labels_are: str,
    device: torch.device,
    prefix: Prefix | None = None,
) -> Iterator[Batch]:
    """One padded batch for each list of indices in `order`, on the device; with what the frozen layers compute, if that is cached."""
    for indices in order:
        items = [encoded[i] for i in indices]
        batch = to_batch(items, pad_id, labels_are)
        yield move_batch(prefix.add(items, batch) if prefix else batch, device)


def to_batch(encoded: Sequence[Encoded], pad_id: int, labels_are: str) -> Batch:
    """Padded to the longest: input_ids, attention_mask and, if the tokenizer gives them, token_type_ids (B, T); and labels.

    labels: (B,) for one number or one label per text, (B, C) for several labels per text, (B, T) for one per token, (B, 2) for one span.
    """
    longest = max(item.length for item in encoded)
    batch = {
        name: _pad([item.inputs[name] for item in encoded], longest, pad_id if name == "input_ids" else 0)
        for name in encoded[0].inputs
    }
    batch["attention_mask"] = _pad([[1] * item.length for item in encoded], longest, 0)
    labels = [item.labels for item in encoded]
    batch["labels"] = _pad(labels, longest, IGNORE_INDEX) if labels_are == "one per token" else torch.tensor(labels)
    return batch


def count_labels(batch: Batch, labels_are: str) -> int:
    """How many labels the loss of a batch is the mean of."""
    return int((batch["labels"] != IGNORE_INDEX).sum()) if labels_are == "one per token" else len(batch["labels"])


def _pad(rows: Sequence[Sequence[int]], length: int, value: int) -> torch.Tensor:
    return torch.tensor([list(row) + [value] * (length - len(row)) for row in rows])
