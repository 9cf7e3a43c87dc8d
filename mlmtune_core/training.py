"""The loop, a generator of events: start reading here."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from mlmtune_core.batching import batches, order_by_length, shuffle_by_length
from mlmtune_core.config import RunConfig
from mlmtune_core.errors import TrainingError
from mlmtune_core.events import EvalDone, Event, Finished, FrozenChecked, PhaseStarted, Progress, Started, StepDone
from mlmtune_core.freezing import count_weights, hash_frozen, set_train_mode
from mlmtune_core.tasks.base import Encoded

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8


@dataclass(frozen=True)
class Dataset:
    """Examples of one split and what the tokenizer made of them."""

    examples: Sequence[Any]
    encoded: Sequence[Encoded]


@dataclass
class _Progress:
    """Where the loop stands: what is counted between two evaluations, and the best one so far."""

    step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    best: EvalDone | None = None
    evaluations_without_best: int = 0


def train(model: nn.Module, task: ModuleType, train_set: Dataset, validation_set: Dataset, label_names: Sequence[str],
          config: RunConfig, pad_id: int) -> Iterator[Event]:
    """Fine-tunes `model` in place and says what happens; ends with Finished, or raises TrainingError.

    Which weights learn is already set on the model (see freezing). On EvalDone with is_best the weights at that
    moment are the best so far: whoever consumes the events keeps them. Closing the generator stops the run.
    """
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    frozen_hash, _ = hash_frozen(model)
    steps_per_epoch = math.ceil(len(train_set.encoded) / config.batch_size)
    optimizer = make_optimizer(model, config)
    schedule = make_schedule(optimizer, config, steps_per_epoch * config.epochs)
    progress = _Progress()
    yield _started(model, task, train_set, validation_set, label_names, config, steps_per_epoch)
    yield from _evaluate(model, task, validation_set, label_names, config, pad_id, progress, epoch=0.0)
    for epoch in range(1, config.epochs + 1):
        yield PhaseStarted("training")
        set_train_mode(model)
        order = shuffle_by_length(train_set.encoded, config.batch_size, rng)
        for done, batch in enumerate(batches(train_set.encoded, order, pad_id, task.LABELS_ARE), start=1):
            yield _step(model, task, batch, optimizer, schedule, config, progress, epoch - 1 + done / len(order))
            if progress.step == 1:
                yield _check_frozen(model, frozen_hash, progress.step)
        yield from _evaluate(model, task, validation_set, label_names, config, pad_id, progress, epoch=float(epoch))
        if _patience_left(config, progress) == 0:
            break
    yield _check_frozen(model, frozen_hash, progress.step)
    yield Finished("epochs_done" if epoch == config.epochs else "early_stopping", describe_best(progress.best))


def make_optimizer(model: nn.Module, config: RunConfig) -> torch.optim.AdamW:
    """AdamW over the weights that learn, in four groups: head or body, with or without weight decay.

    Biases and LayerNorm are not decayed (Devlin et al. 2019, appendix A.2); moments are bias-corrected.
    """
    groups = []
    for part, rate in ((model.head, config.head_rate), (model.encoder, config.body_rate)):
        learning = [weight for weight in part.parameters() if weight.requires_grad]
        for decay, weights in ((config.weight_decay, [w for w in learning if w.ndim > 1]), (0.0, [w for w in learning if w.ndim <= 1])):
            if weights:
                groups.append({"params": weights, "lr": rate, "weight_decay": decay, "part": "head" if part is model.head else "body"})
    return torch.optim.AdamW(groups, betas=ADAM_BETAS, eps=ADAM_EPSILON, fused=True)


def make_schedule(optimizer: torch.optim.Optimizer, config: RunConfig, total_steps: int) -> torch.optim.lr_scheduler.LambdaLR:
    """Rates climb in a straight line over the warm-up, then stay, or fall to zero in a straight line."""
    warmup = math.ceil(config.warmup_ratio * total_steps)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        if config.schedule == "constant":
            return 1.0
        return max(0.0, (total_steps - step) / max(1, total_steps - warmup))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def compute_logits(model: nn.Module, encoded: Sequence[Encoded], batch_size: int, pad_id: int, labels_are: str) -> Iterator[tuple[list[int], torch.Tensor, dict[str, torch.Tensor]]]:
    """Evaluation mode, longest inputs first: (indices, logits, batch) one after the other."""
    model.eval()
    order = order_by_length(encoded, batch_size)
    for indices, batch in zip(order, batches(encoded, order, pad_id, labels_are), strict=True):
        with torch.inference_mode():
            logits = model(batch)
        yield indices, logits, batch


def describe_best(best: EvalDone | None) -> dict[str, object]:
    """The kept evaluation as plain values; empty before the first one."""
    if best is None:
        return {}
    return {"step": best.step, "epoch": best.epoch, "validation_loss": best.validation_loss, "metrics": dict(best.metrics)}


def _started(model: nn.Module, task: ModuleType, train_set: Dataset, validation_set: Dataset, label_names: Sequence[str],
             config: RunConfig, steps_per_epoch: int) -> Started:
    trainable, total = count_weights(model)
    baseline = task.compute_metrics(task.BASELINE(train_set.examples, validation_set.examples), validation_set.examples)
    return Started(task=config.task, strategy=config.strategy, trainable=trainable, total=total,
                   train_examples=len(train_set.examples), validation_examples=len(validation_set.examples),
                   epochs=config.epochs, steps_per_epoch=steps_per_epoch, total_steps=steps_per_epoch * config.epochs,
                   metric=task.BEST_METRIC[0], baseline=baseline[task.BEST_METRIC[0]], label_names=tuple(label_names),
                   device=str(next(model.parameters()).device), threads=torch.get_num_threads())


def _step(model: nn.Module, task: ModuleType, batch: dict[str, torch.Tensor], optimizer: torch.optim.Optimizer,
          schedule: torch.optim.lr_scheduler.LRScheduler, config: RunConfig, progress: _Progress, epoch: float) -> StepDone:
    """One update: forward, loss, backward, clipping, AdamW."""
    progress.step += 1
    rates = {group["part"]: group["lr"] for group in optimizer.param_groups}
    optimizer.zero_grad(set_to_none=True)
    loss = task.compute_loss(model(batch), batch)
    value = loss.item()
    if not math.isfinite(value):
        raise _not_finite(progress.step, rates)
    loss.backward()
    norm = nn.utils.clip_grad_norm_([w for group in optimizer.param_groups for w in group["params"]], config.max_grad_norm).item()
    if not math.isfinite(norm):
        raise _not_finite(progress.step, rates)
    optimizer.step()
    schedule.step()
    examples = len(batch["input_ids"])
    progress.loss_sum += value * examples
    progress.loss_count += examples
    return StepDone(step=progress.step, epoch=epoch, loss=value, examples=examples, grad_norm=norm,
                    head_learning_rate=rates.get("head", 0.0), learning_rate=rates.get("body", 0.0))


def _not_finite(step: int, rates: dict[str, float]) -> TrainingError:
    return TrainingError("Step {step}: the loss is no longer a number (learning rates: head {head:.1e}, body {body:.1e}). "
                         "Try a rate ten times smaller, more warm-up, or stronger gradient clipping.",
                         step=step, head=rates.get("head", 0.0), body=rates.get("body", 0.0))


def _evaluate(model: nn.Module, task: ModuleType, validation_set: Dataset, label_names: Sequence[str], config: RunConfig,
              pad_id: int, progress: _Progress, epoch: float) -> Iterator[Event]:
    """One pass over the validation set; every loss weighs as much as the labels it covers."""
    yield PhaseStarted("evaluating")
    logits: list[np.ndarray] = [np.empty(0)] * len(validation_set.encoded)
    loss_sum, asked, seen = 0.0, 0, count(1)
    for indices, scores, batch in compute_logits(model, validation_set.encoded, config.batch_size * 2, pad_id, task.LABELS_ARE):
        labels = int((batch["labels"] >= 0).sum())
        loss_sum += task.compute_loss(scores, batch).item() * labels if labels else 0.0
        asked += labels
        for i, row in zip(indices, scores.float().cpu().numpy(), strict=True):
            logits[i] = row
        yield Progress("evaluating", min(next(seen) * config.batch_size * 2, len(logits)), len(logits))
    predictions = task.decode(logits, validation_set.encoded, validation_set.examples, label_names)
    yield _judge(task, config, progress, epoch, loss_sum / max(1, asked), task.compute_metrics(predictions, validation_set.examples))


def _judge(task: ModuleType, config: RunConfig, progress: _Progress, epoch: float, loss: float, scores: dict[str, float]) -> EvalDone:
    """Compares an evaluation with the best so far; the one before the first step does not compete."""
    if not math.isfinite(loss):
        raise TrainingError("Step {step}: the validation loss is no longer a number. Try a learning rate ten times smaller.", step=progress.step)
    name, direction = task.BEST_METRIC
    train_loss = progress.loss_sum / progress.loss_count if progress.loss_count else None
    progress.loss_sum, progress.loss_count = 0.0, 0
    done = EvalDone(step=progress.step, epoch=epoch, train_loss=train_loss, validation_loss=loss, metrics=scores,
                    is_best=False, patience_left=None)
    if progress.step == 0:
        return done
    by_loss = config.early_stopping_metric == "validation_loss"
    value, sign = (loss, 1) if by_loss else (scores[name], 1 if direction == "min" else -1)
    kept = progress.best and (progress.best.validation_loss if by_loss else progress.best.metrics[name])
    is_best = kept is None or sign * value < sign * kept
    progress.evaluations_without_best = 0 if is_best else progress.evaluations_without_best + 1
    done = EvalDone(**{**vars(done), "is_best": is_best, "patience_left": _patience_left(config, progress)})
    progress.best = done if is_best else progress.best
    return done


def _patience_left(config: RunConfig, progress: _Progress) -> int | None:
    return config.patience - progress.evaluations_without_best if config.patience else None


def _check_frozen(model: nn.Module, before: str, step: int) -> FrozenChecked:
    digest, weights = hash_frozen(model)
    return FrozenChecked(step=step, weights=weights, unchanged=digest == before, digest=digest[:16])
