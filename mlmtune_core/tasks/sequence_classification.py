"""One label per text: sentiment, topics, spam."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from mlmtune_core import metrics
from mlmtune_core.errors import ConfigError, DataError
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.translating import mark

TITLE = mark("Classify a text")
COLUMNS = ("text", "label")
LABELS_ARE = "one per text"
BEST_METRIC = ("accuracy", "max")


@dataclass(frozen=True)
class TextExample:
    """A text and its label; `row` is its line in the uploaded file."""

    row: int
    text: str
    label: str


def to_examples(rows: Sequence[dict[str, Any]]) -> list[TextExample]:
    """Rows with `row`, `text`, `label` -> examples. Raises DataError that names the row."""
    for row in rows:
        if not str(row["text"]).strip():
            raise DataError("Row {row}: the text is empty. Write one or remove the row.", row=row["row"])
    return [TextExample(int(row["row"]), str(row["text"]), str(row["label"])) for row in rows]


def find_labels(examples: Sequence[TextExample]) -> list[str]:
    """The label names, sorted."""
    return sorted({example.label for example in examples})


def encode(
    examples: Sequence[TextExample],
    tokenizer: Any,
    label_names: Sequence[str],
    max_length: int,
    label_all_pieces: bool = False,
) -> list[Encoded]:
    """One encoded per example: [CLS] sub-words [SEP], cut at max_length (`cut` counts what was lost)."""
    index = {name: i for i, name in enumerate(label_names)}
    whole = tokenizer([example.text for example in examples], return_attention_mask=False)
    return [
        Encoded(
            i,
            {name: _cut(whole[name][i], max_length) for name in whole},
            index.get(example.label, -1),
            cut=max(0, len(whole["input_ids"][i]) - max_length),
        )
        for i, example in enumerate(examples)
    ]


def _cut(tokens: list[int], max_length: int) -> list[int]:
    """At most max_length tokens; the last one ([SEP]) stays."""
    return tokens if len(tokens) <= max_length else tokens[: max_length - 1] + tokens[-1:]


class LinearHead(nn.Module):
    """The chapter's head: z = h[CLS] W + b. Hidden (B, T, H) -> logits (B, C)."""

    def __init__(self, hidden_size: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size, classes)
        nn.init.normal_(self.classifier.weight, std=0.02)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, H) -> (B, C)."""
        return self.classifier(self.dropout(hidden[:, 0]))


class PoolerHead(LinearHead):
    """transformers' own head: dense and tanh (the encoder's pooler), dropout, linear. (B, T, H) -> (B, C)."""

    def __init__(self, hidden_size: int, classes: int, dropout: float) -> None:
        super().__init__(hidden_size, classes, dropout)
        self.dense = nn.Linear(hidden_size, hidden_size)
        nn.init.normal_(self.dense.weight, std=0.02)
        nn.init.zeros_(self.dense.bias)

    def take_pooler(self, encoder: nn.Module) -> None:
        """Moves the encoder's pre-trained pooler here, where there is one of the BERT kind."""
        dense = getattr(getattr(encoder, "pooler", None), "dense", None)
        if dense is not None:
            self.dense = dense
            encoder.pooler = None

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, H) -> (B, C)."""
        return self.classifier(self.dropout(torch.tanh(self.dense(hidden[:, 0]))))


def build_head(hidden_size: int, label_names: Sequence[str], head: str, dropout: float) -> nn.Module:
    """`linear` or `pooler` on the [CLS] vector."""
    heads = {"linear": LinearHead, "pooler": PoolerHead}
    if head not in heads:
        raise ConfigError(
            "{title}: “{found}” is not known. Write one of: {known}.",
            title=mark("Head"),
            found=head,
            known=", ".join(heads),
        )
    return heads[head](hidden_size, len(label_names), dropout)


def compute_loss(logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy: logits (B, C), batch["labels"] (B,) -> scalar."""
    return functional.cross_entropy(logits, batch["labels"])


def decode(
    logits: Sequence[np.ndarray],
    encoded: Sequence[Encoded],
    examples: Sequence[TextExample],
    label_names: Sequence[str],
) -> dict[int, str]:
    """The most likely label of each example; logits: one (C,) array per encoded."""
    return {item.example: label_names[int(scores.argmax())] for item, scores in zip(encoded, logits, strict=True)}


def compute_metrics(predictions: dict[int, str], examples: Sequence[TextExample]) -> dict[str, float]:
    """accuracy and macro F1 over all examples."""
    return metrics.classification(
        [example.label for example in examples], [predictions[i] for i in range(len(examples))]
    )


def BASELINE(train_examples: Sequence[TextExample], examples: Sequence[TextExample]) -> dict[int, str]:  # noqa: N802
    """The majority class of the training examples, for everyone."""
    majority = Counter(example.label for example in train_examples).most_common(1)[0][0]
    return dict.fromkeys(range(len(examples)), majority)
