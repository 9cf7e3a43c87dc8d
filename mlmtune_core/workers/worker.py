"""Carries out one run, start to end: the place where all parts meet."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pandas as pd
import torch
from safetensors.torch import load_file

from mlmtune_core.config import BUNDLED, RunConfig
from mlmtune_core.data.subsets import read_splits
from mlmtune_core.errors import UserError, repeated_deaths_error
from mlmtune_core.events import EvalDone, Event, Failed, Finished, FrozenChecked, PhaseStarted, StepDone, Tested
from mlmtune_core.models import checkpoints
from mlmtune_core.models.model import Model
from mlmtune_core.runs.heartbeats import RunInUse, beating
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import find_group, open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.training.assembly import make_datasets, make_model, make_setup, make_trainable
from mlmtune_core.training.evaluation import score
from mlmtune_core.training.faster.prefix_cache import PrefixCache, SharedFiles, add_shortcuts
from mlmtune_core.training.faster.together import train_together
from mlmtune_core.training.loop import train
from mlmtune_core.training.setup import Setup, TrainingState
from mlmtune_core.training.steps import Stepper
from mlmtune_core.workers import cores
from mlmtune_core.workers.checkpointing import RunCheckpointer, Snapshot, read_snapshot
from mlmtune_core.workers.recorder import Recorder

MOST_ATTEMPTS = 5  # in a row that died before a new snapshot was saved


def run(name: str) -> str:
    """Carries out a run, given by id or folder, with those that it leads; the engine calls this. Returns its state afterwards."""
    this = open_run(name)
    for _ in carry_out_group(this):
        pass
    return this.state()


def carry_out_group(this: Run) -> Iterator[tuple[Run, Event]]:
    """Yields (run, event): carries out a run and the unfinished runs that it leads, as one training."""
    together = [each for each in find_group(this) if each.summary() is None]
    if len(together) > 1:
        yield from ((together[i], event) for i, event in carry_out_together(together))
    elif together:
        yield from ((together[0], event) for event in carry_out(together[0]))


def warm() -> None:
    """Pays for imports, the bundled checkpoint and a first step before the first Start."""
    tokenizer = checkpoints.load_tokenizer(BUNDLED)
    config, names = RunConfig(strategy="full"), ["no", "yes"]
    task = TASKS[config.task]
    setup = Setup(make_model(config, task, names).train(), task, config, names, 0)
    batch = {name: torch.tensor([ids]) for name, ids in tokenizer("warm").items()}
    list(Stepper(setup, TrainingState(), total_steps=1).step(batch | {"labels": torch.tensor([1])}, epoch=0.0))


def carry_out(this: Run) -> Iterator[Event]:
    """Yields every event once it is recorded, from the last snapshot on.

    Ends without Finished if the owner pauses the run, and at once if another process works on it. Any error ends the run with a
    message, never silently.
    """
    with suppress(RunInUse), beating([this.heartbeat_file]):
        if this.summary() is not None:  # checked again now that no other process can end it
            return
        recorder = Recorder(this)
        try:
            if this.start_attempt() > MOST_ATTEMPTS:
                raise repeated_deaths_error(MOST_ATTEMPTS)
            cores.follow(0)
            for event, model, label_names in _events(this, recorder):
                yield from recorder.take(event, model, label_names)
                cores.follow(recorder.taken)
                if isinstance(event, Finished):
                    break
                if recorder.wants_stop():
                    yield from recorder.stop(model, label_names)
                    break
                if recorder.wants_pause and not isinstance(event, StepDone | FrozenChecked):
                    break  # after a step the loop saves a snapshot first; elsewhere the run resumes from the last one
        except Exception as error:
            yield from recorder.fail(error)
            if not isinstance(error, UserError):
                raise


def carry_out_together(runs: Sequence[Run]) -> Iterator[tuple[int, Event]]:
    """Yields (index of the run, event) once it is recorded. The runs share data and all settings but sweeps.TOGETHER and the seed."""
    recorders, finished = [Recorder(run) for run in runs], set[int]()
    with suppress(RunInUse), beating([run.heartbeat_file for run in runs]):
        try:
            for run in runs:
                run.start_attempt()
            cores.follow(0)
            yield from _record_together(recorders, finished)
        except Exception as error:
            for i, recorder in enumerate(recorders):
                yield from ((i, event) for event in (recorder.fail(error) if i not in finished else ()))
            if not isinstance(error, UserError):
                raise


def _record_together(recorders: Sequence[Recorder], finished: set[int]) -> Iterator[tuple[int, Event]]:
    """Yields the events of runs that are trained together; adds to `finished` the runs that are done."""
    for i, recorder in enumerate(recorders):
        yield from ((i, event) for event in recorder.take(PhaseStarted("preparing")))
    setup, datasets, prefix = assemble_run(recorders[0].run)
    setups = _with_own_heads(setup, [recorder.run.config() for recorder in recorders])
    trained = train_together(setups, datasets["train"], datasets["validation"], finished.__contains__)
    for count, (i, event) in enumerate(trained, start=1):
        if count % len(recorders) == 0:  # about once a step
            cores.follow(count // len(recorders))
        if i in finished:
            continue
        recorder, mine = recorders[i], setups[i]
        for each in _with_test(recorder.run, mine, datasets, prefix, event):
            yield from ((i, recorded) for recorded in recorder.take(each, mine.model, list(mine.label_names)))
        if isinstance(event, Finished | Failed):
            finished.add(i)
        elif recorder.wants_stop():
            yield from ((i, recorded) for recorded in recorder.stop(mine.model, list(mine.label_names)))
            finished.add(i)
        if all(each.wants_pause for number, each in enumerate(recorders) if number not in finished):
            return  # such a short training is repeated from the start


def _events(this: Run, recorder: Recorder) -> Iterator[tuple[Event, Model | None, list[str]]]:
    """Yields (event, model, label names), from preparing to Finished."""
    snapshot = read_snapshot(this)
    yield PhaseStarted("preparing"), None, []
    setup, datasets, prefix = assemble_run(this, snapshot)
    if snapshot:
        state = snapshot.point.state
        yield recorder.resume(state.step, state.best, snapshot.recorded), None, []
    checkpointer = RunCheckpointer(recorder, prefix.snapshot if prefix else dict)
    trained = train(setup, datasets["train"], datasets["validation"], checkpointer, snapshot.point if snapshot else None)
    for event in trained:
        for each in _with_test(this, setup, datasets, prefix, event):
            yield each, setup.model, list(setup.label_names)


def assemble_run(this: Run, snapshot: Snapshot | None = None) -> tuple[Setup, dict[str, Dataset], PrefixCache | None]:
    """Returns everything that a run trains with, from its settings, its examples and its snapshot; shares activations with other runs."""
    resumed = snapshot is not None
    setup, datasets, prefix = assemble(this.config(), this.data(), this.cache_file, this.shared_cache, resumed)
    if prefix:
        prefix.restore(snapshot.prefix) if snapshot else prefix.borrow()
    return setup, datasets, prefix


def assemble(
    config: RunConfig, examples: pd.DataFrame, file: Any = None, shared: SharedFiles | None = None, resumed: bool = False
) -> tuple[Setup, dict[str, Dataset], PrefixCache | None]:
    """Returns everything that these settings need to train on these split examples; see `make_prefix` for the rest."""
    task, tokenizer = TASKS[config.task], checkpoints.load_tokenizer(config.checkpoint)
    splits, label_names = read_splits(examples, config, task)
    datasets = make_datasets(config, task, tokenizer, splits, label_names)
    model = make_trainable(config, task, label_names)
    setup, few = make_setup(config, task, tokenizer, model, label_names, datasets["train"])
    setup, prefix = add_shortcuts(setup, few, datasets.values(), file, shared, resumed)
    return setup, datasets, prefix


def _with_own_heads(setup: Setup, configs: Sequence[RunConfig]) -> list[Setup]:
    """Returns a setup per run: the same frozen encoder under a head of its own; heads of one seed start equal."""
    heads = {setup.config.seed: setup.model.head}
    setups = []
    for config in configs:
        if config.seed not in heads:
            torch.manual_seed(config.seed)
            heads[config.seed] = make_model(config, setup.task, setup.label_names).head
        head = copy.deepcopy(heads[config.seed]).cpu()  # small products, many at once
        model = Model(setup.model.encoder, head, config.pooling)
        model.boundary, model.first_token_only = setup.model.boundary, setup.model.first_token_only
        setups.append(replace(setup, model=model, config=config))
    return setups


def _with_test(
    this: Run, setup: Setup, datasets: dict[str, Dataset], prefix: PrefixCache | None, event: Event
) -> Iterator[Event]:
    """Yields the event, and the test before the last one; publishes what the frozen layers computed for later runs."""
    if isinstance(event, Finished) and "test" in datasets:
        yield from _test(this, setup, datasets["train"], datasets["test"])
    if prefix and isinstance(event, EvalDone | Finished):
        prefix.publish()
    yield event


def _test(this: Run, setup: Setup, train_set: Dataset, test_set: Dataset) -> Iterator[Event]:
    """Scores the best model and the trivial predictor on the test examples, once."""
    yield PhaseStarted("testing")
    setup.model.load_state_dict(load_file(this.weights_file), strict=False)
    scores = yield from score(setup, test_set)
    trivial = setup.task.BASELINE(train_set, test_set)
    baseline = setup.task.compute_metrics(trivial, test_set.examples)
    yield Tested(len(test_set.examples), scores.loss, scores.metrics, baseline, scores.predictions)
