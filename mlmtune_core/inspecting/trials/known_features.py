"""What the frozen checkpoint computes for every text of a data set, once; and the heads trained on it."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import torch
from torch import nn

from mlmtune_core.config import RunConfig
from mlmtune_core.data.columns import to_records
from mlmtune_core.data.subsets import to_hashable
from mlmtune_core.errors import RunError
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.storage import home, new_id
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.training import assembly
from mlmtune_core.training.batches import padded_batches
from mlmtune_core.training.order import order_by_length
from mlmtune_core.training.setup import Setup
from mlmtune_core.workers import worker
from mlmtune_core.workers.progress import each

MOST_KEPT = 16  # data sets; 2000 texts of the bundled checkpoint are 3 MB


@dataclass(frozen=True)
class Side:
    """N examples of one split: hidden (N, 1, H), labels (N,) or (N, C), and lengths in tokens, in the order of the examples."""

    hidden: torch.Tensor
    labels: torch.Tensor
    lengths: list[int]

    def batch(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Returns the training batch of one step."""
        return {"hidden": self.hidden[indices], "labels": self.labels[indices]}


@dataclass(frozen=True)
class Features:
    """vectors: (texts, H), the head's input for each. `places`: texts -> row of vectors; `labels`: label -> what the loss takes."""

    config: RunConfig
    label_names: list[str]
    vectors: torch.Tensor
    lengths: list[int]
    places: dict[tuple[str, ...], int]
    labels: dict[Any, Any]
    heads: dict[int, nn.Module] = field(default_factory=dict)

    def side(self, examples: pd.DataFrame) -> Side:
        """Returns the rows with the texts and labels of this data set, whatever label a text has."""
        places = [self.places[_texts_of(record)] for record in to_records(examples)]
        labels = torch.tensor([self.labels[to_hashable(label)] for label in examples["label"]])
        return Side(self.vectors[places].unsqueeze(1), labels, [self.lengths[place] for place in places])

    def head(self, seed: int) -> nn.Module:
        """Returns the head that a run with this seed would start from."""
        if seed not in self.heads:
            torch.manual_seed(seed)
            self.heads[seed] = assembly.make_model(self.config, TASKS[self.config.task], self.label_names).head
        return self.heads[seed]


def know(fingerprint: str, examples: pd.DataFrame, config: RunConfig) -> Features:
    """Returns the features of split examples for `config`, computed at the first call, with progress reports.

    `fingerprint` identifies the texts; the least recently used are dropped. Raises RunError if the checkpoint cannot be split.
    """
    key = (
        fingerprint,
        *(getattr(config, name) for name in ("task", "checkpoint", "first_layers", "head", "max_length")),
    )
    with _lock:
        if key not in _kept:
            _kept[key] = _compute(examples, config)
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return _kept[key]


def assemble_once(examples: pd.DataFrame, config: RunConfig) -> tuple[Setup, dict[str, Any]]:
    """Returns what a run with these settings would train with, built as runs build it; leaves nothing on disk."""
    about = {"name": "trial", "fingerprint": "", "columns": {}}
    run = create_run(config, examples, about, home() / "runs" / f".trial-{new_id()}")  # next to what runs share
    try:
        return worker.assemble_run(run)[:2]
    finally:
        run.delete()


def _compute(examples: pd.DataFrame, config: RunConfig) -> Features:
    setup, sets = assemble_once(examples, config)
    if setup.prefix is None or not setup.model.head.reads_one_vector:
        raise RunError("The layers of this checkpoint cannot be computed apart from the head. Take another checkpoint.")
    known = [pair for dataset in sets.values() for pair in zip(dataset.examples, dataset.encoded, strict=True)]
    encoded = [item for _, item in known]
    return Features(
        config,
        list(setup.label_names),
        _read_all(setup, encoded),
        [item.length for item in encoded],
        {_texts_of(vars(example)): place for place, (example, _) in enumerate(known)},
        {to_hashable(example.label): item.labels for example, item in known},
        {config.seed: setup.model.head.cpu()},
    )


def _read_all(setup: Setup, encoded: Sequence[Encoded]) -> torch.Tensor:
    """Returns (inputs, H): the first vector of each."""
    order = order_by_length([item.length for item in encoded], setup.config.batch_size * 2)
    passed = padded_batches(encoded, order, setup.pad_id, setup.task.LABELS_ARE, setup.model.device, setup.prefix)
    vectors = torch.empty(len(encoded), setup.model.encoder.config.hidden_size)
    for indices, batch in each(zip(order, passed, strict=True), len(order)):
        vectors[indices] = batch["hidden"][:, 0].cpu()
    return vectors


def _texts_of(record: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(record[role]) for role in ("text", "second_text") if role in record)


_kept: OrderedDict[tuple[Any, ...], Features] = OrderedDict()
_lock = threading.Lock()
