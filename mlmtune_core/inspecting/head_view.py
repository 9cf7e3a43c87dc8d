"""Opens the last layer of a trained head on one input: h, W, b and the true label, for the arithmetic."""

from typing import Any

import numpy as np

from mlmtune_core.inspecting.predicting import TaskModel, find_example, load_run, typed_record
from mlmtune_core.models.model import capture_inputs
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import IGNORE_INDEX, Encoded
from mlmtune_core.training.evaluation import compute_logits

KINDS = {"one per token": "one label", "one span": "one place", "one number": "one number"}


def open_typed(name: str, moment: str, place: int, *fields: str) -> dict[str, Any]:
    """Opens the head of run `name` at a moment on typed texts (see `predicting.predict`). `place`: the word, if every word has a label; 0 or 1 for
    start or end of a span.
    """
    trained = load_run(open_run(name), moment)
    return open_head(trained, typed_record(trained, fields), place) | {"truth": None}


def open_example(name: str, moment: str, place: int, row: int, split: str = "validation") -> dict[str, Any]:
    """As `open_typed`, on an evaluated example."""
    this = open_run(name)
    return open_head(load_run(this, moment), find_example(this, row, split), place)


def open_head(trained: TaskModel, record: dict[str, Any], place: int) -> dict[str, Any]:
    """Returns `vectors` (N, D), `weight` (D, C), `bias` (C,), `kind` as arithmetic.Linear has them, in float64 from the model's float32;
    `logits` as the model computed them; `names` of the logits; `token`, whose vector was read; `tokens` of the whole input;
    `between`, the head whose hidden layer made the vectors (pooler: dense, tanh; mlp: dense, GELU), or ""; `pooling`, or "" if the vector
    is one token's; `scale`, (mean, deviation) of the scores; `truth`, None if unknown.
    """
    task = TASKS[trained.config.task]
    _, encoded = trained.encode([record])
    item, position = _find_place(encoded, place, task.LABELS_ARE)
    logits, read = _run(trained, item, task.LABELS_ARE)
    layer = trained.model.head.classifier
    weight, bias = (each.detach().cpu().double().numpy() for each in (layer.weight.T, layer.bias))
    several = task.LABELS_ARE == "one per text" and isinstance(item.labels, list)
    kind = "several labels" if several else KINDS.get(task.LABELS_ARE, "one label")
    tokens = trained.tokenizer.convert_ids_to_tokens(item.inputs["input_ids"])
    if kind == "one place":
        vectors, weight, bias, logits = read, weight[:, [place]], bias[[place]], logits[:, place]
        names = tokens
    else:
        vectors = read[[position]] if task.LABELS_ARE == "one per token" else read[None]
        logits = logits[position] if task.LABELS_ARE == "one per token" else logits
        names = ["z"] if kind == "one number" else list(trained.label_names)
    return {
        "vectors": vectors,
        "weight": weight,
        "bias": bias,
        "kind": kind,
        "logits": logits,
        "names": names,
        "token": tokens[position],
        "tokens": tokens,
        "between": trained.config.head if hasattr(trained.model.head, "dense") else "",
        "pooling": trained.config.pooling if trained.model.head.reads_one_vector else "",
        "scale": tuple(map(float, trained.label_names)) if kind == "one number" else None,
        "truth": _find_truth(item, position, place, task.LABELS_ARE),
    }


def _find_place(encoded: list[Encoded], place: int, labels_are: str) -> tuple[Encoded, int]:
    """Returns the window of a word and its position there; for a span the window with its true answer; else [CLS]."""
    if labels_are == "one per token":
        for item in encoded:
            if place in item.words:
                return item, item.words.index(place)
    if labels_are == "one span":
        return next((item for item in encoded if item.labels != (0, 0)), encoded[0]), 0
    return encoded[0], 0


def _run(trained: TaskModel, item: Encoded, labels_are: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns (logits, input of the head's last layer), both without the batch: (C,) and (D,), or (T, C) and (T, D)."""
    with capture_inputs(trained.model.head.classifier) as caught:
        ((_, logits, _),) = compute_logits(trained.model, [item], 1, trained.pad_id, labels_are)
    return logits[0].cpu().double().numpy(), caught[0][0].cpu().double().numpy()


def _find_truth(item: Encoded, position: int, place: int, labels_are: str) -> Any:
    """Returns the truth as `arithmetic.find_loss` takes it."""
    if labels_are == "one per token":
        return None if item.labels[position] == IGNORE_INDEX else item.labels[position]
    if labels_are == "one span":
        return item.labels[place]
    return None if item.labels == -1 else item.labels
