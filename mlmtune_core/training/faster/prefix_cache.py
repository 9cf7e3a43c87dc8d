"""What a frozen prefix computes, computed once."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from mlmtune_core.config import RunConfig
from mlmtune_core.models import checkpoints
from mlmtune_core.models.devices import move
from mlmtune_core.models.freezing import find_boundary
from mlmtune_core.models.model import Model, can_cut, run_below
from mlmtune_core.runs.run import Run
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.training.faster.mapped_rows import reserve
from mlmtune_core.training.faster.prefix_store import borrow, make_key, publish

MEMORY_MB = int(os.environ.get("MLMTUNE_CACHE_MEMORY_MB", "64"))


class PrefixCache:
    """The activations that enter the first layer which learns, of every example, once they have been asked for.

    Frozen blocks run without dropout, so these are constants. Where only a head on a whole text learns, the one vector that it reads is kept
    of an example (`pooled`, see Model.read), else one a token. Up to MEMORY_MB they stay in memory, beyond that in a file that is mapped.

    In other company a text's activations differ in their last bits: a run that goes on after an interruption brings along
    those that it had (`kept`), and borrows nothing new.
    """

    def __init__(
        self, model: Model, pooled: bool, encoded: Sequence[Encoded], run: Run, config: RunConfig, file: Path, again: bool = False
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
        self._has_file = again and file.exists()
        size = model.encoder.config.hidden_size * (model.vectors_read if pooled else 1)
        self._rows = reserve(end, size, file, MEMORY_MB * 2**20, again)
        self._known: set[bytes] = set()
        self._run, self._to_publish = run, True
        vectors = config.pooling if pooled else "tokens"
        weights = json.dumps([config.initial_weights, config.encoder_settings.get("seed")])
        self._key = make_key(checkpoints.find_folder(config.checkpoint), weights, model.encoder.config.num_hidden_layers, model.boundary, vectors)

    def borrow(self) -> None:
        """Takes over what earlier runs computed with this checkpoint, cut at the same boundary."""
        self._known |= borrow(self._run.shared_cache(self._key)[1], self._places, self._rows)
        self._to_publish = len(self._known) < len(self._places)  # where others have it all there is nothing to add

    def kept(self) -> dict[str, torch.Tensor]:
        """What `restore` needs; nothing where this run has left it all for others, in its folder."""
        if self._published():
            return {}
        known = [digest for digest in self._places if digest in self._known]
        kept = {"digests": torch.from_numpy(np.frombuffer(b"".join(known), np.uint8).reshape(len(known), -1).copy())}
        if self._rows.file:
            self._rows.flush()
            return kept
        places = [torch.arange(*self._places[digest]) for digest in known]
        return kept | {"values": self._rows.values[torch.cat(places)] if known else self._rows.values[:0]}

    def restore(self, kept: Mapping[str, torch.Tensor]) -> None:
        """Instead of `borrow`: takes over what this run had before it was interrupted."""
        if self._published():
            self._known |= borrow([self._run.shared_cache(self._key)[0]], self._places, self._rows)
            self._to_publish = False
        if not kept or ("values" not in kept and not self._has_file):  # its file is gone: computed anew
            return
        known, end = [bytes(digest) for digest in kept["digests"].numpy()], 0
        for digest in known if "values" in kept else ():
            start, stop = self._places[digest]
            self._rows.copy(start, kept["values"][end : end + stop - start])
            end += stop - start
        self._known.update(known)

    def _published(self) -> bool:
        return self._run.shared_cache(self._key)[0].is_file()

    @property
    def known_share(self) -> float:
        """The share of inputs whose activations are there already."""
        return len(self._known) / len(self._places)

    def publish(self) -> None:
        """Leaves everything for later runs, once all of it is known."""
        if self._to_publish and len(self._known) == len(self._places):
            file, every = self._run.shared_cache(self._key)[0], self._run.shared_cache("*")[1]
            publish(file, self._places, self._rows, every)
            self._to_publish = False

    def add(self, items: Sequence[Encoded], batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The batch of these items (not yet on a card) with `hidden`: (B, T, H), or (B, 1, D) for a head on a text; zeros where there is padding."""
        keys = [item.digest for item in items]
        if not self._known.issuperset(keys):
            self._keep(keys, run_below(self._model, move(batch, self._model.encoder.device)))
        places = [self._places[key] for key in keys]
        width = 1 if self._pooled else batch["input_ids"].shape[1]
        hidden = torch.zeros(len(keys), width, self._rows.values.shape[1])
        for row, (start, end) in zip(hidden, places, strict=True):
            row[: end - start] = self._rows.values[start:end]
        self._rows.used(hidden.numel())
        return batch | {"hidden": hidden}

    def _keep(self, keys: Sequence[bytes], hidden: torch.Tensor) -> None:
        for key, row in zip(keys, hidden, strict=True):
            start, end = self._places[key]
            self._rows.copy(start, row[: end - start])
        self._known.update(keys)


def make_prefix(
    run: Run, config: RunConfig, model: Model, encoded: Sequence[Encoded], few: dict[str, torch.Tensor], file: Path, again: bool = False
) -> PrefixCache | None:
    """Of what the frozen layers make of these inputs, of which nothing is known yet; None where none is frozen, or where a batch of a
    few shows that the encoder cannot be cut. `file` holds what is too much for memory; `again`: it may hold it already.
    """
    layers = model.encoder.config.num_hidden_layers
    model.boundary = find_boundary(config.strategy, model.encoder)
    if model.boundary < layers:  # what is read of frozen layers lies above the cut, or is what enters there
        model.boundary = min(model.boundary, layers + 1 - model.vectors_read)
    if not model.boundary or not can_cut(model, few):
        return None
    return PrefixCache(model, model.boundary == layers and model.head.first_only, encoded, run, config, file, again)
