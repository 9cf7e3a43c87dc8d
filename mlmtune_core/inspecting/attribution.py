"""Which tokens an answer rests on: occlusion and integrated gradients, checked by deletion; and attention."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from captum.attr import FeatureAblation, LayerIntegratedGradients

from mlmtune_core.inspecting.predicting import TaskModel, find_example, load_run, typed_record
from mlmtune_core.models.model import eager_attention
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.training.batches import to_batch
from mlmtune_core.workers import progress
from mlmtune_core.workers.cores import every_core

STEPS = 64  # steps from baseline to input
AT_ONCE = 16  # inputs per forward pass
RANDOM_TRIES = 30
SEED = 0


@dataclass(frozen=True)
class Target:
    """One logit of one input: `position` of the token that gives it (0 for a text), `column` of the head's output."""

    item: Encoded
    position: int
    column: int


def attribute_typed(name: str, moment: str, method: str, place: int, column: int, *fields: str) -> dict[str, Any]:
    """Applies `method` (occlusion, gradients or attention) to typed texts.

    `place`: the word, if every word has a label; the token, if a position is predicted; `column`: which label; 0 for start and 1 for end.
    """
    trained = load_run(open_run(name), moment)
    return _attribute(trained, typed_record(trained, fields), method, place, column)


def attribute_example(
    name: str, moment: str, method: str, place: int, column: int, row: int, split: str = "validation"
) -> dict[str, Any]:
    """As `attribute_typed`, on an evaluated example."""
    run = open_run(name)
    return _attribute(load_run(run, moment), find_example(run, row, split), method, place, column)


def _attribute(trained: TaskModel, record: dict[str, Any], method: str, place: int, column: int) -> dict[str, Any]:
    task = TASKS[trained.config.task]
    _, encoded = trained.encode([record])
    target = _find_target(encoded, place, column, task.LABELS_ARE)
    tokens = trained.tokenizer.convert_ids_to_tokens(target.item.inputs["input_ids"])
    if method == "attention":
        return {"tokens": tokens, "attention": find_attention(trained, target.item)}
    with every_core():
        with progress.part(0, 0.7):
            found = {"occlusion": occlude, "gradients": integrate}[method](trained, target)
        with progress.part(0.7, 1):
            return {"tokens": tokens, **found, **check_by_deleting(trained, target, found["values"])}


def occlude(trained: TaskModel, target: Target) -> dict[str, Any]:
    """Returns by how much the logit falls if one token is replaced by [MASK] (Zeiler and Fergus 2014): `values` (T,), 0 for special tokens; `logit`."""
    ids, mask_id = _ids(target), _hidden_id(trained)
    groups = torch.zeros_like(ids)
    places = open_places(trained, target)
    for group, place in enumerate(places, 1):
        groups[0, place] = group
    with torch.no_grad():
        forward = _logit_of(trained, target, len(places) + 2)
        moved = FeatureAblation(forward).attribute(ids, baselines=mask_id, feature_mask=groups, perturbations_per_eval=AT_ONCE)[0]  # fmt: skip
        logit = forward(ids).item()
    values = np.zeros(ids.shape[1])
    values[places] = moved.double().cpu().numpy()[places]
    return {"values": values.tolist(), "logit": logit}


def integrate(trained: TaskModel, target: Target) -> dict[str, Any]:
    """Integrated gradients over the word embeddings, from [PAD] at every ordinary token (Sundararajan et al. 2017).

    Returns `values` (T,), one sum per token; `logit` and `baseline`, that of the empty input; `delta`, by how much the values miss their difference.
    """
    ids = _ids(target)
    empty = ids.clone()
    empty[0, open_places(trained, target)] = trained.pad_id
    forward = _logit_of(trained, target, STEPS + 2)
    layer = trained.model.encoder.get_input_embeddings()
    method = LayerIntegratedGradients(forward, layer)
    values = method.attribute(ids, baselines=empty, n_steps=STEPS, internal_batch_size=AT_ONCE)
    per_token = values[0].sum(dim=-1).detach().double().cpu().numpy()
    with torch.no_grad():
        logit, baseline = forward(ids).item(), forward(empty).item()
    return {
        "values": per_token.tolist(),
        "logit": logit,
        "baseline": baseline,
        "delta": float(per_token.sum() - (logit - baseline)),
    }


def check_by_deleting(trained: TaskModel, target: Target, values: Sequence[float]) -> dict[str, Any]:
    """Checks whether the top tokens matter more than others. Returns `removed`, how many ([MASK] in their place); `drop`, by how much the
    logit falls without them; `random_drops`, the same for as many random tokens, RANDOM_TRIES times.
    """
    places = open_places(trained, target)
    count = max(1, round(len(places) / 5))
    if len(places) <= count:
        return {"removed": 0, "drop": 0.0, "random_drops": []}
    ranked = sorted(places, key=lambda place: -values[place])[:count]
    rng = np.random.default_rng(SEED)
    drop, *random_drops = find_drops(trained, target, [ranked, *(rng.choice(places, count, replace=False).tolist() for _ in range(RANDOM_TRIES))])
    return {"removed": count, "drop": drop, "random_drops": random_drops}


def find_drops(trained: TaskModel, target: Target, groups: Sequence[Sequence[int]]) -> list[float]:
    """Returns by how much the logit falls without the tokens of each group ([MASK] in their place)."""
    without = _ids(target).repeat(len(groups) + 1, 1)
    for row, places in enumerate(groups, 1):
        without[row, torch.as_tensor(np.asarray(places))] = _hidden_id(trained)
    with torch.no_grad():
        forward = _logit_of(trained, target, len(without))
        logits = torch.cat([forward(part) for part in without.split(AT_ONCE)]).double().cpu().numpy()
    return (logits[0] - logits[1:]).tolist()


def find_attention(trained: TaskModel, item: Encoded) -> list[list[list[list[float]]]]:
    """Returns attention weights by layer and head, (L, A, T, T): row i is what token i takes from each other token."""
    encoder = trained.model.encoder
    with eager_attention(encoder), torch.no_grad():
        inputs = {name: torch.tensor([values], device=trained.model.device) for name, values in item.inputs.items()}
        layers = encoder(**inputs, output_attentions=True).attentions
    return [layer[0].cpu().tolist() for layer in layers]


def _find_target(encoded: Sequence[Encoded], place: int, column: int, labels_are: str) -> Target:
    if labels_are == "one per token":
        for item in encoded:
            if place in item.words:
                return Target(item, item.words.index(place), column)
    return Target(encoded[0], place if labels_are == "one span" else 0, column)


def _logit_of(trained: TaskModel, target: Target, count: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Returns a function from token ids (B, T) to that logit, (B,), all else as in the input. `count`: expected number of rows."""
    done = 0
    labels_are = TASKS[trained.config.task].LABELS_ARE
    batch = to_batch([target.item], trained.pad_id, labels_are)
    fixed = {name: value.to(trained.model.device) for name, value in batch.items() if name in ("attention_mask", "token_type_ids")}  # fmt: skip

    def forward(ids: torch.Tensor) -> torch.Tensor:
        nonlocal done
        progress.report(min(1.0, done / count))
        done += len(ids)
        inputs = {"input_ids": ids, **{name: value.expand(len(ids), -1) for name, value in fixed.items()}}
        logits = trained.model(inputs)
        return logits[:, target.column] if logits.dim() == 2 else logits[:, target.position, target.column]

    return forward


def _ids(target: Target) -> torch.Tensor:
    return torch.tensor([target.item.inputs["input_ids"]])


def open_places(trained: TaskModel, target: Target) -> list[int]:
    """Returns the positions of tokens that are not special."""
    special = set(trained.tokenizer.all_special_ids) - {trained.tokenizer.unk_token_id}
    return [place for place, token in enumerate(target.item.inputs["input_ids"]) if token not in special]


def _hidden_id(trained: TaskModel) -> int:
    """Returns the id of [MASK], or of [PAD] if the tokenizer has none."""
    tokenizer = trained.tokenizer
    return tokenizer.mask_token_id if tokenizer.mask_token_id is not None else tokenizer.pad_token_id or 0
