"""How far training moved the weights of each layer, and each layer's output, from the checkpoint's."""

from typing import Any

import numpy as np
import torch

from mlmtune_core.data.columns import to_records
from mlmtune_core.inspecting.predicting import TaskModel, load_run
from mlmtune_core.inspecting.what_if import BATCH_SIZE
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.models.model import INPUTS, Model
from mlmtune_core.runs.kept_weights import START
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.order import order_by_length
from mlmtune_core.workers import progress
from mlmtune_core.workers.recorder import read_heads

MOST_EXAMPLES = 200


def find_movement(name: str, split: str = "validation") -> dict[str, Any]:
    """Returns, for run `name`: `weights`, a row for embeddings, each layer and the head, with `moved`, ||after - before|| / ||before|| over all
    its numbers, and `learnt`, whether any of them differs; `drift`, a row for embeddings and each layer, with `similarity`, the CKA
    of its [CLS] vectors before and after on some examples (1: equal up to rotation and scale); `path`, a row for every evaluation
    of which the head is kept, with its `epoch`, the head's distance from its start, `moved`, and from the evaluation before, `step`.
    """
    run = open_run(name)
    trained = load_run(run)
    before = load_run(run, START).model
    return {"weights": compare_weights(before, trained.model), "drift": _find_drift(run.data(), split, before, trained), "path": find_path(run)}


def find_path(run: Run) -> list[dict[str, Any]]:
    """Returns the path of the head, a row per evaluation: distances divided by the norm of its initial weights."""
    heads = [(epoch, torch.cat([weight.reshape(-1) for _, weight in sorted(head.items())])) for epoch, head in read_heads(run).items()]
    if not heads or heads[0][0] != 0:
        return []
    begin, length = heads[0][1], max(torch.linalg.vector_norm(heads[0][1]).item(), 1e-12)
    rows, last = [], begin
    for epoch, head in heads:
        moved, step = (torch.linalg.vector_norm(head - other).item() / length for other in (begin, last))
        rows.append({"epoch": epoch, "moved": moved, "step": step})
        last = head
    return rows


def compare_weights(before: Model, after: Model) -> list[dict[str, Any]]:
    """Returns a row per part: its `name`, `moved` and `learnt`."""
    rows = []
    for (name, old), (_, new) in zip(_parts(before).items(), _parts(after).items(), strict=True):
        distance = torch.linalg.vector_norm(new - old).item()
        rows.append({"name": name, "moved": distance / max(torch.linalg.vector_norm(old).item(), 1e-12), "learnt": not torch.equal(old, new)})  # fmt: skip
    return rows


def find_cka(first: np.ndarray, second: np.ndarray) -> float:
    """Linear centred kernel alignment of two sets of vectors of the same N inputs, (N, D) and (N, E), 0 to 1 (Kornblith et al. 2019, eq. 3)."""
    first, second = (each.astype(np.float64) - each.mean(axis=0, dtype=np.float64) for each in (first, second))
    shared = np.linalg.norm(first.T @ second) ** 2
    alone = np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second)
    return float(shared / alone) if alone > 0 else 1.0


def _parts(model: Model) -> dict[str, torch.Tensor]:
    """Returns part -> all its numbers in a row. What is neither in a layer nor an embedding (a pooler) is left out."""
    layers = list(find_layers(model.encoder).children())
    of_layers = {id(weight) for layer in layers for weight in layer.parameters()}
    first = [weight for name, weight in model.encoder.named_parameters() if "embed" in name and id(weight) not in of_layers]
    parts = {"embeddings": first, **{str(i): list(layer.parameters()) for i, layer in enumerate(layers, 1)}, "head": list(model.head.parameters())}
    return {name: torch.cat([weight.detach().cpu().reshape(-1) for weight in weights]) for name, weights in parts.items()}


def _find_drift(frame: Any, split: str, before: Model, trained: TaskModel) -> list[dict[str, Any]]:
    task = TASKS[trained.config.task]
    _, encoded = trained.encode(to_records(frame[frame["split"] == split].head(MOST_EXAMPLES)))
    with progress.part(0, 0.5):
        old_layers = _read_layers(before, encoded, task.LABELS_ARE, trained)
    with progress.part(0.5, 1):
        new_layers = _read_layers(trained.model, encoded, task.LABELS_ARE, trained)
    names = ["embeddings", *map(str, range(1, len(old_layers)))]
    return [{"name": name, "similarity": find_cka(old, new)} for name, old, new in zip(names, old_layers, new_layers, strict=True)]


def _read_layers(model: Model, encoded: list[Encoded], labels_are: str, trained: TaskModel) -> list[np.ndarray]:
    """Returns the first token's vector after the embeddings and after each layer, (N, H) each."""
    found: list[list[np.ndarray]] = []
    order = order_by_length([item.length for item in encoded], BATCH_SIZE)
    for indices in progress.each(order, len(order)):
        batch = to_batch([encoded[i] for i in indices], trained.pad_id, labels_are)
        inputs = {name: batch[name].to(model.device) for name in INPUTS if name in batch}
        with torch.inference_mode():
            states = model.encoder(**inputs, output_hidden_states=True).hidden_states
        found.append([state[:, 0].float().cpu().numpy() for state in states])
    return [np.concatenate(layer) for layer in zip(*found, strict=True)]
