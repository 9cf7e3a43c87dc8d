"""Inputs read by several moments of a run at once: what its frozen layers make of them is the same, and computed once"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from mlmtune_core import progress
from mlmtune_core.batching import to_batch
from mlmtune_core.cores import every_core
from mlmtune_core.devices import move
from mlmtune_core.evaluating import compute_logits
from mlmtune_core.model import inputs_of, shorten
from mlmtune_core.predicting import Trained
from mlmtune_core.prefix_cache import PrefixCache, make_prefix
from mlmtune_core.run_store import Run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded

BATCH_SIZE = 32
TRIED = 2  # inputs on which it is seen whether an encoder can be cut


def read_all(run: Run, models: Sequence[Trained], encoded: Sequence[Encoded]) -> list[tuple[list[np.ndarray], list[np.ndarray]]]:
    """By model, for every encoded: (vectors that the head reads, logits), (T, H) and (T, C) for words, (1, H) and (1, C) else.

    models: moments of `run`. What it left of its frozen layers is used, where it is still there.
    """
    first = models[0]
    labels_are = TASKS[first.config.task].LABELS_ARE
    few = move(to_batch(encoded[:TRIED], first.pad_id, labels_are), first.model.device)
    found = [([np.empty(0)] * len(encoded), [np.empty(0)] * len(encoded)) for _ in models]
    with every_core(), _shortened(models, few), TemporaryDirectory() as folder:
        prefix = make_prefix(run, first.config, first.model, encoded, few, Path(folder) / "prefix.float32")
        if prefix:
            prefix.borrow()
        for trained in models:
            trained.model.boundary = first.model.boundary
        passes = [_read(trained, encoded, labels_are, prefix) for trained in models]
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


def _read(trained: Trained, encoded: Sequence[Encoded], labels_are: str, prefix: PrefixCache | None) -> Iterator[tuple[list[int], np.ndarray, np.ndarray]]:  # fmt: skip
    """(indices, vectors, logits) of one batch after the other."""
    with inputs_of(trained.model.head) as caught:
        for indices, scores, _ in compute_logits(trained.model, encoded, BATCH_SIZE, trained.pad_id, labels_are, prefix):
            yield indices, caught.pop().float().cpu().numpy(), scores.cpu().numpy()
