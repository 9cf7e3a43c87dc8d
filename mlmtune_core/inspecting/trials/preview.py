"""What the model will read and which of its weights are trainable, before Start."""

from functools import lru_cache
from typing import Any

import torch

from mlmtune_core.data.columns import INPUT_ROLES
from mlmtune_core.models import checkpoints
from mlmtune_core.models.freezing import apply_strategy, count_weights, find_layers
from mlmtune_core.models.model import build, count_vectors
from mlmtune_core.strategies import plan_unfreezing
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import IGNORE_INDEX, Encoded
from mlmtune_core.tasks.encoding import describe_tokens
from mlmtune_core.tasks.spans import OUTSIDE

WINDOWS_SHOWN = 2


def preview_tokens(
    checkpoint: str, task_name: str, rows: list[dict[str, Any]], max_length: int
) -> list[dict[str, Any]]:
    """Returns what the tokenizer makes of a few checked rows.

    Each: `row`, `windows` (number of inputs it needs) and `inputs` (at most 2 of them): `tokens`, `segments`, `labels` (one
    per token: its tag, its part of the answer, or ""), `asked` (whether the token carries an answer), and `cut` (sub-words lost).
    """
    task = TASKS[task_name]
    tokenizer = _tokenizer(checkpoint)
    examples = task.to_examples(rows)
    label_names = task.find_labels(examples)
    seen: dict[int, list[Encoded]] = {}
    for item in task.encode(examples, tokenizer, label_names, max_length):
        seen.setdefault(item.example, []).append(item)
    return [
        {
            "row": rows[i]["row"],
            "windows": len(items),
            "inputs": [
                {
                    **describe_tokens(tokenizer, item.inputs),
                    "labels": _labels_shown(item, label_names),
                    "asked": _asked(item),
                    "cut": item.cut,
                }
                for item in items[:WINDOWS_SHOWN]
            ],
        }
        for i, items in seen.items()
    ]


def count_sub_words(checkpoint: str, rows: list[dict[str, Any]]) -> list[int]:
    """Returns the number of sub-words of each row, special tokens included, without truncation."""
    tokenizer = _tokenizer(checkpoint)
    read = [role for role in INPUT_ROLES if role in rows[0]]
    columns = [[row[role] if role != "words" else " ".join(row[role]) for row in rows] for role in read]
    whole = tokenizer(*columns, return_attention_mask=False, return_token_type_ids=False, verbose=False)
    return [len(ids) for ids in whole["input_ids"]]


def describe_model(
    checkpoint: str, task_name: str, labels: int, strategy: str, head: str, first_layers: int = 0, pooling: str = "cls"
) -> dict[str, Any]:
    """Returns the blocks from the embeddings to the head: `weights`, how many of them are trained in the run (`learning`), and `state`: learning,
    later (frozen at first), partly, frozen or unused. `trainable`, `total`, `layers`; `first`: weights trained from the first step on.
    """
    encoder = _empty_encoder(checkpoint)
    checkpoints.keep_first_layers(encoder, first_layers)
    size, vectors = encoder.config.hidden_size, count_vectors(pooling, encoder.config.num_hidden_layers)
    with torch.device("meta"):
        model = build(encoder, TASKS[task_name].build_head(size, ["?"] * labels, head, 0.0, vectors), pooling)
    apply_strategy(strategy, model.encoder, model.head)
    trainable, total = count_weights(model)
    layers, waits = find_layers(encoder), bool(plan_unfreezing(strategy, [1], 1))
    pooler = getattr(model.encoder, "pooler", None)
    parts = (
        [("layer", layer) for layer in layers]
        + [("head", model.head)]
        + ([("pooler", pooler)] if pooler is not None else [])
    )
    inside = {id(weight) for _, part in parts for weight in part.parameters()}
    below = [weight for weight in model.parameters() if id(weight) not in inside]
    blocks = [_block("embeddings", below)] + [
        _block(name, list(part.parameters())) for name, part in parts if name != "pooler"
    ]
    if pooler is not None:
        blocks.insert(-1, _block("pooler", list(pooler.parameters())) | {"state": "unused"})
    for block in blocks if waits else ():
        block["state"] = "later" if block["name"] == "layer" else block["state"]
    return {
        "blocks": blocks,
        "first": sum(block["learning"] for block in blocks if block["state"] != "later"),
        "trainable": trainable,
        "total": total,
        "layers": len(layers),
        "hidden_size": encoder.config.hidden_size,
    }


def _block(name: str, weights: list[torch.nn.Parameter]) -> dict[str, Any]:
    every = sum(weight.numel() for weight in weights)
    learning = sum(weight.numel() for weight in weights if weight.requires_grad)
    state = "frozen" if not learning else "learning" if learning == every else "partly"
    return {"name": name, "weights": every, "learning": learning, "state": state}


def _empty_encoder(checkpoint: str) -> torch.nn.Module:
    """Builds the architecture without its weights: shapes only, nothing is read or allocated."""
    from transformers import AutoModel

    with torch.device("meta"):
        return AutoModel.from_config(checkpoints.load_config(checkpoint))


def _asked(item: Encoded) -> list[bool]:
    """Returns, per token, whether it carries an answer: the first sub-word of each word, the context; empty for tasks on whole texts."""
    if item.offsets:
        return [offset != OUTSIDE for offset in item.offsets]
    return [label != IGNORE_INDEX for label in item.labels] if item.words else []


def _labels_shown(item: Encoded, label_names: list[str]) -> list[str]:
    """Returns, per token, its tag, or `answer` for the tokens of the answer; empty for tasks on whole texts."""
    if item.offsets:
        start, end = item.labels
        return ["answer" if 0 < start <= p <= end else "" for p in range(item.length)]
    if item.words:
        return [label_names[label] if label >= 0 else "" for label in item.labels]
    return []


@lru_cache(maxsize=4)
def _tokenizer(checkpoint: str) -> Any:
    return checkpoints.load_tokenizer(checkpoint)


def warm() -> None:
    """Pays for imports and the bundled tokenizer before the first visit."""
    import mlmtune_core.inspecting.predicting  # noqa: F401

    _tokenizer(checkpoints.BUNDLED)
    describe_model(checkpoints.BUNDLED, "sequence_classification", 2, "head_only", "linear")
