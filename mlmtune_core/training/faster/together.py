"""Trains many heads on one frozen encoder together: what loop.train does, for a whole sweep."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mlmtune_core.errors import TrainingError
from mlmtune_core.events import Event, Finished, PhaseStarted, Progress, StepDone, to_failed
from mlmtune_core.models.freezing import hash_frozen
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.training.batches import padded_batches
from mlmtune_core.training.evaluation import Scoring, conclude, describe_best, patience_left, sample_training_set
from mlmtune_core.training.faster.head_stack import HeadStack
from mlmtune_core.training.loop import describe_start
from mlmtune_core.training.order import count_steps, order_by_length, shuffle
from mlmtune_core.training.setup import Batch, Setup, TrainingState
from mlmtune_core.training.steps import not_finite
from mlmtune_core.training.unfreezing import check_frozen


def train_together(
    setups: Sequence[Setup], train_set: Dataset, validation_set: Dataset, ended: Callable[[int], bool]
) -> Iterator[tuple[int, Event]]:
    """Yields (which setup, its event): for each setup the events that `train` would yield for it alone, up to Finished or Failed.

    All setups share one frozen encoder, its cache, the data, and every setting but those in sweeps.TOGETHER and the seed. `ended` says
    that a setup is no longer wanted. On EvalDone the head of the setup holds the weights of that evaluation.
    """
    first = setups[0]
    config, labels_are = first.config, first.task.LABELS_ARE
    random = {each.config.seed: np.random.default_rng(each.config.seed) for each in setups}
    steps = count_steps(train_set.lengths, config)
    stack = HeadStack([each.model.head for each in setups], [each.config for each in setups], sum(steps))
    frozen_hash, _ = hash_frozen(first.model)
    lanes = [_Lane(i, each, TrainingState()) for i, each in enumerate(setups)]
    start = describe_start(first, train_set, validation_set, steps)  # nothing in it differs
    yield from ((lane.number, start) for lane in lanes)
    scored_sets = [validation_set, *filter(None, [sample_training_set(config, train_set)])]
    yield from _evaluate(stack, lanes, scored_sets, 0.0)
    if len(stack.seeds) > 1:
        yield from _compute_ahead(lanes, train_set)
    for epoch in range(1, config.epochs + 1):
        for lane in lanes:
            yield lane.number, PhaseStarted("training")
        first.model.eval()
        orders = [shuffle(train_set.lengths, config, random[seed], epoch) for seed in stack.seeds]
        padded = [padded_batches(train_set.encoded, order, first.pad_id, labels_are, first.model.device, first.prefix) for order in orders]  # fmt: skip
        for done, of_seeds in enumerate(zip(*padded, strict=True), start=1):
            yield from _step(stack, lanes, of_seeds, epoch - 1 + done / len(orders[0]))
            if epoch == done == 1:
                unchanged = check_frozen(first.model, frozen_hash, 1)
                yield from ((lane.number, unchanged) for lane in lanes)
        yield from _evaluate(stack, lanes, scored_sets, float(epoch))
        last = [lane for lane in lanes if not lane.failed and (epoch == config.epochs or patience_left(lane.setup.config, lane.state) == 0)]  # fmt: skip
        unchanged = check_frozen(first.model, frozen_hash, lanes[0].state.step) if last else unchanged
        for lane in last:
            lane.finished = True
            yield lane.number, unchanged
            reason = "epochs_done" if epoch == config.epochs else "early_stopping"
            yield lane.number, Finished(reason, describe_best(lane.state.best))
        active = [place for place, lane in enumerate(lanes) if not (lane.finished or lane.failed or ended(lane.number))]
        if not active:
            return
        stack.keep(active)
        lanes = [lanes[place] for place in active]


@dataclass
class _Lane:
    number: int
    setup: Setup
    state: TrainingState
    finished: bool = False
    failed: bool = False


def _compute_ahead(lanes: Sequence[_Lane], train_set: Dataset) -> Iterator[tuple[int, Event]]:
    """Runs all training texts through the frozen layers first: every seed would have them in other batches."""
    first = lanes[0].setup
    if not first.prefix:
        return
    order, done = order_by_length(train_set.lengths, first.config.batch_size * 2), 0
    passed = padded_batches(train_set.encoded, order, first.pad_id, first.task.LABELS_ARE, first.model.device, first.prefix)
    for indices, _ in zip(order, passed, strict=True):
        done += len(indices)
        yield from ((lane.number, Progress("preparing", done, len(train_set.encoded))) for lane in lanes)


def _step(
    stack: HeadStack, lanes: Sequence[_Lane], of_seeds: Sequence[Batch], epoch: float
) -> Iterator[tuple[int, Event]]:
    """Updates all lanes; one whose loss is not finite fails alone."""
    examples = len(of_seeds[0]["input_ids"])
    for lane, loss, norm, rate in zip(lanes, *stack.step(of_seeds, lanes[0].setup.task.compute_loss), strict=True):
        if lane.failed:
            continue
        lane.state.step += 1
        if not (math.isfinite(loss) and math.isfinite(norm)):
            lane.failed = True
            yield lane.number, to_failed(not_finite(lane.state.step, {"head": rate}))
            continue
        lane.state.loss_sum += loss * examples
        lane.state.loss_count += examples
        yield lane.number, StepDone(lane.state.step, epoch, loss, examples, rate, 0.0, norm)


def _evaluate(
    stack: HeadStack, lanes: Sequence[_Lane], scored_sets: Sequence[Dataset], epoch: float
) -> Iterator[tuple[int, Event]]:
    """One pass over each set for all lanes: the validation set and, if asked for, some training examples. The weights of each lane are
    copied into its own head before its event.
    """
    for lane in lanes:
        yield lane.number, PhaseStarted("evaluating")
    passed = [_score(stack, lanes, dataset) for dataset in scored_sets]
    for place, (lane, *each) in enumerate(zip(lanes, *passed, strict=True)):
        if lane.failed:
            continue
        try:
            done = conclude(lane.setup, lane.state, epoch, *(scoring.result() for scoring in each))
        except TrainingError as error:
            lane.failed = True
            yield lane.number, to_failed(error)
            continue
        stack.write_back(place)
        yield lane.number, done


def _score(stack: HeadStack, lanes: Sequence[_Lane], dataset: Dataset) -> list[Scoring]:
    """The scores of every lane on a set."""
    first = lanes[0].setup
    scoring = [Scoring(lane.setup, dataset) for lane in lanes]
    order = order_by_length(dataset.lengths, first.config.batch_size * 2)
    padded = padded_batches(dataset.encoded, order, first.pad_id, first.task.LABELS_ARE, first.model.device, first.prefix)
    for indices, batch in zip(order, padded, strict=True):
        with torch.no_grad():
            logits = stack.logits(batch["hidden"])
        for each, mine in zip(scoring, logits, strict=True):
            each.add(indices, mine, batch)
    return scoring
