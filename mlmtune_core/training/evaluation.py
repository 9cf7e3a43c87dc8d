"""One pass over the validation examples, and whether it was the best so far."""

import math
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import torch

from mlmtune_core.config import MOST_LEARNT, RunConfig
from mlmtune_core.errors import TrainingError
from mlmtune_core.events import EvalDone, Event, PhaseStarted, Progress
from mlmtune_core.models.devices import precision
from mlmtune_core.models.model import Model
from mlmtune_core.tasks.base import IGNORE_INDEX, Dataset, Encoded
from mlmtune_core.training.batches import batches, count_labels
from mlmtune_core.training.faster.prefix_cache import PrefixCache
from mlmtune_core.training.order import order_by_length


def find_prior_loss(encoded: Sequence[Encoded], labels_are: str, label_names: Sequence[str]) -> float | None:
    """The loss of answering every training input alike, with the share of each label: the entropy of the labels in nats.

    Where several labels may hold, the mean over the labels; for standardised numbers their variance, in deviations². None where
    no such answer exists: spans, and masked words, whose labels have no names.
    """
    if labels_are == "one span" or not label_names:
        return None
    labels = [np.asarray(item.labels, dtype=float) for item in encoded]
    if labels_are == "one number":
        return float(np.var(labels))
    if labels[0].ndim and labels_are == "one per text":
        return float(np.mean([_entropy([share, 1 - share]) for share in np.mean(labels, axis=0)]))
    counts = np.unique([label for each in labels for label in each.flat if label != IGNORE_INDEX], return_counts=True)[
        1
    ]
    return _entropy(counts / max(1, counts.sum()))


def find_top_share(predictions: Mapping[int, Any], labels_are: str) -> float | None:
    """The share of the most frequent answer among all of them; None where a text has more than one label, or another kind of answer."""
    said = list(predictions.values())
    if labels_are != "one per text" or not said or not isinstance(said[0], str):
        return None
    return Counter(said).most_common(1)[0][1] / len(said)


def _entropy(shares: Sequence[float]) -> float:
    return sum(-share * math.log(share) for share in map(float, shares) if share > 0)


Measured = tuple[float, dict[str, float], dict[int, Any]]
LEARNT_SEED = 0  # of every run the same, so that runs of other seeds on the same examples are measured on the same


@dataclass(frozen=True)
class Setup:
    """What a run trains and measures with: the model, its task, the settings, label names, the padding token, what is cached."""

    model: Model
    task: ModuleType
    config: RunConfig
    label_names: Sequence[str]
    pad_id: int
    prefix: PrefixCache | None = None


@dataclass
class Standing:
    """Where the loop stands: what is counted between two evaluations, and the best one so far."""

    step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    best: EvalDone | None = None
    evaluations_without_best: int = 0


def compute_logits(
    model: Model,
    encoded: Sequence[Encoded],
    batch_size: int,
    pad_id: int,
    labels_are: str,
    prefix: PrefixCache | None = None,
) -> Iterator[tuple[list[int], torch.Tensor, dict[str, torch.Tensor]]]:
    """Evaluation mode, longest inputs first: (indices, logits, batch) one after the other."""
    model.eval()
    order = order_by_length([item.length for item in encoded], batch_size)
    for indices, batch in zip(order, batches(encoded, order, pad_id, labels_are, model.device, prefix), strict=True):
        with torch.inference_mode(), precision(model.device):
            logits = model(batch).float()
        yield indices, logits, batch


def describe_best(best: EvalDone | None) -> dict[str, object]:
    """The kept evaluation as plain values; empty before the first one."""
    if best is None:
        return {}
    return {
        "step": best.step,
        "epoch": best.epoch,
        "validation_loss": best.validation_loss,
        "metrics": dict(best.metrics),
    }


class Measuring:
    """Collects the logits of a pass over a set, batch by batch, in any order."""

    def __init__(self, setup: Setup, dataset: Dataset) -> None:
        self._setup, self._dataset = setup, dataset
        self._logits: list[np.ndarray] = [np.empty(0)] * len(dataset.encoded)
        self._loss_sum, self._asked, self.seen = 0.0, 0, 0

    def add(self, indices: Sequence[int], logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> None:
        """The logits of one padded batch. Every loss weighs as much as the labels it covers."""
        task = self._setup.task
        labels = count_labels(batch, task.LABELS_ARE)
        self._loss_sum += task.compute_loss(logits, batch).item() * labels if labels else 0.0
        self._asked, self.seen = self._asked + labels, self.seen + len(indices)
        for i, row in zip(indices, logits.cpu().numpy(), strict=True):
            self._logits[i] = row[: self._dataset.encoded[i].length] if row.ndim == 2 else row

    def result(self) -> Measured:
        """(mean loss, scores, predictions), once all examples were added."""
        task, examples = self._setup.task, self._dataset.examples
        predictions = task.decode(self._logits, self._dataset.encoded, examples, self._setup.label_names)
        return self._loss_sum / max(1, self._asked), task.compute_metrics(predictions, examples), predictions


def measure(setup: Setup, dataset: Dataset) -> Generator[Event, None, Measured]:
    """One pass over a set; returns (mean loss, scores, predictions)."""
    measuring, batch_size = Measuring(setup, dataset), setup.config.batch_size * 2
    passed = compute_logits(setup.model, dataset.encoded, batch_size, setup.pad_id, setup.task.LABELS_ARE, setup.prefix)
    for indices, logits, batch in passed:
        measuring.add(indices, logits, batch)
        yield Progress("evaluating", measuring.seen, len(dataset.encoded))
    return measuring.result()


def choose_learnt(config: RunConfig, train_set: Dataset) -> Dataset | None:
    """The training examples that are measured at every evaluation, where the settings ask for it: at most MOST_LEARNT, by chance."""
    if not config.measure_training:
        return None
    count = len(train_set.examples)
    chosen = np.sort(np.random.default_rng(LEARNT_SEED).permutation(count)[:MOST_LEARNT]).tolist()
    place = {example: i for i, example in enumerate(chosen)}
    encoded = [replace(item, example=place[item.example]) for item in train_set.encoded if item.example in place]
    return Dataset([train_set.examples[i] for i in chosen], encoded, vocabulary=train_set.vocabulary)


def evaluate(
    setup: Setup, validation_set: Dataset, standing: Standing, epoch: float, learnt_set: Dataset | None = None
) -> Iterator[Event]:
    """Measures on the validation set and compares with the best so far; the one before the first step does not compete.

    `learnt_set`: training examples to be measured as well, of which nothing depends (see `choose_learnt`).
    """
    yield PhaseStarted("evaluating")
    measured = yield from measure(setup, validation_set)
    yield conclude(setup, standing, epoch, measured, (yield from measure(setup, learnt_set)) if learnt_set else None)


def conclude(
    setup: Setup, standing: Standing, epoch: float, measured: Measured, learnt: Measured | None = None
) -> EvalDone:
    """What was measured, compared with the best so far; `learnt` on training examples. Raises TrainingError where the loss is no number."""
    loss, scores, predictions = measured
    if not math.isfinite(loss):
        raise TrainingError(
            "Step {step}: the validation loss is no longer a number. Try a learning rate ten times smaller.",
            step=standing.step,
        )
    train_loss = standing.loss_sum / standing.loss_count if standing.loss_count else None
    standing.loss_sum, standing.loss_count = 0.0, 0
    done = EvalDone(
        step=standing.step,
        epoch=epoch,
        train_loss=train_loss,
        validation_loss=loss,
        metrics=scores,
        is_best=False,
        patience_left=None,
        top_share=find_top_share(predictions, setup.task.LABELS_ARE),
        predictions=predictions,
        train_eval_loss=learnt[0] if learnt else None,
        train_metrics=learnt[1] if learnt else None,
    )
    return _judge(setup, standing, done) if standing.step else done


def _judge(setup: Setup, standing: Standing, done: EvalDone) -> EvalDone:
    """The evaluation with is_best and patience_left; remembers it if it is the best, or where the last is kept, whatever it is."""
    name, direction = setup.task.BEST_METRIC
    by_loss, always = (setup.config.early_stopping_metric == way for way in ("validation_loss", "last"))
    value, sign = (done.validation_loss, 1) if by_loss else (done.metrics[name], 1 if direction == "min" else -1)
    kept = standing.best and (standing.best.validation_loss if by_loss else standing.best.metrics[name])
    is_best = always or kept is None or sign * value < sign * kept
    standing.evaluations_without_best = 0 if is_best else standing.evaluations_without_best + 1
    done = replace(done, is_best=is_best, patience_left=patience_left(setup.config, standing))
    standing.best = done if is_best else standing.best
    return done


def patience_left(config: RunConfig, standing: Standing) -> int | None:
    """Evaluations that may still pass without a new best; None where patience is off, or no evaluation is worse than another."""
    if not config.patience or config.early_stopping_metric == "last":
        return None
    return config.patience - standing.evaluations_without_best
