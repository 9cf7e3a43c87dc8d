"""Times a second of training on a sample, piece by piece: what a run will cost here."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import nnls

from mlmtune_core.config import validate
from mlmtune_core.models.freezing import count_weights, hash_frozen, set_train_mode
from mlmtune_core.models.model import run_lower_layers
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.storage import home, new_id
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.training.batches import padded_batches
from mlmtune_core.training.evaluation import Scoring, compute_logits, conclude
from mlmtune_core.training.faster.embedding_rows import rows_in_use
from mlmtune_core.training.optimizer import is_pulled_back
from mlmtune_core.training.setup import Setup, TrainingState
from mlmtune_core.training.steps import Stepper
from mlmtune_core.workers import worker
from mlmtune_core.workers.costs.estimate import Costs, Law
from mlmtune_core.workers.costs.memory import memory_law
from mlmtune_core.workers.recorder import Recorder

TOKENS_TIMED = 1024  # in the largest batch that is timed
LONG_ENOUGH, MOST_TIMES = 0.2, 6  # seconds, or repetitions, after which a piece is not timed again
PROOFS = 3  # how often a run hashes its frozen weights
NOTHING = Law(0.0, 0.0, 0.0)


def rehearse(settings: dict[str, Any], sample: pd.DataFrame, threads: int) -> Costs:
    """Times a run with these settings on a sample of its examples. Leaves nothing behind."""
    config, before = validate(settings), torch.get_num_threads()
    sides = pd.concat([sample.assign(split="train"), sample.assign(split="validation")], ignore_index=True)
    about = {"name": "rehearsal", "fingerprint": "", "columns": {}}
    run = create_run(config, sides, about, home() / "runs" / f".rehearsal-{new_id()}")  # next to what runs share
    torch.set_num_threads(threads)
    try:
        return _time_pieces(run)
    finally:
        torch.set_num_threads(before)
        run.delete()


def _time_pieces(run: Run) -> Costs:
    began = time.perf_counter()
    setup, sets, prefix = worker.assemble_run(run)
    hash_seconds = _time(lambda: hash_frozen(setup.model))
    once = time.perf_counter() - began + (PROOFS - 1) * hash_seconds
    dataset = sets["train"]
    tokenizer = worker.checkpoints.load_tokenizer(setup.config.checkpoint)
    task, limits = TASKS[setup.config.task], (setup.config.max_length, setup.config.label_all_pieces, setup.config.truncation)
    encode = _time(lambda: task.encode(dataset.examples, tokenizer, setup.label_names, *limits))
    shapes = _choose_batches(dataset.lengths, setup.config.batch_size)
    known = prefix.known_share if prefix else 1.0
    with rows_in_use(setup.model, dataset.encoded, setup.pad_id):
        below = _fit(dataset.lengths, shapes, _below(setup, dataset)) if setup.prefix else NOTHING
        recorder, state = Recorder(run), TrainingState()
        learn = _fit(dataset.lengths, shapes, _learn(setup, dataset, recorder, state))
        measure = _fit(dataset.lengths, shapes, _measure(setup, dataset))
        decode, keep = _time_evaluation(setup, dataset, recorder, state)
    return Costs(
        once=max(0.0, once - 2 * encode),
        encode=encode / len(dataset.examples),
        decode=decode,
        below=below,
        learn=learn,
        measure=measure,
        keep=keep,
        lengths=tuple(dataset.lengths),
        windows=len(dataset.encoded) / len(dataset.examples),
        known=known,
        layers=setup.model.encoder.config.num_hidden_layers,
        memory=_find_memory(setup),
    )


def _find_memory(setup: Setup) -> Law:
    trainable, total = count_weights(setup.model)
    shape = setup.model.encoder.config
    learning = shape.num_hidden_layers - setup.model.boundary
    law = memory_law(total, trainable, shape.hidden_size, shape.num_attention_heads, learning, is_pulled_back(setup.config))
    return replace(law, per_token=law.per_token + getattr(setup.model.head, "bytes_per_token", 0.0))


def _choose_batches(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Returns three batches of inputs of similar length: short ones, a few short ones, long ones up to TOKENS_TIMED."""
    order = np.argsort(lengths, kind="stable").tolist()
    short, longest = order[len(order) // 5 :], lengths[order[-1]]
    long = order[-max(1, min(batch_size, TOKENS_TIMED // longest)) :]
    return [short[:batch_size], short[: max(1, batch_size // 4)], long]


def _below(setup: Setup, dataset: Dataset) -> Callable[[list[int]], object]:
    setup.model.eval()

    def piece(indices: list[int]) -> None:
        (batch,) = padded_batches(dataset.encoded, [indices], setup.pad_id, setup.task.LABELS_ARE, setup.model.encoder.device)
        run_lower_layers(setup.model, batch).cpu()

    return piece


def _learn(setup: Setup, dataset: Dataset, recorder: Recorder, state: TrainingState) -> Callable[[list[int]], object]:
    """Takes a step as in a run, its line in the log included."""
    stepper = Stepper(setup, state, total_steps=1000)
    set_train_mode(setup.model)

    def piece(indices: list[int]) -> None:
        for batch in padded_batches(dataset.encoded, [indices], setup.pad_id, setup.task.LABELS_ARE, setup.model.device, setup.prefix):  # fmt: skip
            for done in [*stepper.step(batch, 0.0), *stepper.flush()]:
                recorder.take(done)
                recorder.wants_stop()

    return piece


def _measure(setup: Setup, dataset: Dataset) -> Callable[[list[int]], object]:
    def piece(indices: list[int]) -> None:
        items = [dataset.encoded[i] for i in indices]
        measuring = Scoring(setup, Dataset([], items))
        for each in compute_logits(setup.model, items, len(items), setup.pad_id, setup.task.LABELS_ARE, setup.prefix):
            measuring.add(*each)

    return piece


def _time_evaluation(setup: Setup, dataset: Dataset, recorder: Recorder, state: TrainingState) -> tuple[float, float]:
    """Returns (seconds for decoding and scoring one example, seconds for writing the best weights)."""
    ends = np.cumsum([item.length for item in dataset.encoded])
    count = dataset.encoded[int(np.searchsorted(ends, TOKENS_TIMED // 2).clip(max=len(ends) - 1))].example + 1
    few = Dataset(dataset.examples[:count], [item for item in dataset.encoded if item.example < count])
    measuring = Scoring(setup, few)
    for each in compute_logits(setup.model, few.encoded, setup.config.batch_size, setup.pad_id, setup.task.LABELS_ARE, setup.prefix):  # fmt: skip
        measuring.add(*each)
    decode = _time(measuring.result) / count
    best = conclude(setup, state, 1.0, measuring.result())
    return decode, _time(lambda: recorder.take(best, setup.model, list(setup.label_names)))


def _fit(lengths: Sequence[int], shapes: Sequence[list[int]], piece: Callable[[list[int]], object]) -> Law:
    """Fits the law to the times of these batches: least squares on relative errors, no negative term."""
    piece(shapes[0])  # the first call pays for what is slow only once
    rows, ones = [], np.ones(len(shapes))
    for indices in shapes:
        count, length = len(indices), max(lengths[i] for i in indices)
        rows.append(np.array([1.0, count * length, count * length**2]) / _time(partial(piece, indices)))
    return Law(*nnls(np.array(rows), ones)[0].tolist())


def _time(piece: Callable[[], object]) -> float:
    """Returns the median seconds of some calls after the first; the first alone if it takes long."""
    taken: list[float] = []
    while sum(taken) < LONG_ENOUGH and len(taken) < MOST_TIMES:
        began = time.perf_counter()
        piece()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:] or taken)
