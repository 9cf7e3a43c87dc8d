"""Maps columns to roles (text, label, words, answer, ...): guessed, or as the user chose."""

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from mlmtune_core.data.readers.headers import KNOWN_NAMES, SPLIT_WORDS, is_number, simplify
from mlmtune_core.errors import DataError, nearest_first
from mlmtune_core.language import mark

if TYPE_CHECKING:
    import pandas as pd

ROLES = {
    "sequence_classification": ("text", "label"),
    "sentence_pair": ("text", "second_text", "label"),
    "token_classification": ("words", "tags"),
    "regression": ("text", "second_text", "score"),
    "question_answering": ("question", "context", "answer"),
    "masked_words": ("text",),
}
OPTIONAL = {"regression": ("second_text",)}
ALWAYS_OPTIONAL = ("split",)
INPUT_ROLES = ("text", "second_text", "words", "question", "context")
ROLE_TITLES = {
    "text": mark("text"),
    "second_text": mark("second text"),
    "label": mark("label"),
    "words": mark("words"),
    "tags": mark("tags"),
    "score": mark("score"),
    "question": mark("question"),
    "context": mark("context"),
    "answer": mark("answer"),
    "split": mark("split"),
}
SAMPLE_ROWS = 500
TAG = re.compile(r"O|[BIESLUM]-\S+|[A-Z]{1,8}")


def input_roles(task: str, present: Iterable[str]) -> tuple[str, ...]:
    """Returns the roles of a task that are inputs of the model; optional ones only if `present`."""
    left_out = set(OPTIONAL.get(task, ())) - set(present)
    return tuple(role for role in ROLES[task] if role in INPUT_ROLES and role not in left_out)


def optional_roles(task: str) -> tuple[str, ...]:
    """Returns the roles that a task can do without."""
    return (*OPTIONAL.get(task, ()), *ALWAYS_OPTIONAL)


def has_several_labels(examples: "pd.DataFrame") -> bool:
    """True if checked examples have lists of labels (multi-label classification)."""
    return "label" in examples and not isinstance(examples["label"].iloc[0], str)


def to_records(examples: "pd.DataFrame") -> list[dict[str, Any]]:
    """Returns one dict per row, column -> value."""
    return cast(list[dict[str, Any]], examples.to_dict("records"))


def guess_task(rows: "pd.DataFrame") -> tuple[str, str]:
    """Guesses (task, why) from the names and the content of the columns. `why` is a message of the catalogue."""
    named = {role: _named(rows, role) for role in ("question", "context", "second_text", "score")}
    if named["question"] and named["context"]:
        return "question_answering", mark("there are columns for a question and a context")
    if sum(_is_words(rows[column]) for column in rows.columns) >= 2:
        return "token_classification", mark("two columns hold a list per row: words and their tags")
    texts = [column for column in rows.columns if _is_text(rows[column])]
    two = bool(named["second_text"]) or (len(texts) == 2 and len(rows.columns) > 2)
    if texts and len(rows.columns) == 1:
        return "masked_words", mark("there is one column of texts, and none that could hold labels")
    if _score_column(rows, texts, named["score"]):
        return "regression", mark("one column holds numbers of many different values, as scores are")
    if two:
        return "sentence_pair", mark("two columns hold texts, and another one few different labels")
    return "sequence_classification", mark("one column holds texts, and another one few different labels")


def guess_columns(rows: "pd.DataFrame", task: str) -> dict[str, str]:
    """Guesses role -> column: by name first, otherwise by content. A role that fits no column is left out."""
    by_role: dict[str, str] = {}
    for role in (*ROLES[task], "split"):
        free = [c for c in _named(rows, role) if c not in by_role.values() and _fits(rows[c], role)]
        if free:
            by_role[role] = free[0]
    for role in ROLES[task]:
        free = [c for c in rows.columns if c not in by_role.values() and _fits(rows[c], role)]
        if role not in by_role and free and (role not in optional_roles(task) or _is_wanted(rows, role, free)):
            by_role[role] = _by_content(rows, free, role, task)
    if "text" in by_role and "second_text" in by_role and not _named(rows, "text"):
        order = list(rows.columns)
        first, second = sorted((by_role["text"], by_role["second_text"]), key=order.index)
        by_role |= {"text": first, "second_text": second}
    return {role: by_role[role] for role in (*ROLES[task], "split") if role in by_role}


def choose_columns(rows: "pd.DataFrame", task: str, chosen: Mapping[str, str | None]) -> dict[str, str]:
    """Returns role -> column: as `chosen` ("" for none), otherwise as guessed.

    Raises DataError for a column that is not there, and for a required role without a column.
    """
    columns = list(rows.columns)
    by_role = guess_columns(rows, task)
    for role, column in chosen.items():
        if column is None or role not in (*ROLES[task], *ALWAYS_OPTIONAL):
            continue
        name = column if column in columns else column.strip()
        if name and name not in columns:
            raise DataError(
                "Column “{name}” ({title}) is not in the file. Columns found, nearest first: {found}.",
                name=column,
                title=ROLE_TITLES[role],
                found=", ".join(nearest_first(column, columns)[:20]),
            )
        by_role = {other: kept for other, kept in by_role.items() if kept != name and other != role}
        by_role |= {role: name} if name else {}
    for role in ROLES[task]:
        if role not in by_role and role not in optional_roles(task):
            raise DataError(
                "No column was found for: {title}. Columns in the file: {found}. Check the delimiter, or add the column.",
                title=ROLE_TITLES[role],
                found=", ".join(nearest_first(role, columns)[:20]),
            )
    return {role: by_role[role] for role in (*ROLES[task], "split") if role in by_role}


def _named(rows: "pd.DataFrame", role: str) -> list[str]:
    return [column for known in KNOWN_NAMES[role] for column in rows.columns if simplify(column) == known]


def _values(column: "pd.Series") -> list[Any]:
    """Returns the values of the first rows, without missing ones."""
    return [value for value in column.head(SAMPLE_ROWS) if not _is_missing(value)]


def _is_missing(value: Any) -> bool:
    return value is None or value != value if not isinstance(value, list | dict) else False


def _is_words(column: "pd.Series") -> bool:
    values = _values(column)
    return bool(values) and all(isinstance(value, list) and all(isinstance(v, str | int) for v in value) for value in values)  # fmt: skip


def _is_text(column: "pd.Series") -> bool:
    """True if most values have several words and few values repeat."""
    values = [value for value in _values(column) if isinstance(value, str)]
    several = sum(" " in value.strip() for value in values)
    return bool(values) and several >= 0.6 * len(values) and len(set(values)) > 0.2 * len(values)


def _is_wanted(rows: "pd.DataFrame", role: str, free: list[str]) -> bool:
    return role == "second_text" and sum(_is_text(rows[column]) for column in free) >= 1


def _score_column(rows: "pd.DataFrame", texts: list[str], named: list[str]) -> str | None:
    """Returns a column of numbers that are not classes or row numbers: many fractions, more than three different values."""
    for column in [*named, *rows.columns]:
        values = [str(value) for value in _values(rows[column]) if not isinstance(value, list | dict)]
        if column in texts or not values or not all(is_number(value) for value in values):
            continue
        numbers = [number for number in (float(value.replace(",", ".")) for value in values) if isfinite(number)]
        fractions = sum(number != int(number) for number in numbers)
        is_row_number = all(later - one == 1 for one, later in zip(numbers, numbers[1:], strict=False))
        if not is_row_number and (fractions > 0.2 * len(numbers) and len(set(numbers)) > 3):
            return column
    return None


def _fits(column: "pd.Series", role: str) -> bool:
    values = _values(column)
    if role in ("words", "tags"):
        return _is_words(column)
    if role == "answer":
        return True
    if role == "label":
        return not any(isinstance(value, dict) for value in values)
    if role == "split":
        return bool(values) and all(simplify(str(value)) in SPLIT_WORDS for value in values)
    return not any(isinstance(value, list | dict) for value in values)


def _by_content(rows: "pd.DataFrame", free: list[str], role: str, task: str) -> str:
    """Returns the free column that suits a role best.

    Texts: the longest. Label: the fewest different values. Words: the least tag-like. Tags: the most tag-like, of equals the last.
    """
    if role in ("text", "second_text", "context", "question"):
        return max(free, key=lambda column: rows[column].head(SAMPLE_ROWS).astype(str).str.len().mean())
    if role == "label":
        return min(free, key=lambda column: rows[column].astype(str).nunique())
    if role == "score":
        return _score_column(rows, [], free) or free[-1]
    if role in ("words", "tags"):
        likeness = {column: _tag_share(rows[column]) for column in free}
        best = (min if role == "words" else max)(likeness.values())
        near = [column for column in free if likeness[column] == best]
        return near[0] if role == "words" else near[-1]
    return free[-1]


def _tag_share(column: "pd.Series") -> float:
    """Returns how tag-like the items of a list column are: few different ones, written like tags. Numbers get 0.5."""
    items = [str(item) for value in _values(column) for item in value]
    if not items or all(item.isdigit() for item in items):
        return 0.5
    tag_like = sum(bool(TAG.fullmatch(item)) for item in items) / len(items)
    return round(tag_like - len(set(items)) / len(items), 3)
