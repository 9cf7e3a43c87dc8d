"""One label per pair of texts: inference, paraphrase, entailment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mlmtune_core.errors import DataError
from mlmtune_core.language import mark
from mlmtune_core.models.heads import build_text_head
from mlmtune_core.models.probabilities import name_scores, softmax
from mlmtune_core.tasks import metrics
from mlmtune_core.tasks.base import Dataset, Encoded
from mlmtune_core.tasks.encoding import describe_tokens, encode_texts

TITLE = mark("Classify a pair of texts")
COLUMNS = ("text", "second_text", "label")
LABELS_ARE = "one per text"
BEST_METRIC = ("accuracy", "max")


@dataclass(frozen=True)
class PairExample:
    """Two texts (premise and hypothesis, say) and the label of the pair; `row` is its line in the uploaded file."""

    row: int
    text: str
    second_text: str
    label: str


def to_examples(rows: Sequence[dict[str, Any]]) -> list[PairExample]:
    """Turns rows with `row`, `text`, `second_text`, `label` into examples. Raises DataError that names the row."""
    for row in rows:
        if not str(row["text"]).strip() or not str(row["second_text"]).strip():
            raise DataError("Row {row}: one of the two texts is empty. Write it or remove the row.", row=row["row"])
    return [PairExample(int(row["row"]), str(row["text"]), str(row["second_text"]), str(row["label"])) for row in rows]


def find_labels(examples: Sequence[PairExample]) -> list[str]:
    """Returns the label names, sorted."""
    return sorted({example.label for example in examples})


def encode(
    examples: Sequence[PairExample],
    tokenizer: Any,
    label_names: Sequence[str],
    max_length: int,
    label_all_pieces: bool = False,
    truncation: str = "head",
) -> list[Encoded]:
    """Returns one encoded per example: [CLS] a [SEP] b [SEP] in two segments; the longer text is truncated first."""
    index = {name: i for i, name in enumerate(label_names)}
    inputs = encode_texts(
        tokenizer, [example.text for example in examples], [example.second_text for example in examples], max_length, truncation
    )
    return [
        Encoded(i, found, index.get(example.label, -1), cut=cut)
        for i, (example, (found, cut)) in enumerate(zip(examples, inputs, strict=True))
    ]


def build_head(hidden_size: int, label_names: Sequence[str], head: str, dropout: float, vectors: int = 1) -> nn.Module:
    """`linear`, `pooler` or `mlp` on the [CLS] vector, which attends to both texts, or on what pooling makes of the tokens."""
    return build_text_head(head, hidden_size, len(label_names), dropout, vectors)


def compute_loss(logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy: logits (B, C), batch["labels"] (B,) -> scalar."""
    return functional.cross_entropy(logits, batch["labels"])


def decode(
    logits: Sequence[np.ndarray],
    encoded: Sequence[Encoded],
    examples: Sequence[PairExample],
    label_names: Sequence[str],
) -> dict[int, str]:
    """Returns the most likely label of each pair; logits: one (C,) array per encoded."""
    return {item.example: label_names[int(scores.argmax())] for item, scores in zip(encoded, logits, strict=True)}


def compute_metrics(predictions: dict[int, str], examples: Sequence[PairExample]) -> dict[str, float]:
    """accuracy and macro F1 over all pairs."""
    return metrics.classification(
        [example.label for example in examples], [predictions[i] for i in range(len(examples))]
    )


def BASELINE(train: Dataset, others: Dataset) -> dict[int, str]:  # noqa: N802
    """Predicts the most frequent label of the training pairs."""
    majority = Counter(example.label for example in train.examples).most_common(1)[0][0]
    return dict.fromkeys(range(len(others.examples)), majority)


def explain(
    logits: Sequence[np.ndarray], encoded: Sequence[Encoded], example: PairExample, label_names: Sequence[str], tokenizer: Any
) -> dict[str, Any]:  # fmt: skip
    """`labels`: the answer with logits and probabilities by label, tokens in two segments, and what was cut."""
    scores = name_scores(logits[0], softmax(logits[0]), label_names)
    return {"view": "labels", "several": False, **scores, **describe_tokens(tokenizer, encoded[0].inputs), "cut": encoded[0].cut}  # fmt: skip


def review(predictions: dict[int, str], examples: Sequence[PairExample], label_names: Sequence[str]) -> dict[str, Any]:
    """`classes`: precision, recall, F1 per label; and `confusion`."""
    true, said = [example.label for example in examples], [predictions[i] for i in range(len(examples))]
    return {
        "classes": metrics.by_class(true, said, label_names),
        "confusion": metrics.confusion(true, said, label_names),
    }


def find_truth(example: PairExample) -> str:
    """Returns its label."""
    return example.label
