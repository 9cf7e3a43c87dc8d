"""The loop, a generator of events: start reading here."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn

from mlmtune_core.batching import batches
from mlmtune_core.embedding_rows import rows_in_use
from mlmtune_core.evaluating import Dataset, Setup, Standing, choose_learnt, describe_best, evaluate, patience_left
from mlmtune_core.events import Event, Finished, FrozenChecked, PhaseStarted, Started
from mlmtune_core.freezing import count_weights, hash_frozen, set_train_mode
from mlmtune_core.label_prior import find_prior_loss
from mlmtune_core.ordering import count_steps, shuffle
from mlmtune_core.stepping import Keeper, State, Stepper


def train(
    setup: Setup, train_set: Dataset, validation_set: Dataset, keeper: Keeper | None = None, begun: State | None = None
) -> Iterator[Event]:
    """Fine-tunes `setup.model` in place and says what happens; ends with Finished, or raises TrainingError.

    Which weights learn is already set on the model (see freezing). On EvalDone with is_best the weights at that
    moment are the best so far: whoever consumes the events keeps them. Closing the generator stops the run.
    A `keeper` is asked after every step whether to keep the state; where it says so, the run pauses. From such a state,
    `begun`, another call goes on to the bit, without saying again what was said.
    """
    model, task, config = setup.model, setup.task, setup.config
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    frozen_hash, _ = hash_frozen(model)
    steps = count_steps(train_set.lengths, config)
    standing, learnt_set = begun.standing if begun else Standing(), choose_learnt(config, train_set)
    if not begun:
        yield describe_start(setup, train_set, validation_set, steps)
    with rows_in_use(model, [*train_set.encoded, *validation_set.encoded], setup.pad_id):
        stepper = Stepper(setup, standing, sum(steps))
        if begun:
            rng.bit_generator.state = begun.shuffle
            stepper.restore(begun.tensors)
        else:
            yield from evaluate(setup, validation_set, standing, 0.0, learnt_set)
        for epoch in range(begun.epoch if begun else 1, config.epochs + 1):
            before, learnt = rng.bit_generator.state, begun.done if begun and begun.epoch == epoch else 0
            if not learnt:
                yield PhaseStarted("training")
            set_train_mode(model)
            order = shuffle(train_set.lengths, config, rng, epoch)
            padded = batches(
                train_set.of_epoch(epoch), order[learnt:], setup.pad_id, task.LABELS_ARE, setup.model.device, setup.prefix
            )
            for done, batch in enumerate(padded, start=learnt + 1):
                yield from stepper.take(batch, epoch - 1 + done / len(order))
                if epoch == done == 1:
                    yield from stepper.read()
                    yield check_frozen(model, frozen_hash, standing.step)
                if keeper and keeper.due():
                    yield from stepper.read()
                    if not keeper.keep(State(epoch, done, before, standing, stepper.state())):
                        return
            yield from stepper.read()
            yield from evaluate(setup, validation_set, standing, float(epoch), learnt_set)
            if patience_left(config, standing) == 0:
                break
    yield check_frozen(model, frozen_hash, standing.step)
    yield Finished("epochs_done" if epoch == config.epochs else "early_stopping", describe_best(standing.best))


def describe_start(setup: Setup, train_set: Dataset, validation_set: Dataset, steps: Sequence[int]) -> Started:
    """What is about to be trained on what, in so many steps an epoch, with the score of the trivial predictor."""
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
        steps_per_epoch=steps[0],
        total_steps=sum(steps),
        metric=task.BEST_METRIC[0],
        baseline=baseline[task.BEST_METRIC[0]],
        label_names=tuple(setup.label_names),
        device=str(setup.model.device),
        threads=torch.get_num_threads(),
        prior_loss=find_prior_loss(train_set.encoded, task.LABELS_ARE, setup.label_names),
    )


def check_frozen(model: nn.Module, before: str, step: int) -> FrozenChecked:
    """Whether the frozen weights still have the hash they began with."""
    digest, weights = hash_frozen(model)
    return FrozenChecked(step=step, weights=weights, unchanged=digest == before, digest=digest[:16])
