"""Encoded examples -> padded tensors."""

from collections.abc import Iterator, Sequence

import torch

from mlmtune_core.models.devices import move
from mlmtune_core.tasks.base import IGNORE_INDEX, Encoded
from mlmtune_core.training.faster.prefix_cache import PrefixCache


def to_batch(encoded: Sequence[Encoded], pad_id: int, labels_are: str) -> dict[str, torch.Tensor]:
    """Padded to the longest: input_ids, attention_mask, token_type_ids (B, T); and labels.

    labels: (B,) for one number or one label a text, (B, C) for several, (B, T) for one a token, (B, 2) for one span.
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


def count_labels(batch: dict[str, torch.Tensor], labels_are: str) -> int:
    """How many things a batch asks for: what a mean loss was the mean of."""
    return int((batch["labels"] != IGNORE_INDEX).sum()) if labels_are == "one per token" else len(batch["labels"])


def batches(
    encoded: Sequence[Encoded],
    order: Sequence[Sequence[int]],
    pad_id: int,
    labels_are: str,
    device: torch.device,
    prefix: PrefixCache | None = None,
) -> Iterator[dict[str, torch.Tensor]]:
    """One padded batch per list of indices, on the device, with what a frozen prefix made of it where that is cached."""
    for indices in order:
        items = [encoded[i] for i in indices]
        batch = to_batch(items, pad_id, labels_are)
        yield move(prefix.add(items, batch) if prefix else batch, device)


def _pad(rows: Sequence[Sequence[int]], length: int, value: int) -> torch.Tensor:
    return torch.tensor([list(row) + [value] * (length - len(row)) for row in rows])
