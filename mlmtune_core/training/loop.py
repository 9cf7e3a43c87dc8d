"""The loop, a generator of events: start reading here."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from mlmtune_core.events import Event, Finished, PhaseStarted, Started
from mlmtune_core.models.adapters import merge_adapters
from mlmtune_core.models.freezing import count_weights, set_train_mode
from mlmtune_core.training.batches import batches
from mlmtune_core.training.evaluation import (
    Dataset,
    Setup,
    Standing,
    choose_learnt,
    describe_best,
    evaluate,
    find_prior_loss,
    patience_left,
)
from mlmtune_core.training.faster.embedding_rows import rows_in_use
from mlmtune_core.training.order import count_steps, shuffle
from mlmtune_core.training.steps import Keeper, State, Stepper
from mlmtune_core.training.unfreezing import Frozen


def train(
    setup: Setup, train_set: Dataset, validation_set: Dataset, keeper: Keeper | None = None, begun: State | None = None
) -> Iterator[Event]:
    """Fine-tunes `setup.model` in place and says what happens; ends with Finished, or raises TrainingError.

    Which weights learn is already set on the model (see freezing); at the end adapters are merged. On EvalDone with is_best the weights at that
    moment are the best so far: whoever consumes the events keeps them. Closing the generator stops the run.
    A `keeper` is asked after every step whether to keep the state; where it says so, the run pauses. From such a state,
    `begun`, another call goes on to the bit, without saying again what was said.
    """
    model, task, config = setup.model, setup.task, setup.config
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    steps = count_steps(train_set.lengths, config)
    standing, learnt_set = begun.standing if begun else Standing(), choose_learnt(config, train_set)
    start = describe_start(setup, train_set, validation_set, steps)
    with rows_in_use(model, [*train_set.encoded, *validation_set.encoded], setup.pad_id):
        stepper = Stepper(setup, standing, sum(steps))
        frozen = Frozen(model, config.strategy, steps, standing.step)
        if begun:
            rng.bit_generator.state = begun.shuffle
            stepper.restore(begun.tensors)
        else:
            yield start
            yield from evaluate(setup, validation_set, standing, 0.0, learnt_set)
        for epoch in range(begun.epoch if begun else 1, config.epochs + 1):
            before, learnt = rng.bit_generator.state, begun.done if begun and begun.epoch == epoch else 0
            if not learnt:
                yield PhaseStarted("training")
            set_train_mode(model)
            order, items = shuffle(train_set.lengths, config, rng, epoch), train_set.of_epoch(epoch)
            padded = batches(items, order[learnt:], setup.pad_id, task.LABELS_ARE, model.device, setup.prefix)
            for done, batch in enumerate(padded, start=learnt + 1):
                yield from frozen.follow(stepper)
                yield from stepper.take(batch, epoch - 1 + done / len(order))
                if epoch == done == 1:
                    yield from stepper.read()
                    yield frozen.check(standing.step)
                if keeper and keeper.due():
                    yield from stepper.read()
                    if not keeper.keep(State(epoch, done, before, standing, stepper.state())):
                        return
            yield from stepper.read()
            yield from evaluate(setup, validation_set, standing, float(epoch), learnt_set)
            if patience_left(config, standing) == 0:
                break
        yield frozen.check(standing.step)
    merge_adapters(model)
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
