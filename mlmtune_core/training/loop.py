"""The training loop, a generator of events: start reading here."""

from collections.abc import Generator, Iterator, Sequence

import numpy as np
import torch

from mlmtune_core.events import Event, Finished, PhaseStarted, Started
from mlmtune_core.models.adapters import merge_adapters
from mlmtune_core.models.freezing import count_weights, set_train_mode
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.training.batches import padded_batches
from mlmtune_core.training.evaluation import (
    describe_best,
    evaluate,
    find_prior_loss,
    patience_left,
    sample_training_set,
)
from mlmtune_core.training.order import count_steps, shuffle
from mlmtune_core.training.setup import Checkpointer, Position, ResumePoint, Setup, TrainingState
from mlmtune_core.training.steps import Stepper
from mlmtune_core.training.unfreezing import FrozenWeights


def train(
    setup: Setup,
    train_set: Dataset,
    validation_set: Dataset,
    checkpointer: Checkpointer | None = None,
    resume_from: ResumePoint | None = None,
) -> Iterator[Event]:
    """Fine-tunes `setup.model` in place and yields what happens; ends with Finished, or raises TrainingError.

    Which weights are trainable was decided before (see models/freezing). An EvalDone with `is_best` means that the weights are the best
    so far at this moment: save them then. Closing the generator stops training.
    `checkpointer` is asked after every step and may pause the run there; `resume_from` is what it saved, and continues the run to the bit.
    """
    model, config = setup.model, setup.config
    torch.manual_seed(config.seed)
    state = resume_from.state if resume_from else TrainingState()
    position = resume_from.position if resume_from else Position()
    rng = np.random.default_rng(config.seed)
    if resume_from:
        rng.bit_generator.state = position.shuffle
    steps_per_epoch = count_steps(train_set.lengths, config)
    some_of_train_set = sample_training_set(config, train_set)
    started = describe_start(setup, train_set, validation_set, steps_per_epoch)

    with setup.embeddings(model, [*train_set.encoded, *validation_set.encoded], setup.pad_id):
        stepper = Stepper(setup, state, sum(steps_per_epoch))
        frozen = FrozenWeights(model, config.strategy, steps_per_epoch, stepper)
        if resume_from:
            stepper.restore(resume_from.tensors)
        else:
            yield started
            yield from evaluate(setup, validation_set, state, 0.0, some_of_train_set)

        for epoch in range(position.epoch, config.epochs + 1):
            position.shuffle = rng.bit_generator.state
            order = shuffle(train_set.lengths, config, rng, epoch)
            paused = yield from train_epoch(setup, train_set, order, stepper, position, checkpointer)
            if paused:
                return
            yield from evaluate(setup, validation_set, state, float(epoch), some_of_train_set)
            if patience_left(config, state) == 0:
                break
            position.epoch, position.batches_done = epoch + 1, 0
        yield frozen.check()
    merge_adapters(model)
    yield Finished("epochs_done" if epoch == config.epochs else "early_stopping", describe_best(state.best))


def train_epoch(
    setup: Setup,
    train_set: Dataset,
    order: Sequence[Sequence[int]],
    stepper: Stepper,
    position: Position,
    checkpointer: Checkpointer | None = None,
) -> Generator[Event, None, bool]:
    """Takes one step for each batch of `order` that is not done yet; returns True if the checkpointer paused the run."""
    if not position.batches_done:
        yield PhaseStarted("training")
    set_train_mode(setup.model)
    encoded, todo = train_set.of_epoch(position.epoch), order[position.batches_done :]
    for batch in padded_batches(encoded, todo, setup.pad_id, setup.task.LABELS_ARE, setup.model.device, setup.prefix):
        position.batches_done += 1
        yield from stepper.step(batch, position.epoch - 1 + position.batches_done / len(order))
        if checkpointer and checkpointer.due():
            yield from stepper.flush()
            if not checkpointer.save(ResumePoint(position, stepper.state, stepper.tensors())):
                return True
    yield from stepper.flush()
    return False


def describe_start(setup: Setup, train_set: Dataset, validation_set: Dataset, steps_per_epoch: Sequence[int]) -> Started:
    """What is about to be trained on what, with the score of the trivial predictor that it must beat."""
    model, task, config = setup.model, setup.task, setup.config
    trainable, total = count_weights(model)
    baseline = task.compute_metrics(task.BASELINE(train_set, validation_set), validation_set.examples)
    return Started(
        task=config.task,
        strategy=config.strategy,
        trainable=trainable,
        total=total,
        train_examples=len(train_set.examples),
        validation_examples=len(validation_set.examples),
        epochs=config.epochs,
        steps_per_epoch=steps_per_epoch[0],
        total_steps=sum(steps_per_epoch),
        metric=task.BEST_METRIC[0],
        baseline=baseline[task.BEST_METRIC[0]],
        label_names=tuple(setup.label_names),
        device=str(model.device),
        threads=torch.get_num_threads(),
        prior_loss=find_prior_loss(train_set.encoded, task.LABELS_ARE, setup.label_names),
    )
