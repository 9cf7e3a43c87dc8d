"""Masked language modelling on texts without labels, BERT's pre-training task."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from mlmtune_core.errors import DataError
from mlmtune_core.language import mark
from mlmtune_core.models.masked_head import MaskedHead
from mlmtune_core.models.masking import mask_tokens, unmask_tokens
from mlmtune_core.tasks.base import IGNORE_INDEX, Dataset, Encoded

TITLE = mark("Guess masked words")
COLUMNS = ("text",)
LABELS_ARE = "one per token"
BEST_METRIC = ("masked_loss", "min")
Answers = list[tuple[int, int, float]]


@dataclass(frozen=True)
class PlainExample:
    """A text without a label; `row` is its line in the file."""

    row: int
    text: str


def to_examples(rows: Sequence[dict[str, Any]]) -> list[PlainExample]:
    """Turns rows with `row`, `text` into examples. Raises DataError that names the row."""
    for row in rows:
        if not str(row["text"]).strip():
            raise DataError("Row {row}: the text is empty. Write one or remove the row.", row=row["row"])
    return [PlainExample(int(row["row"]), str(row["text"])) for row in rows]


def find_labels(examples: Sequence[PlainExample]) -> list[str]:
    """Returns no names: every word of the vocabulary may be the answer, and the head knows it."""
    return []


def encode(
    examples: Sequence[PlainExample],
    tokenizer: Any,
    label_names: Sequence[str],
    max_length: int,
    label_all_pieces: bool = False,
    truncation: str = "head",
) -> list[Encoded]:
    """Returns one encoded per window of max_length tokens; what is masked in a window depends on the window alone."""
    windows = tokenizer(
        [example.text for example in examples],
        truncation=True,
        max_length=max_length,
        return_overflowing_tokens=True,
        return_attention_mask=False,
    )
    owners = windows.pop("overflow_to_sample_mapping")
    encoded = []
    for w, example in enumerate(owners):
        inputs = {name: windows[name][w] for name in windows}
        item = Encoded(example, inputs, [IGNORE_INDEX] * len(inputs["input_ids"]))
        encoded += _hide([item], tokenizer, np.random.default_rng(np.frombuffer(item.digest, np.uint32)))
    return encoded


def redraw(encoded: Sequence[Encoded], tokenizer: Any, seed: int, epoch: int) -> list[Encoded]:
    """Returns the same windows with other words masked, different in every epoch (Liu et al. 2019, section 4.1)."""
    return _hide(encoded, tokenizer, np.random.default_rng([seed, epoch]))


def _hide(encoded: Sequence[Encoded], tokenizer: Any, rng: np.random.Generator) -> list[Encoded]:
    special = set(tokenizer.all_special_ids)
    choice = np.array([token for token in range(len(tokenizer)) if token not in special])
    hidden = []
    for item in encoded:
        ids = unmask_tokens(item.inputs["input_ids"], item.labels)
        seen, asked = mask_tokens(ids, special, tokenizer.mask_token_id, choice, rng)
        hidden.append(replace(item, inputs=item.inputs | {"input_ids": seen}, labels=asked))
    return hidden


def build_head(hidden_size: int, label_names: Sequence[str], head: str, dropout: float, vectors: int = 1) -> nn.Module:
    """Returns a placeholder for the head of the checkpoint's family: it is built when it meets its encoder."""
    return MaskedHead()


def compute_loss(logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy over the masked words: logits (B, T, 3) as MaskedHead gives them, batch["labels"] (B, T) -> scalar."""
    asked = logits[batch["labels"] != IGNORE_INDEX]
    return (asked[:, 1] - asked[:, 0]).sum() / max(1, len(asked))


def decode(
    logits: Sequence[np.ndarray], encoded: Sequence[Encoded], examples: Sequence[PlainExample], label_names: Sequence[str]
) -> dict[int, Answers]:  # fmt: skip
    """Returns, per example, (token id, predicted id, cross-entropy in nats) of each masked word; logits: one (T, 3) array per encoded."""
    predictions: dict[int, Answers] = {i: [] for i in range(len(examples))}
    for item, scores in zip(encoded, logits, strict=True):
        for label, (truth, total, said) in zip(item.labels, scores.tolist(), strict=True):
            if label != IGNORE_INDEX:
                predictions[item.example].append((label, int(said), total - truth))
    return predictions


def compute_metrics(predictions: dict[int, Answers], examples: Sequence[PlainExample]) -> dict[str, float]:
    """Returns the mean cross-entropy of the masked words in nats, and the share that was predicted correctly."""
    answers = [answer for said in predictions.values() for answer in said]
    if not answers:
        return {"masked_loss": 0.0, "masked_accuracy": 0.0}
    return {
        "masked_loss": float(np.mean([loss for _, _, loss in answers])),
        "masked_accuracy": float(np.mean([true == said for true, said, _ in answers])),
    }


def BASELINE(train: Dataset, others: Dataset) -> dict[int, Answers]:  # noqa: N802
    """Predicts each word as often as it occurs in the training texts (unigrams), whatever its context.

    Unseen words share the weight that Witten and Bell (1991, method C) leave to them: as many parts as there are seen words.
    """
    counts = Counter(
        token for item in train.encoded for token in unmask_tokens(item.inputs["input_ids"], item.labels)[1:-1]
    )
    total, kinds = sum(counts.values()), len(counts)
    unseen = kinds / max(1, train.vocabulary - kinds)
    said = counts.most_common(1)[0][0]
    predictions: dict[int, Answers] = {i: [] for i in range(len(others.examples))}
    for item in others.encoded:
        for label in item.labels:
            if label != IGNORE_INDEX:
                loss = float(np.log(total + kinds) - np.log(counts.get(label, unseen)))
                predictions[item.example].append((label, said, loss))
    return predictions


def explain(
    logits: Sequence[np.ndarray], encoded: Sequence[Encoded], example: PlainExample, label_names: Sequence[str], tokenizer: Any
) -> dict[str, Any]:  # fmt: skip
    """`hidden`: per masked word the true one, the predicted one, and the probability of the true one; `tokens` as the model read them."""
    answers = decode(logits, encoded, [example], label_names)[0]
    name = tokenizer.convert_ids_to_tokens
    hidden = [{"true": name(true), "said": name(said), "probability": float(np.exp(-loss))} for true, said, loss in answers]
    tokens = [token for item in encoded for token in name(item.inputs["input_ids"])]
    return {"view": "hidden", "hidden": hidden, "tokens": tokens}


def review(
    predictions: dict[int, Answers], examples: Sequence[PlainExample], label_names: Sequence[str]
) -> dict[str, Any]:
    """Returns no table: every word is a class of its own."""
    return {}


def find_truth(example: PlainExample) -> str:
    """Returns the text: which words are masked is drawn when it is encoded."""
    return example.text
