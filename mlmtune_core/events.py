"""The events that a run yields: frozen dataclasses of plain values.

In the event log, `kind` is the name of the class. `time` (unix seconds) is added when a line is written, so that two runs with the
same seed yield equal events.
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
    """`done` of `total` examples of a long phase are processed."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True)
class Started:
    """Everything is ready for the first step. Earlier events in the log belong to an earlier attempt.

    prior_loss: the loss of predicting the label frequencies (see training/evaluation); None for tasks without it.
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
    """One optimizer step. epoch: a fraction. loss: mean over the batch. Learning rates are those of this step."""

    step: int
    epoch: float
    loss: float
    examples: int
    head_learning_rate: float
    learning_rate: float
    grad_norm: float


@dataclass(frozen=True)
class EvalDone:
    """One evaluation on the validation examples.

    train_loss: mean of the training loss since the last evaluation. top_share: share of the most frequent prediction, if every text
    has one label. predictions (example index -> prediction): not written to the log. train_eval_loss, train_metrics: the same
    measurement on a sample of the training examples, with their (perhaps wrong) training labels; None unless asked for.
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
    """The evaluation of the best model on the test split, once, at the end of the run."""

    examples: int
    loss: float
    metrics: dict[str, float]
    baseline: dict[str, float]
    predictions: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class FrozenChecked:
    """The hash of all frozen weights at `step`, and whether it equals the hash before step 1."""

    step: int
    weights: int
    unchanged: bool
    digest: str


@dataclass(frozen=True)
class Unfrozen:
    """One more layer was unfrozen after `step` steps. layers: trainable layers, from the top. trainable: number of weights."""

    step: int
    layers: int
    trainable: int


@dataclass(frozen=True)
class Finished:
    """The run is complete. reason: epochs_done, early_stopping or stopped. best: describes the saved best model."""

    reason: str
    best: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Resumed:
    """The run resumes at `step` after an interruption. rows: number of log lines since Started that stay valid."""

    step: int
    rows: int


@dataclass(frozen=True)
class Failed:
    """The run cannot continue. template, values: the message, as in UserError."""

    template: str
    values: dict[str, object] = field(default_factory=dict)


Event = PhaseStarted | Progress | Started | StepDone | EvalDone | Tested | FrozenChecked | Unfrozen | Finished | Resumed | Failed


def to_row(event: Event) -> dict[str, object]:
    """Converts an event to the dict that is written to the log: its fields without predictions, and `kind`."""
    values = {each.name: getattr(event, each.name) for each in fields(event) if each.name != "predictions"}
    return {"kind": type(event).__name__, **values}


def to_failed(error: Exception) -> Failed:
    """Converts an exception to the event that ends a run. Exceptions other than UserError get a message for the user."""
    template, values = getattr(error, "template", None), getattr(error, "values", {})
    if template is None:
        template, values = _explain(error)
    return Failed(
        template,
        {name: value if isinstance(value, int | float | str) else str(value) for name, value in values.items()},
    )


def _explain(error: Exception) -> tuple[str, dict[str, object]]:
    description = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return mark(
            "The disk of the server is full. Free some space (delete runs that nobody needs), then press Continue: "
            "the run goes on from where it was last kept."
        ), {}
    if isinstance(error, MemoryError) or "can't allocate memory" in description or "out of memory" in description.lower():
        return mark(
            "There was not enough memory for this run. Try a smaller batch size or maximum length, fewer layers that learn, "
            "or a smaller checkpoint."
        ), {}
    return mark(
        "The run broke off by a fault of mlmtune ({error}). Start it again; if it comes back, report it."
    ), {"error": description}
