"""One run, start to end: the one place where all parts meet."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from safetensors.torch import load_file

from mlmtune_core.config import BUNDLED, RunConfig
from mlmtune_core.data.subsets import learnt_from
from mlmtune_core.errors import DataError, UserError, died_again_and_again
from mlmtune_core.events import EvalDone, Event, Failed, Finished, FrozenChecked, PhaseStarted, StepDone, Tested
from mlmtune_core.models import checkpoints
from mlmtune_core.models.devices import choose_device, move
from mlmtune_core.models.dropout import use_quick_dropout
from mlmtune_core.models.freezing import apply_strategy
from mlmtune_core.models.model import Model, shorten
from mlmtune_core.runs.heartbeats import Held, beating
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import find_together, open_run
from mlmtune_core.strategies import parse_strategy
from mlmtune_core.tasks import TASKS
from mlmtune_core.training.assembly import make_model
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.evaluation import Dataset, Setup, Standing, measure
from mlmtune_core.training.faster.prefix_cache import make_prefix
from mlmtune_core.training.faster.together import train_together
from mlmtune_core.training.loop import train
from mlmtune_core.training.steps import Stepper
from mlmtune_core.workers import cores
from mlmtune_core.workers.checkpointing import Keeper, Kept, read_kept
from mlmtune_core.workers.recorder import Recorder


def read_splits(this: Run, task: Any) -> tuple[dict[str, list[Any]], list[str]]:
    """(split -> examples, those to learn from as the settings want them; label names, of all that could be learnt from).

    Raises DataError where a side is empty, and for labels to measure with that nothing to learn from has.
    """
    whole = this.data()
    splits = {name: _to_examples(whole, name, task) for name in ("train", "validation", "test") if name != "test" or (whole["split"] == name).any()}
    if not all(splits.values()):
        raise DataError(
            "One side of the split is empty. Give at least one example to learn from and one to measure with."
        )
    label_names = task.find_labels(splits["train"])
    for name in splits if task.LABELS_ARE == "one per text" else ():
        unknown = sorted({*task.find_labels(splits[name])} - {*label_names})
        if unknown:
            raise DataError(
                "Labels that no training row has: {labels}. Add training rows with them, or remove them.",
                labels=", ".join(unknown),
            )
    frame = learnt_from(whole, this.config())
    return splits if frame is whole else {**splits, "train": _to_examples(frame, "train", task)}, label_names


def _to_examples(frame: Any, split: str, task: Any) -> list[Any]:
    return task.to_examples(frame[frame["split"] == split].to_dict("records"))


MOST_ATTEMPTS = 5  # that ended before anything more was kept


def run(name: str) -> str:
    """Carries out a run given by its id or its folder, with those that it leads (what the engine calls); returns its state after that."""
    this = open_run(name)
    for _ in carry_out_led(this):
        pass
    return this.state()


def carry_out_led(this: Run) -> Iterator[tuple[Run, Event]]:
    """(run, event) of a run and of those that it leads, as far as they have not ended, as one training."""
    together = [each for each in find_together(this) if each.summary() is None]
    if len(together) > 1:
        yield from ((together[i], event) for i, event in carry_out_together(together))
    elif together:
        yield from ((together[0], event) for event in carry_out(together[0]))


def warm() -> None:
    """Pays for imports, the bundled checkpoint and a first step before the first Start."""
    tokenizer = checkpoints.load_tokenizer(BUNDLED)
    config, names = RunConfig(strategy="full"), ["no", "yes"]
    setup = Setup(make_model(config, names).train(), TASKS[config.task], config, names, 0)
    batch = {name: torch.tensor([ids]) for name, ids in tokenizer("warm").items()}
    Stepper(setup, Standing(), total_steps=1).take(batch | {"labels": torch.tensor([1])}, epoch=0.0)


def carry_out(this: Run) -> Iterator[Event]:
    """Yields every event after it was recorded, from where the run was last kept. Ends without Finished where its owner wants a
    pause, and at once where another process is at work on it. Whatever goes wrong ends it with a sentence, never with silence.
    """
    with suppress(Held), beating([this.heartbeat_file]):
        if this.summary() is not None:  # looked up now that nobody else can end it
            return
        recorder = Recorder(this)
        try:
            if this.begin_attempt() > MOST_ATTEMPTS:
                raise died_again_and_again(MOST_ATTEMPTS)
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
                    break  # after a step the loop keeps it first; elsewhere it goes on from where it was kept last
        except Exception as error:
            yield from recorder.fail(error)
            if not isinstance(error, UserError):
                raise


def carry_out_together(runs: Sequence[Run]) -> Iterator[tuple[int, Event]]:
    """(which run, its event), each after it was recorded. The runs share data and all settings but sweeps.TOGETHER and the seed."""
    recorders, ended = [Recorder(run) for run in runs], set()
    with suppress(Held), beating([run.heartbeat_file for run in runs]):
        try:
            for run in runs:
                run.begin_attempt()
            cores.follow(0)
            yield from _record_together(recorders, ended)
        except Exception as error:
            for i, recorder in enumerate(recorders):
                yield from ((i, said) for said in (recorder.fail(error) if i not in ended else ()))
            if not isinstance(error, UserError):
                raise


def _record_together(recorders: Sequence[Recorder], ended: set[int]) -> Iterator[tuple[int, Event]]:
    """The events of runs that are trained together; puts into `ended` those of which nothing more is to come."""
    for i, recorder in enumerate(recorders):
        yield from ((i, said) for said in recorder.take(PhaseStarted("preparing")))
    setup, sets = assemble(recorders[0].run)
    setups = _with_own_heads(setup, [recorder.run.config() for recorder in recorders])
    trained = train_together(setups, sets["train"], sets["validation"], ended.__contains__)
    for said, (i, event) in enumerate(trained, start=1):
        if said % len(recorders) == 0:  # about once a step
            cores.follow(said // len(recorders))
        if i in ended:
            continue
        recorder, mine = recorders[i], setups[i]
        for each in _completed(recorder.run, mine, sets, event):
            yield from ((i, said) for said in recorder.take(each, mine.model, mine.label_names))
        if isinstance(event, Finished | Failed):
            ended.add(i)
        elif recorder.wants_stop():
            yield from ((i, said) for said in recorder.stop(mine.model, mine.label_names))
            ended.add(i)
        if all(each.wants_pause for number, each in enumerate(recorders) if number not in ended):
            return  # so short a training begins again


def _events(this: Run, recorder: Recorder) -> Iterator[tuple[Event, Model | None, list[str]]]:
    """(event, model, label names), from preparing to Finished."""
    kept = read_kept(this)
    yield PhaseStarted("preparing"), None, []
    setup, sets = assemble(this, kept)
    if kept:
        yield recorder.go_on(kept.state.standing.step, kept.state.standing.best, kept.recorded), None, []
    keeper = Keeper(recorder, setup.prefix.kept if setup.prefix else dict)
    for event in train(setup, sets["train"], sets["validation"], keeper, kept and kept.state):
        for each in _completed(this, setup, sets, event):
            yield each, setup.model, setup.label_names


def assemble(this: Run, kept: Kept | None = None) -> tuple[Setup, dict[str, Dataset]]:
    """Everything a run trains and measures with, made from its settings and its examples, and from what was kept of it."""
    config = this.config()
    task = TASKS[config.task]
    tokenizer = checkpoints.load_tokenizer(config.checkpoint)
    splits, label_names = read_splits(this, task)
    sets = {}
    for name, examples in splits.items():
        encoded = task.encode(examples, tokenizer, label_names, config.max_length, config.label_all_pieces, config.truncation)
        seen_once = parse_strategy(config.strategy)[0] in ("head_only", "last_layers")  # frozen layers have seen theirs
        varies = hasattr(task, "redraw") and name == "train" and not seen_once
        redraw = partial(task.redraw, encoded, tokenizer, config.seed) if varies else None
        sets[name] = Dataset(examples, encoded, redraw, len(tokenizer))
    torch.manual_seed(config.seed)
    model = make_model(config, label_names).to(choose_device())
    if model.device.type == "cpu":
        use_quick_dropout(model.encoder)
    apply_strategy(config.strategy, model.encoder, model.head)
    pad_id = tokenizer.pad_token_id or 0
    few = move(to_batch(sets["train"].encoded[:2], pad_id, task.LABELS_ARE), model.device)
    shorten(model, few)
    encoded = [item for dataset in sets.values() for item in dataset.encoded]
    prefix = make_prefix(this, config, model, encoded, few, this.cache_file, again=kept is not None)
    if prefix:
        prefix.restore(kept.prefix) if kept else prefix.borrow()
    return Setup(model, task, config, label_names, pad_id, prefix), sets


def _with_own_heads(setup: Setup, configs: Sequence[RunConfig]) -> list[Setup]:
    """The same frozen encoder under heads of their own: those of one seed begin with the same weights."""
    heads = {setup.config.seed: setup.model.head}
    setups = []
    for config in configs:
        if config.seed not in heads:
            torch.manual_seed(config.seed)
            heads[config.seed] = make_model(config, list(setup.label_names)).head
        head = copy.deepcopy(heads[config.seed]).cpu()  # small products, many at a time
        model = Model(setup.model.encoder, head, config.pooling)
        model.boundary, model.shortened = setup.model.boundary, setup.model.shortened
        setups.append(replace(setup, model=model, config=config))
    return setups


def _completed(this: Run, setup: Setup, sets: dict[str, Dataset], event: Event) -> Iterator[Event]:
    """The event, and before the last one the test; leaves what frozen layers computed for later runs."""
    if isinstance(event, Finished) and "test" in sets:
        yield from _test(this, setup, sets["train"], sets["test"])
    if setup.prefix and isinstance(event, EvalDone | Finished):
        setup.prefix.publish()
    yield event


def _test(this: Run, setup: Setup, train_set: Dataset, test_set: Dataset) -> Iterator[Event]:
    """The best model on the test examples, once; then the trivial predictor on the same."""
    yield PhaseStarted("testing")
    setup.model.load_state_dict(load_file(this.weights_file), strict=False)
    loss, scores, predictions = yield from measure(setup, test_set)
    trivial = setup.task.BASELINE(train_set, test_set)
    baseline = setup.task.compute_metrics(trivial, test_set.examples)
    yield Tested(len(test_set.examples), loss, scores, baseline, predictions)
