"""What the model will see, and which of its weights will learn: answers before Start."""

from functools import lru_cache
from typing import Any

import torch

from mlmtune_core import checkpoints
from mlmtune_core.freezing import apply_strategy, count_weights, find_layers
from mlmtune_core.model import build
from mlmtune_core.tasks import TASKS


def preview_tokens(
    checkpoint: str, task_name: str, rows: list[dict[str, Any]], max_length: int, shown: int = 5
) -> dict[str, Any]:
    """`lengths` of all rows in sub-words, how many are `cut` at max_length, and the tokens of the first `shown` rows.

    Each shown row: `row`, `tokens` ([CLS] ... [SEP]) and `labels`, one per token: its tag, or "" where nothing is asked.
    """
    task = TASKS[task_name]
    tokenizer = _tokenizer(checkpoint)
    examples = task.to_examples(rows)
    label_names = task.find_labels(examples)
    whole = task.encode(
        examples, tokenizer, label_names, tokenizer.model_max_length if tokenizer.model_max_length < 10**6 else 512
    )
    per_example: dict[int, int] = {}
    for item in whole:
        per_example[item.example] = per_example.get(item.example, 0) + item.length + item.cut
    seen = task.encode(examples[:shown], tokenizer, label_names, max_length)
    first = [next(item for item in seen if item.example == i) for i in range(min(shown, len(examples)))]
    return {
        "lengths": [per_example[i] for i in range(len(examples))],
        "cut": sum(length > max_length for length in per_example.values()),
        "windowed": task.LABELS_ARE == "one per token",
        "shown": [
            {
                "row": rows[item.example]["row"],
                "tokens": tokenizer.convert_ids_to_tokens(item.inputs["input_ids"]),
                "labels": _labels_shown(item.labels, label_names),
            }
            for item in first
        ],
    }


def describe_model(checkpoint: str, task_name: str, labels: int, strategy: str, head: str) -> dict[str, Any]:
    """The blocks from the embeddings up to the head, with weights and whether they learn; `trainable`, `total`, `layers`."""
    encoder = _empty_encoder(checkpoint)
    with torch.device("meta"):
        model = build(encoder, TASKS[task_name].build_head(encoder.config.hidden_size, ["?"] * labels, head, 0.0))
    apply_strategy(strategy, model.encoder, model.head)
    trainable, total = count_weights(model)
    layers = find_layers(encoder)
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
    return {
        "blocks": blocks,
        "trainable": trainable,
        "total": total,
        "layers": len(layers),
        "hidden_size": encoder.config.hidden_size,
    }


def _block(name: str, weights: list[torch.nn.Parameter]) -> dict[str, Any]:
    learns = any(weight.requires_grad for weight in weights)
    return {
        "name": name,
        "weights": sum(weight.numel() for weight in weights),
        "state": "learning" if learns else "frozen",
    }


def _empty_encoder(checkpoint: str) -> torch.nn.Module:
    """The architecture without its weights: shapes only, nothing is read or allocated."""
    from transformers import AutoModel

    with torch.device("meta"):
        return AutoModel.from_config(checkpoints.load_config(checkpoint))


def _labels_shown(labels: int | list[int], label_names: list[str]) -> list[str]:
    return [label_names[label] if label >= 0 else "" for label in labels] if isinstance(labels, list) else []


@lru_cache(maxsize=4)
def _tokenizer(checkpoint: str) -> Any:
    return checkpoints.load_tokenizer(checkpoint)


def warm() -> None:
    """Pays for imports and the bundled tokenizer before the first visit asks."""
    import mlmtune_core.predicting  # noqa: F401

    _tokenizer(checkpoints.BUNDLED)
    describe_model(checkpoints.BUNDLED, "sequence_classification", 2, "head_only", "linear")
