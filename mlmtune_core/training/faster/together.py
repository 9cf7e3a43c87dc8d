"""Head-only runs that differ in settings of the optimizer, dropout and seed, trained together: what training.train does, for many."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mlmtune_core.errors import TrainingError
from mlmtune_core.events import Event, Finished, PhaseStarted, Progress, StepDone, failure
from mlmtune_core.models.freezing import hash_frozen
from mlmtune_core.training.batches import batches
from mlmtune_core.training.evaluation import (
    Dataset,
    Measuring,
    Setup,
    Standing,
    choose_learnt,
    conclude,
    describe_best,
    patience_left,
)
from mlmtune_core.training.faster.head_stack import HeadStack
from mlmtune_core.training.loop import describe_start
from mlmtune_core.training.order import count_steps, order_by_length, shuffle
from mlmtune_core.training.steps import not_finite
from mlmtune_core.training.unfreezing import check_frozen


def train_together(
    setups: Sequence[Setup], train_set: Dataset, validation_set: Dataset, ended: Callable[[int], bool]
) -> Iterator[tuple[int, Event]]:
    """(which setup, its event): for each the events that train would yield for it alone, up to Finished or Failed.

    All setups share one frozen encoder, its cache, the data, and every setting but those in sweeps.TOGETHER and the seed. `ended` says of a
    setup that nothing more is wanted of it. On EvalDone its head holds the weights of that moment.
    """
    first = setups[0]
    config, labels_are = first.config, first.task.LABELS_ARE
    random = {each.config.seed: np.random.default_rng(each.config.seed) for each in setups}
    steps = count_steps(train_set.lengths, config)
    stack = HeadStack([each.model.head for each in setups], [each.config for each in setups], sum(steps))
    frozen_hash, _ = hash_frozen(first.model)
    lanes = [_Lane(i, each, Standing()) for i, each in enumerate(setups)]
    start = describe_start(first, train_set, validation_set, steps)  # nothing in it differs
    yield from ((lane.number, start) for lane in lanes)
    measured_sets = [validation_set, *filter(None, [choose_learnt(config, train_set)])]
    yield from _evaluate(stack, lanes, measured_sets, 0.0)
    if len(stack.seeds) > 1:
        yield from _compute_ahead(lanes, train_set)
    for epoch in range(1, config.epochs + 1):
        for lane in lanes:
            yield lane.number, PhaseStarted("training")
        first.model.eval()
        orders = [shuffle(train_set.lengths, config, random[seed], epoch) for seed in stack.seeds]
        padded = [batches(train_set.encoded, order, first.pad_id, labels_are, first.model.device, first.prefix) for order in orders]  # fmt: skip
        for done, of_seeds in enumerate(zip(*padded, strict=True), start=1):
            yield from _step(stack, lanes, of_seeds, epoch - 1 + done / len(orders[0]))
            if epoch == done == 1:
                unchanged = check_frozen(first.model, frozen_hash, 1)
                yield from ((lane.number, unchanged) for lane in lanes)
        yield from _evaluate(stack, lanes, measured_sets, float(epoch))
        last = [lane for lane in lanes if not lane.failed and (epoch == config.epochs or patience_left(lane.setup.config, lane.standing) == 0)]  # fmt: skip
        unchanged = check_frozen(first.model, frozen_hash, lanes[0].standing.step) if last else unchanged
        for lane in last:
            lane.finished = True
            yield lane.number, unchanged
            reason = "epochs_done" if epoch == config.epochs else "early_stopping"
            yield lane.number, Finished(reason, describe_best(lane.standing.best))
        going = [place for place, lane in enumerate(lanes) if not (lane.finished or lane.failed or ended(lane.number))]
        if not going:
            return
        stack.keep(going)
        lanes = [lanes[place] for place in going]


@dataclass
class _Lane:
    number: int
    setup: Setup
    standing: Standing
    finished: bool = False
    failed: bool = False


def _compute_ahead(lanes: Sequence[_Lane], train_set: Dataset) -> Iterator[tuple[int, Event]]:
    """What the frozen layers make of all training texts: every seed would come upon them in other company."""
    first = lanes[0].setup
    if not first.prefix:
        return
    order, done = order_by_length(train_set.lengths, first.config.batch_size * 2), 0
    passed = batches(train_set.encoded, order, first.pad_id, first.task.LABELS_ARE, first.model.device, first.prefix)
    for indices, _ in zip(order, passed, strict=True):
        done += len(indices)
        yield from ((lane.number, Progress("preparing", done, len(train_set.encoded))) for lane in lanes)


def _step(
    stack: HeadStack, lanes: Sequence[_Lane], of_seeds: Sequence[dict[str, torch.Tensor]], epoch: float
) -> Iterator[tuple[int, Event]]:
    """One update of all; a lane whose loss is no number any more fails alone."""
    examples = len(of_seeds[0]["input_ids"])
    for lane, loss, norm, rate in zip(lanes, *stack.step(of_seeds, lanes[0].setup.task.compute_loss), strict=True):
        if lane.failed:
            continue
        lane.standing.step += 1
        if not (math.isfinite(loss) and math.isfinite(norm)):
            lane.failed = True
            yield lane.number, failure(not_finite(lane.standing.step, {"head": rate}))
            continue
        lane.standing.loss_sum += loss * examples
        lane.standing.loss_count += examples
        yield lane.number, StepDone(lane.standing.step, epoch, loss, examples, rate, 0.0, norm)


def _evaluate(
    stack: HeadStack, lanes: Sequence[_Lane], measured_sets: Sequence[Dataset], epoch: float
) -> Iterator[tuple[int, Event]]:
    """One pass over each set for all lanes: the validation set, and perhaps some of what is learnt from; what the lanes weigh now is
    copied into their own heads before their events.
    """
    for lane in lanes:
        yield lane.number, PhaseStarted("evaluating")
    passed = [_measure(stack, lanes, dataset) for dataset in measured_sets]
    for place, (lane, *each) in enumerate(zip(lanes, *passed, strict=True)):
        if lane.failed:
            continue
        try:
            done = conclude(lane.setup, lane.standing, epoch, *(measuring.result() for measuring in each))
        except TrainingError as error:
            lane.failed = True
            yield lane.number, failure(error)
            continue
        stack.write_back(place)
        yield lane.number, done


def _measure(stack: HeadStack, lanes: Sequence[_Lane], dataset: Dataset) -> list[Measuring]:
    """What each lane says to every example of a set."""
    first = lanes[0].setup
    measuring = [Measuring(lane.setup, dataset) for lane in lanes]
    order = order_by_length(dataset.lengths, first.config.batch_size * 2)
    padded = batches(dataset.encoded, order, first.pad_id, first.task.LABELS_ARE, first.model.device, first.prefix)
    for indices, batch in zip(order, padded, strict=True):
        with torch.no_grad():
            logits = stack.logits(batch["hidden"])
        for each, mine in zip(measuring, logits, strict=True):
            each.add(indices, mine, batch)
    return measuring
