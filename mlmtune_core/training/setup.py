"""What a run trains with, where it stands, and what can be attached to the loop."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from mlmtune_core.config import RunConfig
from mlmtune_core.events import EvalDone
from mlmtune_core.models.model import Model
from mlmtune_core.tasks.base import Encoded, Task

Batch = dict[str, torch.Tensor]


class Prefix(Protocol):
    """Activations of the frozen layers, computed once (see faster/prefix_cache)."""

    def add(self, items: Sequence[Encoded], batch: Batch) -> Batch:
        """The batch with `hidden`: what enters the first trainable layer, (B, T, H)."""


def keep_embeddings(model: Model, encoded: Iterable[Encoded], pad_id: int) -> AbstractContextManager[None]:
    """Trains the whole table of word embeddings: what `Setup.embeddings` is unless something faster is handed in."""
    return nullcontext()


@dataclass(frozen=True)
class Setup:
    """Everything that stays the same while a run trains.

    label_names: what the outputs of the head stand for, in their order. pad_id: the token that fills up a batch.
    `prefix` and `embeddings` make training faster and change nothing else (see faster/): the first brings what the frozen layers
    compute, the second is entered around training and may replace the table of word embeddings meanwhile.
    """

    model: Model
    task: Task
    config: RunConfig
    label_names: Sequence[str]
    pad_id: int
    prefix: Prefix | None = None
    embeddings: Callable[[Model, Iterable[Encoded], int], AbstractContextManager[None]] = keep_embeddings


@dataclass
class TrainingState:
    """What the loop counts: steps, the training loss since the last evaluation, and the early stopping state.

    Its fields are written into run folders by name (see workers/checkpointing).
    """

    step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    best: EvalDone | None = None
    evaluations_without_best: int = 0


@dataclass
class Position:
    """Where the loop is in the training data: after `batches_done` batches of `epoch`, which counts from 1.

    shuffle: the state of numpy's generator before the order of this epoch was drawn, so that the same order can be drawn again.
    """

    epoch: int = 1
    batches_done: int = 0
    shuffle: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ResumePoint:
    """All that is needed to resume between two steps, to the bit.

    tensors: weights, AdamW's moments and torch's generators, by name (see Stepper.tensors); not copies: the next step changes them.
    """

    position: Position
    state: TrainingState
    tensors: Mapping[str, torch.Tensor]


class Checkpointer(Protocol):
    """Decides when a resume point is saved, and where (see workers/checkpointing)."""

    def due(self) -> bool:
        """Whether to save one now."""

    def save(self, point: ResumePoint) -> bool:
        """Saves it; returns False if the run is to pause here."""
