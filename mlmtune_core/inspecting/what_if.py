"""What if the input were another: the answers to one input and to all its edits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from mlmtune_core.data.columns import input_roles
from mlmtune_core.inspecting.edit_tree import Fields
from mlmtune_core.inspecting.predicting import TaskModel, find_example, find_logits, load_run, typed_record
from mlmtune_core.models.devices import move_batch
from mlmtune_core.models.model import capture_inputs, use_first_token_only
from mlmtune_core.runs.kept_weights import weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.evaluation import compute_logits
from mlmtune_core.training.faster.prefix_cache import PrefixCache, make_prefix
from mlmtune_core.workers import progress
from mlmtune_core.workers.cores import every_core

KEPT_ANSWERS = 512


def open_fields(name: str, moment: str, kind: str, *asked: Any) -> dict[str, Any]:
    """Returns what can be edited in an input of run `name`, `typed` (texts) or `example` (its row and, perhaps, its split): `fields`, its texts, or
    its words if each has a label; their `roles`; `mask`, the token that hides a word, "" if the tokenizer has none.
    """
    run = open_run(name)
    trained = load_run(run, moment)
    record = typed_record(trained, asked) if kind == "typed" else find_example(run, asked[0], (*asked[1:], "validation")[0])
    roles = input_roles(trained.config.task, trained.record)
    fields = tuple(tuple(map(str, record[role])) if role == "words" else str(record[role]) for role in roles)
    return {"fields": fields, "roles": roles, "mask": trained.tokenizer.mask_token or ""}


def answer_rows(name: str, moment: str, rows: Sequence[Fields]) -> list[dict[str, Any]]:
    """Returns the answer to each row, with its `view` and what is compared: `said` and `probabilities` by label; `words`, each with its label and
    probabilities; `said` and `score`, a number or a span with the sum of its logits. Raises RunError if a text is empty.
    """
    changed = weights_changed(open_run(name))
    return [_answer(name, moment, changed, fields) for fields in progress.each(rows, len(rows))]


@lru_cache(maxsize=KEPT_ANSWERS)
def _answer(name: str, moment: str, _changed: int, fields: Fields) -> dict[str, Any]:
    trained = load_run(open_run(name), moment)
    task = TASKS[trained.config.task]
    examples, encoded = trained.encode([typed_record(trained, fields)])
    explained = task.explain(find_logits(trained, encoded), [replace(item, example=0) for item in encoded], examples[0], trained.label_names, trained.tokenizer)  # fmt: skip
    return COMPACT[explained["view"]](explained) | {"view": explained["view"]}


def _compact_words(explained: dict[str, Any]) -> dict[str, Any]:
    return {"words": [{name: word[name] for name in ("word", "label", "probabilities")} for word in explained["words"]]}


COMPACT = {
    "labels": lambda explained: {"said": explained["label"], "probabilities": explained["probabilities"]},
    "words": _compact_words,
    "number": lambda explained: {"said": explained["value"], "score": explained["value"]},
    "span": lambda explained: {
        "said": explained["answer"],
        "score": explained["spans"][0]["logit"] if explained["spans"] else 0.0,
    },
}


BATCH_SIZE = 32
TRIED = 2  # inputs on which it is tested whether the encoder can be split


def read_all(run: Run, models: Sequence[TaskModel], encoded: Sequence[Encoded]) -> list[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Yields, per model, for every encoded: (vectors that the head reads, logits), (T, H) and (T, C) for words, (1, H) and (1, C) else.

    models: moments of `run`. Uses the cached activations of its frozen layers, if they are still there.
    """
    first = models[0]
    labels_are = TASKS[first.config.task].LABELS_ARE
    few = move_batch(to_batch(encoded[:TRIED], first.pad_id, labels_are), first.model.device)
    found = [([np.empty(0)] * len(encoded), [np.empty(0)] * len(encoded)) for _ in models]
    with every_core(), _shortened(models, few), TemporaryDirectory() as folder:
        prefix = make_prefix(first.config, first.model, encoded, few, Path(folder) / "prefix.float32", run.shared_cache)
        if prefix:
            prefix.borrow()
        for trained in models:
            trained.model.boundary = first.model.boundary
        passes = [_read(trained, encoded, labels_are, prefix) for trained in models]
        for together in progress.each(zip(*passes, strict=True), -(-len(encoded) // BATCH_SIZE)):
            for (vectors, logits), (indices, some_vectors, some_logits) in zip(found, together, strict=True):
                for i, vector, row in zip(indices, some_vectors, some_logits, strict=True):
                    alone = row.ndim == 1
                    vectors[i] = vector[:1] if alone else vector[: encoded[i].length]
                    logits[i] = row[None] if alone else row[: encoded[i].length]
    return found


@contextmanager
def _shortened(models: Sequence[TaskModel], few: dict[str, torch.Tensor]) -> Iterator[None]:
    """Context in which the last layer is computed for [CLS] alone, if nothing else is read; other users of these models read more."""
    try:
        for trained in models:
            use_first_token_only(trained.model, few)
        yield
    finally:
        for trained in models:
            trained.model.first_token_only = False


def _read(trained: TaskModel, encoded: Sequence[Encoded], labels_are: str, prefix: PrefixCache | None) -> Iterator[tuple[list[int], np.ndarray, np.ndarray]]:  # fmt: skip
    """Yields (indices, vectors, logits) of one batch after the other."""
    with capture_inputs(trained.model.head) as caught:
        for indices, scores, _ in compute_logits(trained.model, encoded, BATCH_SIZE, trained.pad_id, labels_are, prefix):
            yield indices, caught.pop().float().cpu().numpy(), scores.cpu().numpy()
