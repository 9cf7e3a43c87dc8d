"""Predicts with a trained model: input -> logits, probabilities, decoded answer."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from mlmtune_core.config import RunConfig
from mlmtune_core.data.columns import input_roles, to_records
from mlmtune_core.data.words import split_words
from mlmtune_core.errors import RunError
from mlmtune_core.models import checkpoints
from mlmtune_core.models.model import Model
from mlmtune_core.runs.kept_weights import BEST, START, read_label_names, weights_at
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.training.assembly import make_model
from mlmtune_core.training.evaluation import compute_logits

KEPT_MODELS = 6
RECORDS_KEPT = 8  # examples that come with a loaded model; exports are compared with it on them


@dataclass(frozen=True)
class TaskModel:
    """A model with the head of its task, its tokenizer and label names, ready for inputs."""

    config: RunConfig
    model: Model
    tokenizer: Any
    label_names: list[str]
    records: Sequence[dict[str, Any]]  # its first examples, as rows

    @property
    def record(self) -> dict[str, Any]:
        """One example, as a row: typed input is filled into a copy of it."""
        return self.records[0]

    @property
    def pad_id(self) -> int:
        """The token that fills up a batch."""
        return self.tokenizer.pad_token_id or 0

    def encode(self, records: Sequence[dict[str, Any]]) -> tuple[list[Any], list[Encoded]]:
        """Returns (examples, encoded) for rows of a run's data."""
        task = TASKS[self.config.task]
        examples = task.to_examples(records)
        return examples, task.encode(examples, self.tokenizer, self.label_names, self.config.max_length, truncation=self.config.truncation)


def predict(name: str, moment: str, *fields: str) -> dict[str, Any]:
    """Returns the answer of run `name` at a moment (see `load_run`) to typed texts, one per role of its task (see `input_roles`), in their order.

    Raises RunError before the first weights are kept, and if a text is missing.
    """
    trained = load_run(open_run(name), moment)
    return answer(trained, typed_record(trained, fields))


def predict_example(name: str, moment: str, row: int, split: str = "validation") -> dict[str, Any]:
    """As `predict`, for an evaluated example, by its line in the uploaded file; adds what is `true`."""
    this = open_run(name)
    record = find_example(this, row, split)
    trained = load_run(this, moment)
    task = TASKS[trained.config.task]
    return answer(trained, record) | {"true": task.find_truth(task.to_examples([record])[0])}


def typed_record(trained: TaskModel, fields: Sequence[str | Sequence[str]]) -> dict[str, Any]:
    """Returns typed texts as an example without its answer; a sentence may come as its words. Raises RunError if a text is missing."""
    roles = input_roles(trained.config.task, trained.record)
    if len(fields) != len(roles) or not all("".join(field).strip() for field in fields):
        raise RunError("There is something missing to read. Give a text for each of: {roles}.", roles=", ".join(roles))
    return _empty(trained.record) | _typed(dict(zip(roles, fields, strict=True)), trained.tokenizer.mask_token or "")


def find_example(this: Run, row: int, split: str) -> dict[str, Any]:
    """Returns an evaluated example, by its line in the uploaded file. Raises RunError if there is none."""
    frame = this.data()
    found = frame[(frame["row"] == row) & (frame["split"] == split)]
    if found.empty:
        raise RunError("Row {row} is no example that this run was measured with.", row=row)
    return to_records(found)[0]


def answer(trained: TaskModel, record: dict[str, Any]) -> dict[str, Any]:
    """Puts one input through the model; returns what its task explains (see `explain` in the task modules)."""
    task = TASKS[trained.config.task]
    examples, encoded = trained.encode([record])
    return task.explain(find_logits(trained, encoded), encoded, examples[0], trained.label_names, trained.tokenizer)


def find_logits(trained: TaskModel, encoded: Sequence[Encoded]) -> list[np.ndarray]:
    """Returns, per encoded, (C,) or, without padding, (T, C)."""
    logits: list[np.ndarray] = [np.empty(0)] * len(encoded)
    labels_are = TASKS[trained.config.task].LABELS_ARE
    for indices, scores, _ in compute_logits(trained.model, encoded, 16, trained.pad_id, labels_are):
        for i, row in zip(indices, scores.float().cpu().numpy(), strict=True):
            logits[i] = row[: encoded[i].length] if row.ndim == 2 else row
    return logits


def _empty(record: dict[str, Any]) -> dict[str, Any]:
    """Returns an example with an empty answer of the same type, to write typed input into."""
    kinds = {"label": lambda label: label if isinstance(label, str) else (), "score": lambda _: 0.0}
    kinds |= {"answer": lambda _: (), "answer_start": lambda _: ()}
    return {role: kinds[role](value) if role in kinds else value for role, value in record.items()}


def _typed(fields: dict[str, Any], mask: str) -> dict[str, Any]:
    """Returns typed texts by role; splits a sentence into words, the mask token among them, with no expected tags."""
    if "words" not in fields:
        return fields
    words = split_words(fields["words"], mask) if isinstance(fields["words"], str) else list(fields["words"])
    return {"words": words, "tags": ["O"] * len(words)}


def load_run(this: Run, moment: str = BEST) -> TaskModel:
    """Loads the model of a run at a moment (see runs/kept_weights); the last few stay in memory until their weights change.

    START is the checkpoint with the initial head.
    """
    if not this.weights_file.is_file():
        raise RunError("This run has kept no model yet. Wait for its first evaluation.")
    file = weights_at(this, moment) or this.weights_file
    return _load(str(this.folder), moment, file.stat().st_mtime_ns)


@lru_cache(maxsize=KEPT_MODELS)
def _load(folder: str, moment: str, _changed: int) -> TaskModel:
    this = open_run(folder)
    config, file = this.config(), weights_at(this, moment)
    label_names = read_label_names(this)
    if config.strategy == "head_only" and moment not in (BEST, START):
        base = load_run(this)  # both share the encoder
        model = Model(base.model.encoder, copy.deepcopy(base.model.head), config.pooling)
    else:
        torch.manual_seed(config.seed)  # draws the run's initial weights again
        model = make_model(config, TASKS[config.task], label_names)
    unexpected = model.load_state_dict(load_file(file) if file else {}, strict=False).unexpected_keys
    if unexpected:
        raise RunError(
            "The kept weights do not fit the checkpoint ({names}). Was it changed since the run?",
            names=", ".join(unexpected[:3]),
        )
    records = to_records(this.data().head(RECORDS_KEPT))
    return TaskModel(config, model.eval(), checkpoints.load_tokenizer(config.checkpoint), label_names, records)
