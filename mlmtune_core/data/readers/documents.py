"""Reads JSON: an array of objects, columns, JSON Lines, or SQuAD articles."""

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from mlmtune_core.errors import DataError

EXAMPLE = '{"text": "…", "label": "…"}'


def read_json_lines(text: str, name: str) -> pd.DataFrame:
    """Reads one object per line; the index is the line number."""
    records, numbers = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = _parse(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                "“{name}”, line {line}: this is not JSON ({why}). Each line must hold one object such as {example}.",
                name=name,
                line=number,
                why=error,
                example=EXAMPLE,
            ) from None
        records.append(_require_object(record, name, number))
        numbers.append(number)
    return _to_frame(records, numbers)


def read_json(text: str, name: str) -> tuple[str, pd.DataFrame]:
    """Returns (kind, rows), the index counting from 1. kind: squad for SQuAD articles, else json.

    Rows are an array of objects or an object of columns, at the top or under `data`.
    """
    try:
        document = _parse(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            "“{name}”: this is not JSON ({why}). It must hold an array of objects such as {example}, or one object a line.",
            name=name,
            why=error,
            example=EXAMPLE,
        ) from None
    records = document.get("data", document) if isinstance(document, dict) else document
    if isinstance(records, list) and records and isinstance(records[0], dict) and "paragraphs" in records[0]:
        return "squad", _read_squad(records, name)
    if isinstance(records, dict) and _are_columns(records):
        records = [dict(zip(records, values, strict=True)) for values in zip(*records.values(), strict=True)]
    if not isinstance(records, list) or not records:
        raise DataError(
            "“{name}”: expected an array of objects such as {example}, found {found}.",
            name=name,
            example=EXAMPLE,
            found=type(records).__name__,
        )
    numbers = list(range(1, len(records) + 1))
    return "json", _to_frame([_require_object(record, name, i) for record, i in zip(records, numbers, strict=True)], numbers)  # fmt: skip


def _are_columns(document: dict[str, Any]) -> bool:
    """True for {"text": [...], "label": [...]} with lists of equal length."""
    values = list(document.values())
    return bool(values) and all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1  # fmt: skip


def _parse(text: str) -> Any:
    """Parses JSON. A lone surrogate (\\ud800 without its pair), which cannot be encoded, becomes a question mark."""
    value = json.loads(text)
    return _replace_surrogates(value) if "\\ud" in text.lower() else value


def _replace_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", errors="replace").decode("utf-8")
    if isinstance(value, list):
        return [_replace_surrogates(item) for item in value]
    return {_replace_surrogates(name): _replace_surrogates(item) for name, item in value.items()} if isinstance(value, dict) else value


def _read_squad(articles: list[Any], name: str) -> pd.DataFrame:
    """Returns one row per question: question, context, answers (a list), answer_start (a list), title, id."""
    try:
        records = list(_questions(articles))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            "“{name}” looks like SQuAD, but a part is missing or of another kind ({why}). Expected data, paragraphs, context, qas, question, answers.",
            name=name,
            why=error,
        ) from None
    if not records:
        raise DataError("“{name}” holds articles but no questions.", name=name)
    return _to_frame(records, list(range(1, len(records) + 1)))


def _questions(articles: list[Any]) -> Iterator[dict[str, Any]]:
    for article in articles:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                given = [] if question.get("is_impossible") else question.get("answers") or []
                yield {
                    "question": question["question"],
                    "context": paragraph["context"],
                    "answers": [str(answer["text"]) for answer in given],
                    "answer_start": [int(answer["answer_start"]) for answer in given],
                    "title": str(article.get("title", "")),
                    "id": str(question.get("id", "")),
                }


def _require_object(record: Any, name: str, number: int) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise DataError(
            "“{name}”, line {line}: expected an object with names and values, found {found}.",
            name=name,
            line=number,
            found=type(record).__name__,
        )
    return {str(key).strip(): value for key, value in record.items()}


def _to_frame(records: list[dict[str, Any]], numbers: list[int]) -> pd.DataFrame:
    return pd.DataFrame(records, index=numbers, dtype=object)
