"""Encoded examples -> padded tensors, batched by length with a seeded shuffle."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from mlmtune_core.config import RunConfig
from mlmtune_core.devices import move
from mlmtune_core.prefix_cache import PrefixCache
from mlmtune_core.tasks.base import IGNORE_INDEX, Encoded

BUCKET_BATCHES = 32


def order_by_length(encoded: Sequence[Encoded], batch_size: int) -> list[list[int]]:
    """Batches of indices, longest first: for measuring, where order does not matter."""
    order = sorted(range(len(encoded)), key=lambda i: -encoded[i].length)
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


def shuffle_by_length(
    encoded: Sequence[Encoded], batch_size: int, rng: np.random.Generator, batch_tokens: int = 0
) -> list[list[int]]:
    """Batches of indices in random order, each of inputs of similar length.

    All examples are shuffled, buckets of 32 batches are sorted by length and cut, and the batches are shuffled:
    chance decides who meets whom, and little is wasted on padding. A batch holds `batch_size` inputs, or as many as fit
    in `batch_tokens` tokens with their padding (at least one) where that is not 0.
    """
    order = rng.permutation(len(encoded))
    bucket = batch_size * BUCKET_BATCHES
    batches: list[list[int]] = []
    for start in range(0, len(order), bucket):
        inside = sorted(order[start : start + bucket].tolist(), key=lambda i: encoded[i].length)
        if batch_tokens:
            batches += _cut_by_tokens(inside, encoded, batch_tokens)
        else:
            batches += [inside[cut : cut + batch_size] for cut in range(0, len(inside), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def shuffle(encoded: Sequence[Encoded], config: RunConfig, rng: np.random.Generator) -> list[list[int]]:
    """The batches of one epoch of a run."""
    return shuffle_by_length(encoded, config.batch_size, rng, config.batch_tokens)


def count_steps(encoded: Sequence[Encoded], config: RunConfig) -> list[int]:
    """Steps of every epoch of a run: alike by number of examples; by tokens it depends on who meets whom."""
    if not config.batch_tokens:
        return [math.ceil(len(encoded) / config.batch_size)] * config.epochs
    rng = np.random.default_rng(config.seed)
    return [len(shuffle(encoded, config, rng)) for _ in range(config.epochs)]


def _cut_by_tokens(inside: Sequence[int], encoded: Sequence[Encoded], batch_tokens: int) -> list[list[int]]:
    """Inputs, shortest first, cut where one more would make the padded batch too large."""
    batches: list[list[int]] = []
    for i in inside:
        if batches and (len(batches[-1]) + 1) * encoded[i].length <= batch_tokens:
            batches[-1].append(i)
        else:
            batches.append([i])
    return batches


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
