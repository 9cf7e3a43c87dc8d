"""One span per question: where in the context the answer is, if it is there."""

import re
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
from mlmtune_core.models.probabilities import softmax
from mlmtune_core.tasks import metrics
from mlmtune_core.tasks.base import Dataset, Encoded
from mlmtune_core.tasks.encoding import describe_tokens
from mlmtune_core.tasks.spans import OUTSIDE, best_spans, find_span

TITLE = mark("Answer a question")
COLUMNS = ("question", "context", "answer")
LABELS_ARE = "one span"
BEST_METRIC = ("answer_f1", "max")
START, END, NO_ANSWER = "start", "end", "no answer"
SPANS_SHOWN = 10
ERRORS_SHOWN = 1000


@dataclass(frozen=True)
class QuestionExample:
    """A question, its context, and every accepted answer with the character of the context at which it starts.

    Without any answer, the context does not hold one. `row` is its line or number in the uploaded file.
    """

    row: int
    question: str
    context: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]


def to_examples(rows: Sequence[dict[str, Any]]) -> list[QuestionExample]:
    """Turns rows with `row`, `question`, `context`, `answer` and perhaps `answer_start` into examples. Raises DataError."""
    return [_to_example(row) for row in rows]


def _to_example(row: dict[str, Any]) -> QuestionExample:
    question, context = str(row["question"]), str(row["context"])
    if not question.strip() or not context.strip():
        raise DataError("Row {row}: the question or the context is empty. Write it or remove the row.", row=row["row"])
    answers = [row["answer"]] if isinstance(row["answer"], str) else list(row["answer"])
    answers = [str(answer) for answer in answers if str(answer)]
    starts = row.get("answer_start")
    starts = [context.find(answer) for answer in answers] if starts is None else [int(start) for start in starts]
    for answer, start in zip(answers, starts, strict=True):
        if start < 0 or context[start : start + len(answer)] != answer:
            raise DataError(
                "Row {row}: the answer “{answer}” does not stand in the context where it should. Copy it from there letter by letter.",
                row=row["row"],
                answer=answer[:80],
            )
    return QuestionExample(int(row["row"]), question, context, tuple(answers), tuple(starts))


def find_labels(examples: Sequence[QuestionExample]) -> list[str]:
    """Returns start and end, the two outputs per token; and `no answer`, if some question has none."""
    return [START, END] + ([NO_ANSWER] if any(not example.answers for example in examples) else [])


def encode(
    examples: Sequence[QuestionExample],
    tokenizer: Any,
    label_names: Sequence[str],
    max_length: int,
    label_all_pieces: bool = False,
    truncation: str = "head",
) -> list[Encoded]:
    """Returns one encoded per window: [CLS] question [SEP] a piece of the context [SEP]; neighbours share half of the context.

    The label of a window is the first accepted answer's first and last token, or (0, 0), [CLS], if the answer is not whole in the
    window (Devlin et al. 2019, section 4.3); an answer longer than the shared part may be whole in none.
    `cut`: sub-words of a question that is longer than half the room.
    """
    encoded: list[Encoded] = []
    for i, example in enumerate(examples):
        encoded += _encode_one(i, example, tokenizer, max_length)
    return encoded


def _encode_one(i: int, example: QuestionExample, tokenizer: Any, max_length: int) -> list[Encoded]:
    special = tokenizer.num_special_tokens_to_add(pair=True)
    question, length, cut = _fit_question(example.question, tokenizer, (max_length - special) // 2)
    windows = tokenizer(
        question,
        example.context,
        truncation="only_second",
        max_length=max_length,
        stride=(max_length - special - length) // 2,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    names = [name for name in windows if name not in ("overflow_to_sample_mapping", "offset_mapping")]
    encoded = []
    for w in range(len(windows["input_ids"])):
        parts = windows.sequence_ids(w)
        offsets = tuple(
            tuple(offset) if part == 1 and offset[1] > offset[0] else OUTSIDE
            for part, offset in zip(parts, windows["offset_mapping"][w], strict=True)
        )
        span = find_span(offsets, list(zip(example.starts, example.answers, strict=True)))
        encoded.append(Encoded(i, {name: windows[name][w] for name in names}, span, offsets=offsets, cut=cut))
    return encoded


def _fit_question(question: str, tokenizer: Any, room: int) -> tuple[str, int, int]:
    """Returns (the question, its sub-words, number of sub-words lost), with at most `room` sub-words."""
    offsets = tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    if len(offsets) <= room:
        return question, len(offsets), 0
    short = question[: offsets[room - 1][1]]
    while len(tokenizer(short, add_special_tokens=False)["input_ids"]) > room:  # a truncated word may have more sub-words
        short = short[:-1]
    return short, len(tokenizer(short, add_special_tokens=False)["input_ids"]), len(offsets) - room


def build_head(hidden_size: int, label_names: Sequence[str], head: str, dropout: float, vectors: int = 1) -> nn.Module:
    """`linear` on every token's vector, with two outputs: start and end."""
    return build_token_head(head, hidden_size, 2, dropout)


def compute_loss(logits: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean of the cross-entropies of start and end over the tokens that are not padding: logits (B, T, 2), labels (B, 2)."""
    masked = logits.masked_fill(batch["attention_mask"].unsqueeze(-1) == 0, float("-inf"))
    starts, ends = masked.unbind(-1)
    return (
        functional.cross_entropy(starts, batch["labels"][:, 0]) + functional.cross_entropy(ends, batch["labels"][:, 1])
    ) / 2


def decode(
    logits: Sequence[np.ndarray],
    encoded: Sequence[Encoded],
    examples: Sequence[QuestionExample],
    label_names: Sequence[str],
) -> dict[int, str]:
    """Returns the best span of each question over all its windows, or "" for no answer; logits: one (T, 2) array per encoded.

    No answer wins if [CLS] beats the best span in every window, and only if the training data had such questions.
    """
    best = {i: (-np.inf, "") for i in range(len(examples))}
    null = dict.fromkeys(range(len(examples)), np.inf)
    for item, scores in zip(encoded, logits, strict=True):
        null[item.example] = min(null[item.example], float(scores[0].sum()))
        for value, start, end in best_spans(scores, item.offsets, 1):
            if value > best[item.example][0]:
                best[item.example] = (value, examples[item.example].context[start:end])
    may_decline = NO_ANSWER in label_names
    return {i: "" if may_decline and null[i] > value else text for i, (value, text) in best.items()}


def compute_metrics(predictions: dict[int, str], examples: Sequence[QuestionExample]) -> dict[str, float]:
    """F1 over words and exact match with the nearest accepted answer, over all questions."""
    return metrics.answers([example.answers for example in examples], [predictions[i] for i in range(len(examples))])


def BASELINE(train: Dataset, others: Dataset) -> dict[int, str]:  # noqa: N802
    """Answers every question with the first sentence of the context."""
    return {i: re.split(r"(?<=[.!?])\s", example.context.strip())[0] for i, example in enumerate(others.examples)}


def explain(
    logits: Sequence[np.ndarray], encoded: Sequence[Encoded], example: QuestionExample, label_names: Sequence[str], tokenizer: Any
) -> dict[str, Any]:  # fmt: skip
    """`span`: the answer; the best spans with their probability among each other; the tokens of the window it came from.

    Per token: its text, whether it may answer, its logits and probabilities as start and as end (softmax over the window), and the index of
    its word in `joined`.
    """
    spans = [
        (*span, w)
        for w, (item, scores) in enumerate(zip(encoded, logits, strict=True))
        for span in best_spans(scores, item.offsets, SPANS_SHOWN)
    ]
    unique = {(start, end): (value, start, end, w) for value, start, end, w in sorted(spans)}
    best = sorted(unique.values(), reverse=True)[:SPANS_SHOWN]
    rows: list[dict[str, Any]] = [{"text": example.context[start:end], "logit": value} for value, start, end, _ in best]
    if NO_ANSWER in label_names:
        rows.append({"text": "", "logit": min(float(scores[0].sum()) for scores in logits)})
        rows.sort(key=lambda row: -row["logit"])
    shares = softmax(np.array([row["logit"] for row in rows])) if rows else np.empty(0)
    window = best[0][3] if best else 0
    item, shown = encoded[window], softmax(logits[window].T)
    read = describe_tokens(tokenizer, item.inputs)
    return {
        "view": "span",
        "answer": decode(logits, encoded, [example], label_names)[0],
        "spans": [{**row, "probability": float(share)} for row, share in zip(rows, shares, strict=True)],
        "tokens": [
            {
                "token": token,
                "word": word,
                "in_context": item.offsets[p] != OUTSIDE,
                "start": float(shown[0, p]),
                "end": float(shown[1, p]),
                "logits": {START: float(logits[window][p, 0]), END: float(logits[window][p, 1])},
            }
            for p, (token, word) in enumerate(zip(read["tokens"], read["word_of"], strict=True))
        ],
        "joined": read["joined"],
        "window": window + 1,
        "windows": len(encoded),
        "cut": item.cut,
    }  # fmt: skip


def review(
    predictions: dict[int, str], examples: Sequence[QuestionExample], label_names: Sequence[str]
) -> dict[str, Any]:
    """`groups`: F1, exact match and number of questions with an answer in the context, and of those without; `kinds` of errors."""
    groups = []
    for name, wanted in (("answerable", True), (NO_ANSWER, False)):
        chosen = [i for i, example in enumerate(examples) if bool(example.answers) == wanted]
        if chosen:
            scores = metrics.answers([examples[i].answers for i in chosen], [predictions[i] for i in chosen])
            groups.append({"group": name, **scores, "support": len(chosen)})
    return {"groups": groups, "kinds": _find_kinds(predictions, examples)}


def _find_kinds(predictions: dict[int, str], examples: Sequence[QuestionExample]) -> dict[str, Any]:
    """`counts` by kind (see `metrics.find_answer_kind`); `errors`: everything that is not right, each with its `kind`."""
    kinds = [metrics.find_answer_kind(example.answers, predictions[i]) for i, example in enumerate(examples)]
    names = ("right", "overlapping", "elsewhere", *(("declined", "answered") if any(not e.answers for e in examples) else ("declined",)))  # fmt: skip
    errors = [
        {"kind": kind, "row": example.row, "true": " | ".join(find_truth(example)), "predicted": predictions[i], "text": example.question}
        for i, (kind, example) in enumerate(zip(kinds, examples, strict=True))
        if kind != "right"
    ]  # fmt: skip
    return {"counts": {name: kinds.count(name) for name in names}, "errors": errors[:ERRORS_SHOWN]}


def find_truth(example: QuestionExample) -> list[str]:
    """Returns the accepted answers; none if the context does not hold one."""
    return list(dict.fromkeys(example.answers))
