"""Inputs read by several moments of a run at once: what its frozen layers make of them is the same, and computed once"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from mlmtune_core import progress
from mlmtune_core.batching import to_batch
from mlmtune_core.cores import every_core
from mlmtune_core.evaluating import compute_logits
from mlmtune_core.freezing import find_boundary
from mlmtune_core.model import Model, can_cut, inputs_of, run_below, shorten
from mlmtune_core.predicting import Trained
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded

BATCH_SIZE = 32
TRIED = 2  # inputs on which it is seen whether an encoder can be cut


class Below:
    """What layer number `model.boundary` reads of a batch, kept until the next batch: asked as a PrefixCache is."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._items: Sequence[Encoded] = ()
        self._hidden = torch.empty(0)

    def add(self, items: Sequence[Encoded], batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The batch with `hidden`, (B, T, H)."""
        if list(items) != list(self._items):
            self._items, self._hidden = items, run_below(self._model, {name: each.to(self._model.device) for name, each in batch.items()})
        return batch | {"hidden": self._hidden}


def read_all(models: Sequence[Trained], encoded: Sequence[Encoded]) -> list[tuple[list[np.ndarray], list[np.ndarray]]]:
    """By model, for every encoded: (vectors that the head reads, logits), (T, H) and (T, C) for words, (1, H) and (1, C) else. All are
    moments of one run.
    """
    first = models[0]
    labels_are = TASKS[first.config.task].LABELS_ARE
    few = {name: each.to(first.model.device) for name, each in to_batch(encoded[:TRIED], first.pad_id, labels_are).items()}
    found = [([np.empty(0)] * len(encoded), [np.empty(0)] * len(encoded)) for _ in models]
    with every_core(), _shortened(models, few):
        below = _cut(models, few)
        passes = [_read(trained, encoded, labels_are, below) for trained in models]
        for together in progress.each(zip(*passes, strict=True), -(-len(encoded) // BATCH_SIZE)):
            for (vectors, logits), (indices, some_vectors, some_logits) in zip(found, together, strict=True):
                for i, vector, row in zip(indices, some_vectors, some_logits, strict=True):
                    alone = row.ndim == 1
                    vectors[i] = vector[:1] if alone else vector[: encoded[i].length]
                    logits[i] = row[None] if alone else row[: encoded[i].length]
    return found


@contextmanager
def _shortened(models: Sequence[Trained], few: dict[str, torch.Tensor]) -> Iterator[None]:
    """Within, the last layer is computed for [CLS] alone, where nothing else is read; others read more of these models."""
    try:
        for trained in models:
            shorten(trained.model, few)
        yield
    finally:
        for trained in models:
            trained.model.shortened = False


def _cut(models: Sequence[Trained], few: dict[str, torch.Tensor]) -> Below | None:
    """Where there are several, what lies below all that was learnt; none where everything was, or where an encoder cannot be cut."""
    if len(models) < 2:
        return None
    for trained in models:
        trained.model.boundary = find_boundary(trained.config.strategy, trained.model.encoder)
        if not trained.model.boundary or not can_cut(trained.model, few):
            return None
    return Below(models[0].model)


def _read(trained: Trained, encoded: Sequence[Encoded], labels_are: str, below: Below | None) -> Iterator[tuple[list[int], np.ndarray, np.ndarray]]:  # fmt: skip
    """(indices, vectors, logits) of one batch after the other."""
    with inputs_of(trained.model.head) as caught:
        for indices, scores, _ in compute_logits(trained.model, encoded, BATCH_SIZE, trained.pad_id, labels_are, below):
            yield indices, caught.pop().float().cpu().numpy(), scores.cpu().numpy()
