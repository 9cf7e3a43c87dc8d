"""One number per text or pair of texts: ratings, similarity."""

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
from mlmtune_core.tasks import metrics
from mlmtune_core.tasks.base import Dataset, Encoded
from mlmtune_core.tasks.encoding import describe_tokens, encode_texts

TITLE = mark("Predict a number")
COLUMNS = ("text", "second_text", "score")
LABELS_ARE = "one number"
BEST_METRIC = ("pearson", "max")


@dataclass(frozen=True)
class ScoredExample:
    """A text (or two: `second_text` is then not empty) and its score; `row` is its line in the uploaded file."""

    row: int
    text: str
    second_text: str
    score: float


def to_examples(rows: Sequence[dict[str, Any]]) -> list[ScoredExample]:
    """Turns rows with `row`, `text`, `score` and perhaps `second_text` into examples. Raises DataError that names the row."""
    examples = []
    for row in rows:
        if not str(row["text"]).strip():
            raise DataError("Row {row}: the text is empty. Write one or remove the row.", row=row["row"])
        try:
            score = float(row["score"])
        except (TypeError, ValueError):
            score = float("nan")
        if not np.isfinite(score):
            raise DataError(
                "Row {row}: expected a number, found “{found}”. Write one, or choose another column.",
                row=row["row"],
                found=row["score"],
            )
        examples.append(ScoredExample(int(row["row"]), str(row["text"]), str(row.get("second_text") or ""), score))
    return examples


def find_labels(examples: Sequence[ScoredExample]) -> list[str]:
    """Returns the scale of the scores instead of names: mean and standard deviation of the training scores, as text."""
    scores = np.array([example.score for example in examples])
    return [repr(float(scores.mean())), repr(float(scores.std()) or 1.0)]


def encode(
    examples: Sequence[ScoredExample],
    tokenizer: Any,
    label_names: Sequence[str],
    max_length: int,
    label_all_pieces: bool = False,
    truncation: str = "head",
) -> list[Encoded]:
    """Returns one encoded per example; its label is the standardised score (score - mean) / deviation."""
    mean, deviation = map(float, label_names)
    texts = [example.text for example in examples]
    seconds = [example.second_text for example in examples] if any(e.second_text for e in examples) else None
    return [
        Encoded(i, found, (examples[i].score - mean) / deviation, cut=cut)
        for i, (found, cut) in enumerate(encode_texts(tokenizer, texts, seconds, max_length, truncation))
    ]


def build_head(hidden_size: int, label_names: Sequence[str], head: str, dropout: float, vectors: int = 1) -> nn.Module:
    """`linear`, `pooler` or `mlp` on the [CLS] vector, or on what pooling makes of the tokens, with one output."""
    return build_text_head(head, hidden_size, 1, dropout, vectors)


def compute_loss(logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean squared error of the standardised scores: logits (B, 1), batch["labels"] (B,) -> scalar."""
    return functional.mse_loss(logits.squeeze(-1), batch["labels"])


def decode(
    logits: Sequence[np.ndarray],
    encoded: Sequence[Encoded],
    examples: Sequence[ScoredExample],
    label_names: Sequence[str],
) -> dict[int, float]:
    """Returns the output of each example on the scale of the data; logits: one (1,) array per encoded."""
    mean, deviation = map(float, label_names)
    return {item.example: float(z[0]) * deviation + mean for item, z in zip(encoded, logits, strict=True)}


def compute_metrics(predictions: dict[int, float], examples: Sequence[ScoredExample]) -> dict[str, float]:
    """Pearson's and Spearman's correlation, and the root of the mean squared error, over all examples."""
    return metrics.regression([example.score for example in examples], [predictions[i] for i in range(len(examples))])


def BASELINE(train: Dataset, others: Dataset) -> dict[int, float]:  # noqa: N802
    """Predicts the mean of the training scores."""
    return dict.fromkeys(range(len(others.examples)), float(np.mean([example.score for example in train.examples])))


def explain(
    logits: Sequence[np.ndarray], encoded: Sequence[Encoded], example: ScoredExample, label_names: Sequence[str], tokenizer: Any
) -> dict[str, Any]:  # fmt: skip
    """`number`: the answer on the scale of the data, the raw output z, the scale's mean and deviation, and the tokens."""
    mean, deviation = map(float, label_names)
    return {
        "view": "number",
        "value": float(logits[0][0]) * deviation + mean,
        "logit": float(logits[0][0]),
        "mean": mean,
        "deviation": deviation,
        **describe_tokens(tokenizer, encoded[0].inputs),
        "cut": encoded[0].cut,
    }


def review(
    predictions: dict[int, float], examples: Sequence[ScoredExample], label_names: Sequence[str]
) -> dict[str, Any]:
    """`pairs`: true and predicted score of every example."""
    return {"pairs": [[example.score, predictions[i]] for i, example in enumerate(examples)]}


def find_truth(example: ScoredExample) -> float:
    """Returns its score."""
    return example.score
