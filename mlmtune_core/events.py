"""What a run says about itself: frozen dataclasses of plain values.

`kind` in the written line names the class; the moment (`time`, unix seconds) is added where the line is written,
so that two runs with the same seed yield equal events.
"""

import errno
from dataclasses import dataclass, field, fields
from typing import Any

from mlmtune_core.language import mark


@dataclass(frozen=True)
class PhaseStarted:
    """The run enters a phase: preparing, training, evaluating or saving."""

    phase: str


@dataclass(frozen=True)
class Progress:
    """`done` of `total` examples of a long phase are through."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True)
class Started:
    """All is ready; the first step comes next. Whatever was said before belongs to an earlier attempt.

    `prior_loss`: the loss of an answer that knows only how frequent each label is (see label_prior); None where there is none.
    """

    task: str
    strategy: str
    trainable: int
    total: int
    train_examples: int
    validation_examples: int
    epochs: int
    steps_per_epoch: int
    total_steps: int
    metric: str
    baseline: float
    label_names: tuple[str, ...]
    device: str
    threads: int
    prior_loss: float | None = None


@dataclass(frozen=True)
class StepDone:
    """One optimizer update. `epoch` counts in fractions; `loss` is the batch's mean; rates are those of this step."""

    step: int
    epoch: float
    loss: float
    examples: int
    head_learning_rate: float
    learning_rate: float
    grad_norm: float


@dataclass(frozen=True)
class EvalDone:
    """One pass over the validation examples. `train_loss`: mean over the examples since the last evaluation, each as the model was when it learnt it.

    `top_share`: the share of the most frequent answer, where every text has one label. `predictions` (example index -> prediction)
    are for whoever keeps the best model; they are not written in the log. `train_eval_loss`, `train_metrics`: some of the training
    examples, with the labels that are learnt, measured like the validation examples; None where that is not asked for.
    """

    step: int
    epoch: float
    train_loss: float | None
    validation_loss: float
    metrics: dict[str, float]
    is_best: bool
    patience_left: int | None
    top_share: float | None = None
    predictions: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)
    train_eval_loss: float | None = None
    train_metrics: dict[str, float] | None = None


@dataclass(frozen=True)
class Tested:
    """The kept model, measured once, at the end, on examples that decided nothing: the test split."""

    examples: int
    loss: float
    metrics: dict[str, float]
    baseline: dict[str, float]
    predictions: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class FrozenChecked:
    """The proof of freezing: the hash of all frozen weights now, and whether it equals the one before step 1."""

    step: int
    weights: int
    unchanged: bool
    digest: str


@dataclass(frozen=True)
class Unfrozen:
    """After `step` steps one more layer begins to learn: now `layers` of them do, from the top, and `trainable` weights in all."""

    step: int
    layers: int
    trainable: int


@dataclass(frozen=True)
class Finished:
    """The run is complete. reason: epochs_done, early_stopping or stopped; `best` describes the kept model."""

    reason: str
    best: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Resumed:
    """After an interruption the run goes on from where it stood at `step`: of what was said since Started, the first `rows` lines hold."""

    step: int
    rows: int


@dataclass(frozen=True)
class Failed:
    """The run cannot go on: a sentence as a template and its values."""

    template: str
    values: dict[str, object] = field(default_factory=dict)


Event = PhaseStarted | Progress | Started | StepDone | EvalDone | Tested | FrozenChecked | Unfrozen | Finished | Resumed | Failed


def to_row(event: Event) -> dict[str, object]:
    """An event as the plain dict that is written: its fields, but for predictions, and `kind`."""
    values = {each.name: getattr(event, each.name) for each in fields(event) if each.name != "predictions"}
    return {"kind": type(event).__name__, **values}


def failure(error: Exception) -> Failed:
    """An error as the event that ends a run; one that is not meant for readers gets a sentence of its own."""
    template, values = getattr(error, "template", None), getattr(error, "values", {})
    if template is None:
        template, values = _explain(error)
    return Failed(
        template,
        {name: value if isinstance(value, int | float | str) else str(value) for name, value in values.items()},
    )


def _explain(error: Exception) -> tuple[str, dict[str, object]]:
    told = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return mark(
            "The disk of the server is full. Free some space (delete runs that nobody needs), then press Continue: "
            "the run goes on from where it was last kept."
        ), {}
    if isinstance(error, MemoryError) or "can't allocate memory" in told or "out of memory" in told.lower():
        return mark(
            "There was not enough memory for this run. Try a smaller batch size or maximum length, fewer layers that learn, "
            "or a smaller checkpoint."
        ), {}
    return mark(
        "The run broke off by a fault of mlmtune ({error}). Start it again; if it comes back, report it."
    ), {"error": told}
