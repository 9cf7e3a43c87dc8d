"""Computes what the frozen layers give once per text, instead of once per text and epoch."""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mlmtune_core.config import RunConfig
from mlmtune_core.models import checkpoints
from mlmtune_core.models.devices import move_batch
from mlmtune_core.models.freezing import count_frozen_layers
from mlmtune_core.models.model import Model, can_split, run_lower_layers
from mlmtune_core.tasks.base import Dataset, Encoded
from mlmtune_core.training.faster.embedding_rows import rows_in_use
from mlmtune_core.training.faster.mapped_rows import reserve
from mlmtune_core.training.faster.prefix_store import borrow, make_key, publish
from mlmtune_core.training.setup import Batch, Setup

MEMORY_MB = int(os.environ.get("MLMTUNE_CACHE_MEMORY_MB", "64"))

# key -> (where this run publishes its activations, where all runs have published theirs); see Run.shared_cache
SharedFiles = Callable[[str], tuple[Path, list[Path]]]


class PrefixCache:
    """The activations that enter the first trainable layer, one set per example, computed at first use.

    Frozen blocks run without dropout, so their activations are constants. If only a head on whole texts is trained, one vector per example
    is stored, the one that the head reads (`pooled`, see Model.read); otherwise one per token. Up to MEMORY_MB they stay in memory, beyond
    that they go to a memory-mapped file.

    In a batch with other texts the activations of a text differ in their last bits. A resumed run therefore brings along those that it
    had (`snapshot`, `restore`) and borrows nothing new.
    """

    def __init__(
        self,
        model: Model,
        pooled: bool,
        encoded: Sequence[Encoded],
        config: RunConfig,
        file: Path | None = None,
        shared: SharedFiles | None = None,
        resumed: bool = False,
    ) -> None:
        self._model = model
        self._pooled = pooled
        self._places: dict[bytes, tuple[int, int]] = {}
        end = 0
        for item in encoded:
            if item.digest not in self._places:
                length = 1 if pooled else item.length
                self._places[item.digest] = (end, end + length)
                end += length
        self._has_file = resumed and file is not None and file.exists()
        size = model.encoder.config.hidden_size * (model.vectors_read if pooled else 1)
        self._rows = reserve(end, size, file, MEMORY_MB * 2**20, resumed)
        self._known: set[bytes] = set()
        vectors = config.pooling if pooled else "tokens"
        weights = json.dumps([config.initial_weights, config.encoder_settings.get("seed")])
        folder = checkpoints.find_folder(config.checkpoint)
        self._key = make_key(folder, weights, model.encoder.config.num_hidden_layers, model.boundary, vectors)
        self._shared, self._to_publish = shared, shared is not None

    def borrow(self) -> None:
        """Copies what earlier runs published for this checkpoint, cut at the same layer."""
        if self._shared:
            self._known |= borrow(self._shared(self._key)[1], self._places, self._rows)
            self._to_publish = len(self._known) < len(self._places)  # nothing to add if others have it all

    def snapshot(self) -> dict[str, torch.Tensor]:
        """What `restore` needs; empty once this run has published everything in its folder."""
        if self._published():
            return {}
        known = [digest for digest in self._places if digest in self._known]
        snapshot = {"digests": torch.from_numpy(np.frombuffer(b"".join(known), np.uint8).reshape(len(known), -1).copy())}
        if self._rows.file:
            self._rows.flush()
            return snapshot
        places = [torch.arange(*self._places[digest]) for digest in known]
        return snapshot | {"values": self._rows.values[torch.cat(places)] if known else self._rows.values[:0]}

    def restore(self, snapshot: Mapping[str, torch.Tensor]) -> None:
        """Instead of `borrow`: takes over what this run had before it was interrupted."""
        if self._shared and self._published():
            self._known |= borrow([self._shared(self._key)[0]], self._places, self._rows)
            self._to_publish = False
        if not snapshot or ("values" not in snapshot and not self._has_file):  # its file is gone: computed anew
            return
        known, end = [bytes(digest) for digest in snapshot["digests"].numpy()], 0
        for digest in known if "values" in snapshot else ():
            start, stop = self._places[digest]
            self._rows.copy(start, snapshot["values"][end : end + stop - start])
            end += stop - start
        self._known.update(known)

    def _published(self) -> bool:
        return self._shared is not None and self._shared(self._key)[0].is_file()

    @property
    def known_share(self) -> float:
        """The share of inputs whose activations are computed already."""
        return len(self._known) / len(self._places)

    def publish(self) -> None:
        """Leaves everything for later runs, once all of it is computed."""
        if self._shared and self._to_publish and len(self._known) == len(self._places):
            publish(self._shared(self._key)[0], self._places, self._rows, self._shared("*")[1])
            self._to_publish = False

    def add(self, items: Sequence[Encoded], batch: Batch) -> Batch:
        """The batch of these items (not yet on a card) with `hidden`: (B, T, H), or (B, 1, D) for a head on whole texts; zeros as padding."""
        keys = [item.digest for item in items]
        if not self._known.issuperset(keys):
            self._store(keys, run_lower_layers(self._model, move_batch(batch, self._model.encoder.device)))
        places = [self._places[key] for key in keys]
        width = 1 if self._pooled else batch["input_ids"].shape[1]
        hidden = torch.zeros(len(keys), width, self._rows.values.shape[1])
        for row, (start, end) in zip(hidden, places, strict=True):
            row[: end - start] = self._rows.values[start:end]
        self._rows.used(hidden.numel())
        return batch | {"hidden": hidden}

    def _store(self, keys: Sequence[bytes], hidden: torch.Tensor) -> None:
        for key, row in zip(keys, hidden, strict=True):
            start, end = self._places[key]
            self._rows.copy(start, row[: end - start])
        self._known.update(keys)


def make_prefix(
    config: RunConfig,
    model: Model,
    encoded: Sequence[Encoded],
    few: Batch,
    file: Path | None = None,
    shared: SharedFiles | None = None,
    resumed: bool = False,
) -> PrefixCache | None:
    """An empty cache for these inputs; None if no layer is frozen, or if the batch `few` shows that the encoder cannot be cut.

    `file` takes what is too much for memory; `resumed`: it may hold it already.
    """
    layers = model.encoder.config.num_hidden_layers
    model.boundary = count_frozen_layers(config.strategy, model.encoder)
    if model.boundary < layers:  # frozen layers that the head reads must lie above the cut, or enter there
        model.boundary = min(model.boundary, layers + 1 - model.vectors_read)
    if not model.boundary or not can_split(model, few):
        return None
    pooled = model.boundary == layers and model.head.reads_one_vector
    return PrefixCache(model, pooled, encoded, config, file, shared, resumed)


def add_shortcuts(
    setup: Setup,
    few: Batch,
    datasets: Iterable[Dataset],
    file: Path | None = None,
    shared: SharedFiles | None = None,
    resumed: bool = False,
) -> tuple[Setup, PrefixCache | None]:
    """The setup with everything in this room that makes its training faster, and the prefix cache, still empty (see `make_prefix`)."""
    encoded = [item for dataset in datasets for item in dataset.encoded]
    prefix = make_prefix(setup.config, setup.model, encoded, few, file, shared, resumed)
    return replace(setup, prefix=prefix, embeddings=rows_in_use), prefix
