"""The loop, a generator of events: start reading here."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from mlmtune_core.batching import batches, shuffle_by_length
from mlmtune_core.embedding_rows import follow_decay, rows_in_use
from mlmtune_core.errors import TrainingError
from mlmtune_core.evaluating import Dataset, Setup, Standing, describe_best, evaluate, patience_left
from mlmtune_core.events import Event, Finished, FrozenChecked, PhaseStarted, Started, StepDone
from mlmtune_core.freezing import count_weights, hash_frozen, set_train_mode
from mlmtune_core.optimizing import make_optimizer, make_schedule


def train(setup: Setup, train_set: Dataset, validation_set: Dataset) -> Iterator[Event]:
    """Fine-tunes `setup.model` in place and says what happens; ends with Finished, or raises TrainingError.

    Which weights learn is already set on the model (see freezing). On EvalDone with is_best the weights at that
    moment are the best so far: whoever consumes the events keeps them. Closing the generator stops the run.
    """
    model, task, config = setup.model, setup.task, setup.config
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    frozen_hash, _ = hash_frozen(model)
    steps_per_epoch = math.ceil(len(train_set.encoded) / config.batch_size)
    standing = Standing()
    yield describe_start(setup, train_set, validation_set, steps_per_epoch)
    with rows_in_use(model, [*train_set.encoded, *validation_set.encoded], setup.pad_id):
        optimizer = make_optimizer(model, config)
        follow_decay(model, optimizer)
        schedule = make_schedule(optimizer, config, steps_per_epoch * config.epochs)
        yield from evaluate(setup, validation_set, standing, epoch=0.0)
        for epoch in range(1, config.epochs + 1):
            yield PhaseStarted("training")
            set_train_mode(model)
            order = shuffle_by_length(train_set.encoded, config.batch_size, rng)
            padded = batches(train_set.encoded, order, setup.pad_id, task.LABELS_ARE, setup.prefix)
            for done, batch in enumerate(padded, start=1):
                yield _step(setup, batch, optimizer, schedule, standing, epoch - 1 + done / len(order))
                if standing.step == 1:
                    yield check_frozen(model, frozen_hash, standing.step)
            yield from evaluate(setup, validation_set, standing, epoch=float(epoch))
            if patience_left(config, standing) == 0:
                break
    yield check_frozen(model, frozen_hash, standing.step)
    yield Finished("epochs_done" if epoch == config.epochs else "early_stopping", describe_best(standing.best))


def describe_start(setup: Setup, train_set: Dataset, validation_set: Dataset, steps_per_epoch: int) -> Started:
    """What is about to be trained on what, with the score of the trivial predictor."""
    model, task, config = setup.model, setup.task, setup.config
    trainable, total = count_weights(model)
    baseline = task.compute_metrics(task.BASELINE(train_set.examples, validation_set.examples), validation_set.examples)
    return Started(
        task=config.task,
        strategy=config.strategy,
        trainable=trainable,
        total=total,
        train_examples=len(train_set.examples),
        validation_examples=len(validation_set.examples),
        epochs=config.epochs,
        steps_per_epoch=steps_per_epoch,
        total_steps=steps_per_epoch * config.epochs,
        metric=task.BEST_METRIC[0],
        baseline=baseline[task.BEST_METRIC[0]],
        label_names=tuple(setup.label_names),
        device=str(next(model.parameters()).device),
        threads=torch.get_num_threads(),
    )


def _step(
    setup: Setup,
    batch: dict[str, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    standing: Standing,
    epoch: float,
) -> StepDone:
    """One update: forward, loss, backward, clipping, AdamW."""
    standing.step += 1
    rates = {group["part"]: group["lr"] for group in optimizer.param_groups}
    optimizer.zero_grad(set_to_none=True)
    loss = setup.task.compute_loss(setup.model(batch), batch)
    value = loss.item()
    if not math.isfinite(value):
        raise not_finite(standing.step, rates)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(
        [w for group in optimizer.param_groups for w in group["params"]], setup.config.max_grad_norm
    ).item()
    if not math.isfinite(norm):
        raise not_finite(standing.step, rates)
    optimizer.step()
    schedule.step()
    examples = len(batch["input_ids"])
    standing.loss_sum += value * examples
    standing.loss_count += examples
    return StepDone(
        step=standing.step,
        epoch=epoch,
        loss=value,
        examples=examples,
        grad_norm=norm,
        head_learning_rate=rates.get("head", 0.0),
        learning_rate=rates.get("body", 0.0),
    )


def not_finite(step: int, rates: dict[str, float]) -> TrainingError:
    """The error of a loss or a gradient that is no number, with the rates (by part) that led there."""
    return TrainingError(
        "Step {step}: the loss is no longer a number (learning rates: head {head:.1e}, body {body:.1e}). "
        "Try a rate ten times smaller, more warm-up, or stronger gradient clipping.",
        step=step,
        head=rates.get("head", 0.0),
        body=rates.get("body", 0.0),
    )


def check_frozen(model: nn.Module, before: str, step: int) -> FrozenChecked:
    """Whether the frozen weights still have the hash they began with."""
    digest, weights = hash_frozen(model)
    return FrozenChecked(step=step, weights=weights, unchanged=digest == before, digest=digest[:16])
