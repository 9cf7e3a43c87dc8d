"""One label per token: named entities and other spans in BIO tags, parts of speech."""

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
from mlmtune_core.models.heads import build_token_head
from mlmtune_core.models.probabilities import name_scores, softmax
from mlmtune_core.tasks import metrics
from mlmtune_core.tasks.base import IGNORE_INDEX, Dataset, Encoded
from mlmtune_core.tasks.entity_errors import find_entity_errors

TITLE = mark("Label every word")
COLUMNS = ("words", "tags")
LABELS_ARE = "one per token"
BEST_METRIC = ("entity_f1", "max")
WINDOW_OVERLAP = 0.25


@dataclass(frozen=True)
class SentenceExample:
    """The words of a sentence and one tag each; `row` is the line of its first word in the uploaded file."""

    row: int
    words: tuple[str, ...]
    tags: tuple[str, ...]


def to_examples(rows: Sequence[dict[str, Any]]) -> list[SentenceExample]:
    """Turns rows with `row`, `words`, `tags` into examples. Raises DataError that names the row."""
    for row in rows:
        if len(row["words"]) != len(row["tags"]) or not len(row["words"]):
            raise DataError(
                "Row {row}: {words} words but {tags} tags. Give one tag per word.",
                row=row["row"],
                words=len(row["words"]),
                tags=len(row["tags"]),
            )
    return [
        SentenceExample(int(row["row"]), tuple(map(str, row["words"])), tuple(map(str, row["tags"]))) for row in rows
    ]


def find_labels(examples: Sequence[SentenceExample]) -> list[str]:
    """Returns the tag names, sorted."""
    return sorted({tag for example in examples for tag in example.tags})


def encode(
    examples: Sequence[SentenceExample],
    tokenizer: Any,
    label_names: Sequence[str],
    max_length: int,
    label_all_pieces: bool = False,
    truncation: str = "head",
) -> list[Encoded]:
    """Returns one encoded per window of max_length tokens; each word has a label in one window, where it has most context."""
    index = {name: i for i, name in enumerate(label_names)}
    encoded: list[Encoded] = []
    for i, example in enumerate(examples):
        encoded += _encode_one(i, example, tokenizer, index, max_length, label_all_pieces)
    return encoded


def _encode_one(
    i: int, example: SentenceExample, tokenizer: Any, index: dict[str, int], max_length: int, label_all_pieces: bool
) -> list[Encoded]:
    stride = int((max_length - tokenizer.num_special_tokens_to_add()) * WINDOW_OVERLAP)
    windows = tokenizer(
        [_visible(word, tokenizer) for word in example.words],
        is_split_into_words=True,
        truncation=True,
        max_length=max_length,
        stride=stride,
        return_overflowing_tokens=True,
        return_attention_mask=False,
    )
    names = [name for name in windows if name != "overflow_to_sample_mapping"]
    word_ids = [windows.word_ids(w) for w in range(len(windows["input_ids"]))]
    owner = _window_of_each_word(word_ids)
    encoded = []
    for w, words_here in enumerate(word_ids):
        answers = tuple(
            word if word is not None and owner[word] == w and (p == 0 or words_here[p - 1] != word) else -1
            for p, word in enumerate(words_here)
        )
        asked = [
            word if label_all_pieces and word is not None and owner[word] == w else answer
            for word, answer in zip(words_here, answers, strict=True)
        ]
        labels = [
            index.get(example.tags[word], IGNORE_INDEX) if word is not None and word >= 0 else IGNORE_INDEX
            for word in asked
        ]
        encoded.append(Encoded(i, {name: windows[name][w] for name in names}, labels, words=answers))
    return encoded


def _visible(word: str, tokenizer: Any) -> str:
    """Replaces a word that the tokenizer drops (a control character, say) by the unknown token, so that it keeps its place."""
    return word if tokenizer.tokenize(word) else tokenizer.unk_token


def _window_of_each_word(word_ids: Sequence[Sequence[int | None]]) -> dict[int, int]:
    """Returns word -> the window in which its first sub-word is farthest from the edge."""
    best: dict[int, tuple[int, int]] = {}
    for w, words_here in enumerate(word_ids):
        for p, word in enumerate(words_here):
            if word is None:
                continue
            starts_here = p == 0 or words_here[p - 1] != word
            margin = min(p, len(words_here) - 1 - p)
            if starts_here and (word not in best or margin > best[word][0]):
                best[word] = (margin, w)
    return {word: w for word, (_, w) in best.items()}


def build_head(hidden_size: int, label_names: Sequence[str], head: str, dropout: float, vectors: int = 1) -> nn.Module:
    """`linear` on every token's vector."""
    return build_token_head(head, hidden_size, len(label_names), dropout)


def compute_loss(logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy over the tokens with a label: logits (B, T, C), batch["labels"] (B, T) -> scalar."""
    return functional.cross_entropy(logits.flatten(0, 1), batch["labels"].flatten(), ignore_index=IGNORE_INDEX)


def decode(
    logits: Sequence[np.ndarray],
    encoded: Sequence[Encoded],
    examples: Sequence[SentenceExample],
    label_names: Sequence[str],
) -> dict[int, list[str]]:
    """Returns one tag per word of each example; logits: one (T, C) array per encoded."""
    predictions = {i: [label_names[0]] * len(example.words) for i, example in enumerate(examples)}
    for item, scores in zip(encoded, logits, strict=True):
        for position, word in enumerate(item.words):
            if word >= 0:
                predictions[item.example][word] = label_names[int(scores[position].argmax())]
    return predictions


def compute_metrics(predictions: dict[int, list[str]], examples: Sequence[SentenceExample]) -> dict[str, float]:
    """Entity precision, recall and F1 (whole entities, exact), and the share of words with the right tag."""
    return metrics.entities(
        [list(example.tags) for example in examples], [predictions[i] for i in range(len(examples))]
    )


def BASELINE(train: Dataset, others: Dataset) -> dict[int, list[str]]:  # noqa: N802
    """Predicts the most frequent tag of the training words (nearly always O) for every word."""
    majority = Counter(tag for example in train.examples for tag in example.tags).most_common(1)[0][0]
    return {i: [majority] * len(example.words) for i, example in enumerate(others.examples)}


def explain(
    logits: Sequence[np.ndarray], encoded: Sequence[Encoded], example: SentenceExample, label_names: Sequence[str], tokenizer: Any
) -> dict[str, Any]:  # fmt: skip
    """`words`: per word its sub-words and the scores of the first of them; `tokens`: every token of every window with its own scores
    and, as `word`, the word that it answers for, or -1.
    """
    found: dict[int, dict[str, Any]] = {}
    tokens: list[dict[str, Any]] = []
    for window, (item, scores) in enumerate(zip(encoded, logits, strict=True), 1):
        read = tokenizer.convert_ids_to_tokens(item.inputs["input_ids"])
        for token, word, row, shares in zip(read, item.words, scores, softmax(scores), strict=True):
            named = name_scores(row, shares, label_names)
            tokens.append({"token": token, "word": word, "window": window, **named})
            if word >= 0:
                pieces = tokenizer.tokenize(example.words[word]) or [tokenizer.unk_token]
                found[word] = {"word": example.words[word], "pieces": pieces, **named}
    return {"view": "words", "words": [found[word] for word in range(len(example.words))], "tokens": tokens}


def review(
    predictions: dict[int, list[str]], examples: Sequence[SentenceExample], label_names: Sequence[str]
) -> dict[str, Any]:
    """`classes`: precision, recall, F1 of whole entities by type; `confusion`: of single words, tag by tag; `kinds` of entity errors."""
    true, said = [list(example.tags) for example in examples], [predictions[i] for i in range(len(examples))]
    flat = [tag for tags in true for tag in tags], [tag for tags in said for tag in tags]
    names = sorted({*label_names, *flat[0]})
    return {
        "classes": metrics.by_entity(true, said),
        "confusion": metrics.confusion(*flat, names),
        "kinds": find_entity_errors(examples, said),
    }


def find_truth(example: SentenceExample) -> list[str]:
    """Returns its tags, one per word."""
    return list(example.tags)
