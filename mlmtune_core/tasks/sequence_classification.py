"""One label per text, or several: sentiment, topics, spam."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mlmtune_core.errors import DataError
from mlmtune_core.language import mark
from mlmtune_core.models.heads import build_text_head
from mlmtune_core.models.probabilities import name_scores, sigmoid, softmax
from mlmtune_core.tasks import metrics
from mlmtune_core.tasks.base import Dataset, Encoded
from mlmtune_core.tasks.encoding import describe_tokens, encode_texts

TITLE = mark("Classify a text")
COLUMNS = ("text", "label")
LABELS_ARE = "one per text"
BEST_METRIC = ("accuracy", "max")


@dataclass(frozen=True)
class TextExample:
    """A text and its label, or the tuple of its labels if it may have several; `row` is its line in the file."""

    row: int
    text: str
    label: str | tuple[str, ...]

    @property
    def is_multi_label(self) -> bool:
        """Whether a text may have any number of labels."""
        return isinstance(self.label, tuple)


def to_examples(rows: Sequence[dict[str, Any]]) -> list[TextExample]:
    """Turns rows with `row`, `text`, `label` (a text, or a list of them) into examples. Raises DataError that names the row."""
    for row in rows:
        if not str(row["text"]).strip():
            raise DataError("Row {row}: the text is empty. Write one or remove the row.", row=row["row"])
    return [
        TextExample(
            int(row["row"]),
            str(row["text"]),
            str(row["label"]) if isinstance(row["label"], str) else tuple(map(str, row["label"])),
        )
        for row in rows
    ]


def find_labels(examples: Sequence[TextExample]) -> list[str]:
    """Returns the label names, sorted."""
    return sorted({name for example in examples for name in _names(example)})


def encode(
    examples: Sequence[TextExample],
    tokenizer: Any,
    label_names: Sequence[str],
    max_length: int,
    label_all_pieces: bool = False,
    truncation: str = "head",
) -> list[Encoded]:
    """Returns one encoded per example: [CLS] sub-words [SEP], truncated at max_length (`cut` counts what was lost)."""
    index = {name: i for i, name in enumerate(label_names)}
    inputs = encode_texts(tokenizer, [example.text for example in examples], None, max_length, truncation)
    return [
        Encoded(
            i,
            found,
            [int(name in example.label) for name in label_names] if isinstance(example.label, tuple) else index.get(example.label, -1),
            cut=cut,
        )
        for i, (example, (found, cut)) in enumerate(zip(examples, inputs, strict=True))
    ]  # fmt: skip


def build_head(hidden_size: int, label_names: Sequence[str], head: str, dropout: float, vectors: int = 1) -> nn.Module:
    """`linear`, `pooler` or `mlp` on the [CLS] vector, or on what pooling makes of the tokens."""
    return build_text_head(head, hidden_size, len(label_names), dropout, vectors)


def compute_loss(logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy: logits (B, C), labels (B,); or binary cross-entropy of every label: labels (B, C). -> scalar."""
    labels = batch["labels"]
    if labels.dim() == 2:
        return functional.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype))
    return functional.cross_entropy(logits, labels)


def decode(
    logits: Sequence[np.ndarray],
    encoded: Sequence[Encoded],
    examples: Sequence[TextExample],
    label_names: Sequence[str],
) -> dict[int, str | list[str]]:
    """Returns the most likely label of each example, or all labels with a logit above 0; logits: one (C,) array per encoded."""
    return {
        item.example: [name for name, z in zip(label_names, scores, strict=True) if z > 0]
        if examples[item.example].is_multi_label
        else label_names[int(scores.argmax())]
        for item, scores in zip(encoded, logits, strict=True)
    }


def compute_metrics(predictions: dict[int, str | list[str]], examples: Sequence[TextExample]) -> dict[str, float]:
    """accuracy and macro F1 over all examples; with several labels, micro F1 too."""
    count: Callable[..., dict[str, float]] = metrics.several_labels if examples[0].is_multi_label else metrics.classification
    return count([example.label for example in examples], [predictions[i] for i in range(len(examples))])


def BASELINE(train: Dataset, others: Dataset) -> dict[int, str | list[str]]:  # noqa: N802
    """Predicts the most frequent label (or set of labels) of the training examples."""
    majority = Counter(example.label for example in train.examples).most_common(1)[0][0]
    return dict.fromkeys(range(len(others.examples)), list(majority) if isinstance(majority, tuple) else majority)


def explain(
    logits: Sequence[np.ndarray], encoded: Sequence[Encoded], example: TextExample, label_names: Sequence[str], tokenizer: Any
) -> dict[str, Any]:  # fmt: skip
    """`labels`: the answer with logits and probabilities by label (sigmoid for several labels), tokens, and what was lost."""
    several = example.is_multi_label
    scores = name_scores(logits[0], (sigmoid if several else softmax)(logits[0]), label_names)
    if several:
        scores["label"] = decode(logits, encoded, [example], label_names)[0]
    return {"view": "labels", "several": several, **scores, **describe_tokens(tokenizer, encoded[0].inputs), "cut": encoded[0].cut}  # fmt: skip


def review(
    predictions: dict[int, str | list[str]], examples: Sequence[TextExample], label_names: Sequence[str]
) -> dict[str, Any]:
    """`classes`: precision, recall, F1 per label; and `confusion`, if each text has one label."""
    true: list[Any] = [example.label for example in examples]
    said: list[Any] = [predictions[i] for i in range(len(examples))]
    if examples[0].is_multi_label:
        return {"classes": metrics.by_label(true, said, label_names)}
    return {
        "classes": metrics.by_class(true, said, label_names),
        "confusion": metrics.confusion(true, said, label_names),
    }


def find_truth(example: TextExample) -> str | list[str]:
    """Returns its label, or the list of its labels."""
    return list(example.label) if isinstance(example.label, tuple) else example.label


def _names(example: TextExample) -> tuple[str, ...]:
    return example.label if isinstance(example.label, tuple) else (example.label,)
