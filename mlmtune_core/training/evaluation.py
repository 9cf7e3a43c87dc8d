"""An evaluation: loss and metrics on the validation examples, and whether they are the best so far."""

import math
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from mlmtune_core.config import MAX_TRAIN_EVAL_EXAMPLES, RunConfig
from mlmtune_core.errors import TrainingError
from mlmtune_core.events import EvalDone, Event, PhaseStarted, Progress
from mlmtune_core.models.devices import precision
from mlmtune_core.models.model import Model
from mlmtune_core.tasks.base import IGNORE_INDEX, Dataset, Encoded
from mlmtune_core.training.batches import count_labels, padded_batches
from mlmtune_core.training.order import order_by_length
from mlmtune_core.training.setup import Batch, Prefix, Setup, TrainingState

SAMPLE_SEED = 0  # the same for every run, so that runs with other seeds are evaluated on the same training examples


@dataclass(frozen=True)
class Scores:
    """What one pass over a set gave: the mean loss per label, the metrics, and example index -> prediction."""

    loss: float
    metrics: dict[str, float]
    predictions: dict[int, Any]


def evaluate(
    setup: Setup, validation_set: Dataset, state: TrainingState, epoch: float, some_of_train_set: Dataset | None = None
) -> Iterator[Event]:
    """Scores the validation set, compares with the best so far, and yields it as EvalDone.

    The evaluation before the first step is never the best. `some_of_train_set` is scored as well and decides nothing (see
    `sample_training_set`). Raises TrainingError if the loss is not finite.
    """
    yield PhaseStarted("evaluating")
    scores = yield from score(setup, validation_set)
    train_scores = (yield from score(setup, some_of_train_set)) if some_of_train_set else None
    yield conclude(setup, state, epoch, scores, train_scores)


def score(setup: Setup, dataset: Dataset) -> Generator[Event, None, Scores]:
    """One pass over a set, without dropout or gradients; yields its progress and returns the scores."""
    scoring, batch_size = Scoring(setup, dataset), setup.config.batch_size * 2
    passed = compute_logits(setup.model, dataset.encoded, batch_size, setup.pad_id, setup.task.LABELS_ARE, setup.prefix)
    for indices, logits, batch in passed:
        scoring.add(indices, logits, batch)
        yield Progress("evaluating", scoring.seen, len(dataset.encoded))
    return scoring.result()


def compute_logits(
    model: Model,
    encoded: Sequence[Encoded],
    batch_size: int,
    pad_id: int,
    labels_are: str,
    prefix: Prefix | None = None,
) -> Iterator[tuple[list[int], torch.Tensor, Batch]]:
    """Yields (indices, logits, batch) in evaluation mode, longest inputs first."""
    model.eval()
    order = order_by_length([item.length for item in encoded], batch_size)
    for indices, batch in zip(order, padded_batches(encoded, order, pad_id, labels_are, model.device, prefix), strict=True):
        with torch.inference_mode(), precision(model.device):
            logits = model(batch).float()
        yield indices, logits, batch


class Scoring:
    """Collects the logits of a pass over a set, batch by batch, in any order."""

    def __init__(self, setup: Setup, dataset: Dataset) -> None:
        self._setup, self._dataset = setup, dataset
        self._logits: list[np.ndarray] = [np.empty(0)] * len(dataset.encoded)
        self._loss_sum, self._labels, self.seen = 0.0, 0, 0

    def add(self, indices: Sequence[int], logits: torch.Tensor, batch: Batch) -> None:
        """Takes the logits of one padded batch. Its loss is weighted by the number of labels it is the mean of."""
        task = self._setup.task
        labels = count_labels(batch, task.LABELS_ARE)
        self._loss_sum += task.compute_loss(logits, batch).item() * labels if labels else 0.0
        self._labels, self.seen = self._labels + labels, self.seen + len(indices)
        for i, row in zip(indices, logits.cpu().numpy(), strict=True):
            self._logits[i] = row[: self._dataset.encoded[i].length] if row.ndim == 2 else row

    def result(self) -> Scores:
        """The scores, once every example was added."""
        task, examples = self._setup.task, self._dataset.examples
        predictions = task.decode(self._logits, self._dataset.encoded, examples, self._setup.label_names)
        return Scores(self._loss_sum / max(1, self._labels), task.compute_metrics(predictions, examples), predictions)


def conclude(
    setup: Setup, state: TrainingState, epoch: float, scores: Scores, train_scores: Scores | None = None
) -> EvalDone:
    """The scores as an event, compared with the best so far. Raises TrainingError if the loss is not finite."""
    if not math.isfinite(scores.loss):
        raise TrainingError(
            "Step {step}: the validation loss is no longer a number. Try a learning rate ten times smaller.",
            step=state.step,
        )
    train_loss = state.loss_sum / state.loss_count if state.loss_count else None
    state.loss_sum, state.loss_count = 0.0, 0
    done = EvalDone(
        step=state.step,
        epoch=epoch,
        train_loss=train_loss,
        validation_loss=scores.loss,
        metrics=scores.metrics,
        is_best=False,
        patience_left=None,
        top_share=find_top_share(scores.predictions, setup.task.LABELS_ARE),
        predictions=scores.predictions,
        train_eval_loss=train_scores.loss if train_scores else None,
        train_metrics=train_scores.metrics if train_scores else None,
    )
    return _compare_with_best(setup, state, done) if state.step else done


def _compare_with_best(setup: Setup, state: TrainingState, done: EvalDone) -> EvalDone:
    """Sets is_best and patience_left. The last evaluation is always the best one if the settings say `last`."""
    name, direction = setup.task.BEST_METRIC
    by_loss, always = (setup.config.early_stopping_metric == choice for choice in ("validation_loss", "last"))
    value, sign = (done.validation_loss, 1) if by_loss else (done.metrics[name], 1 if direction == "min" else -1)
    best = None if state.best is None else state.best.validation_loss if by_loss else state.best.metrics[name]
    is_best = always or best is None or sign * value < sign * best
    state.evaluations_without_best = 0 if is_best else state.evaluations_without_best + 1
    done = replace(done, is_best=is_best, patience_left=patience_left(setup.config, state))
    state.best = done if is_best else state.best
    return done


def patience_left(config: RunConfig, state: TrainingState) -> int | None:
    """Evaluations without a new best that early stopping still allows; None if it is off."""
    if not config.patience or config.early_stopping_metric == "last":
        return None
    return config.patience - state.evaluations_without_best


def describe_best(best: EvalDone | None) -> dict[str, object]:
    """The best evaluation as plain values; empty before the first one."""
    if best is None:
        return {}
    return {
        "step": best.step,
        "epoch": best.epoch,
        "validation_loss": best.validation_loss,
        "metrics": dict(best.metrics),
    }


def sample_training_set(config: RunConfig, train_set: Dataset) -> Dataset | None:
    """At most MAX_TRAIN_EVAL_EXAMPLES random training examples, to be scored at every evaluation, if the settings ask for it."""
    if not config.measure_training:
        return None
    count = len(train_set.examples)
    chosen = np.sort(np.random.default_rng(SAMPLE_SEED).permutation(count)[:MAX_TRAIN_EVAL_EXAMPLES]).tolist()
    place = {example: i for i, example in enumerate(chosen)}
    encoded = [replace(item, example=place[item.example]) for item in train_set.encoded if item.example in place]
    return Dataset([train_set.examples[i] for i in chosen], encoded, vocabulary=train_set.vocabulary)


def find_prior_loss(encoded: Sequence[Encoded], labels_are: str, label_names: Sequence[str]) -> float | None:
    """The loss of a constant predictor that answers with the share of each label: the entropy of the labels in nats.

    With several labels per text, the mean over the labels; for standardised numbers their variance, in squared deviations. None if
    there is no such predictor: spans, and masked words, whose labels have no names.
    """
    if labels_are == "one span" or not label_names:
        return None
    labels = [np.asarray(item.labels, dtype=float) for item in encoded]
    if labels_are == "one number":
        return float(np.var(labels))
    if labels[0].ndim and labels_are == "one per text":
        return float(np.mean([_entropy([share, 1 - share]) for share in np.mean(labels, axis=0)]))
    every = [label for each in labels for label in each.flat if label != IGNORE_INDEX]
    _, counts = np.unique(every, return_counts=True)
    return _entropy((counts / max(1, counts.sum())).tolist())


def find_top_share(predictions: Mapping[int, Any], labels_are: str) -> float | None:
    """The share of the most frequent predicted label; None unless every text has one label."""
    predicted = list(predictions.values())
    if labels_are != "one per text" or not predicted or not isinstance(predicted[0], str):
        return None
    return Counter(predicted).most_common(1)[0][1] / len(predicted)


def _entropy(shares: Sequence[float]) -> float:
    return sum(-share * math.log(share) for share in shares if share > 0)
