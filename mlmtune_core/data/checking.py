"""The report before Start: what was read, what was kept, and every problem with the rows at fault."""

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd

from mlmtune_core.errors import DataError
from mlmtune_core.translating import Translate, mark

MIN_ROWS = 4
MAX_LABELS = 100
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")


@dataclass(frozen=True)
class Problem:
    """Something about the data. severity: `error` blocks Start, `warning` does not; `rows` are lines of the file."""

    kind: str
    severity: str
    rows: tuple[int, ...]
    template: str
    values: dict[str, object] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many rows are concerned."""
        return len(self.rows)

    def say(self, tr: Translate) -> str:
        """The sentence in the language of the translator `tr`."""
        return tr(self.template).format(count=self.count, **self.values)


@dataclass(frozen=True)
class Report:
    """The checked data: `examples` (row and the task's columns), `dropped` rows, `labels` counted, `problems`."""

    rows_read: int
    columns: dict[str, str]
    labels: dict[str, int]
    problems: tuple[Problem, ...]
    examples: pd.DataFrame = field(repr=False)
    dropped: pd.DataFrame = field(repr=False)

    @property
    def rows_kept(self) -> int:
        """How many rows became examples."""
        return len(self.examples)

    def rows_at_fault(self, problem: Problem) -> pd.DataFrame:
        """The rows that a problem concerns, kept or dropped, in the order of the file."""
        rows = pd.concat([self.examples, self.dropped]).sort_values("row", kind="stable")
        return rows[rows["row"].isin(problem.rows)]

    @property
    def errors(self) -> list[Problem]:
        """The problems that block."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @property
    def fingerprint(self) -> str:
        """A short hash of all examples: equal data, equal fingerprint."""
        digest = hashlib.sha256()
        for record in self.examples.drop(columns="row").itertuples(index=False):
            digest.update(repr(tuple(list(cell) if not isinstance(cell, str) else cell for cell in record)).encode())
        return digest.hexdigest()[:12]


def check(rows: pd.DataFrame, task: str, columns: dict[str, str]) -> Report:
    """Rows as read, a task and role -> column, -> Report. Nothing is dropped without being counted."""
    return CHECKS[task](rows, columns)


def require_sound(report: Report) -> Report:
    """The same report; raises DataError with the first error, if there is one."""
    if report.errors:
        worst = report.errors[0]
        raise DataError(worst.template, count=worst.count, **worst.values)
    return report


def _check_texts(rows: pd.DataFrame, columns: dict[str, str]) -> Report:
    frame = pd.DataFrame(
        {
            "row": rows.index,
            "text": [_clean(cell) for cell in rows[columns["text"]]],
            "label": [_clean(cell) for cell in rows[columns["label"]]],
        }
    )
    no_text, no_label = frame["text"] == "", frame["label"] == ""
    problems = [
        _rows_problem("empty_text", frame[no_text], "Rows without text: {count}. They were left out."),
        _rows_problem("missing_label", frame[no_label & ~no_text], "Rows without label: {count}. They were left out."),
    ]
    kept = frame[~no_text & ~no_label]
    repeated = kept[kept.duplicated("text", keep="first")]
    disagreeing = kept[kept.groupby("text")["label"].transform("nunique") > 1]
    problems += [
        _rows_problem(
            "duplicate_text",
            repeated,
            "Rows that repeat the text of an earlier row: {count}. They stay, always on the same side of the split.",
        ),
        _rows_problem(
            "contradiction",
            disagreeing,
            "Rows with the same text as another row but a different label: {count}. Decide which label is right.",
        ),
    ]
    labels = Counter(kept["label"])
    problems += [_blocking_problem(labels, kept), _single_row_problem(labels, kept)]
    return Report(
        len(rows),
        columns,
        dict(labels.most_common()),
        _found(problems),
        kept.reset_index(drop=True),
        frame[no_text | no_label],
    )


def _check_sentences(rows: pd.DataFrame, columns: dict[str, str]) -> Report:
    frame = pd.DataFrame(
        {
            "row": rows.index,
            "words": [_as_list(cell) for cell in rows[columns["words"]]],
            "tags": [_as_list(cell) for cell in rows[columns["tags"]]],
        }
    )
    sizes = pd.DataFrame({"row": frame["row"], "words": frame["words"].map(len), "tags": frame["tags"].map(len)})
    unequal = sizes[sizes["words"] != sizes["tags"]]
    empty = sizes[(sizes["words"] == 0) & (sizes["tags"] == 0)]
    kept = frame[(sizes["words"] == sizes["tags"]) & (sizes["words"] > 0)]
    illegal = kept[[not _is_legal(tags) for tags in kept["tags"]]]
    problems = [
        _rows_problem("empty_text", empty, "Sentences without words: {count}. They were left out."),
        _unequal_problem(unequal),
        _rows_problem(
            "illegal_transition",
            illegal,
            "Sentences with an I- tag that continues no entity (expected B- first): {count}. They stay as they are; scores count such a tag as a beginning.",
        ),
    ]
    labels = Counter(tag for tags in kept["tags"] for tag in tags)
    problems.append(_blocking_problem(labels, kept))
    return Report(
        len(rows),
        columns,
        dict(labels.most_common()),
        _found(problems),
        kept.reset_index(drop=True),
        frame[~frame.index.isin(kept.index)],
    )


CHECKS: dict[str, Callable[[pd.DataFrame, dict[str, str]], Report]] = {
    "sequence_classification": _check_texts,
    "token_classification": _check_sentences,
}


def _unequal_problem(sizes: pd.DataFrame) -> Problem | None:
    """Rows with `row`, number of `words` and of `tags` that differ; the first one is named in the sentence."""
    if sizes.empty:
        return None
    first = {name: int(value) for name, value in sizes.iloc[0].items()}
    template = mark("Row {row}: {words} words but {tags} tags (rows like this: {count}). Give one tag per word.")
    return _rows_problem("unequal_lengths", sizes, template, severity="error", **first)


def _blocking_problem(labels: Counter, kept: pd.DataFrame) -> Problem | None:
    """What makes training pointless: too few rows, one label only, or as many labels as rows."""
    if len(kept) < MIN_ROWS:
        template = mark(
            "Rows that can be used: {count}. At least 4 are needed, some to learn from and some to measure with."
        )
        return Problem("too_few_rows", "error", tuple(map(int, kept["row"])), template)
    if len(labels) == 1:
        template = mark(
            "Every row has the label “{label}”. There is nothing to tell apart: add rows of another label, or choose another label column."
        )
        return _rows_problem("one_class", kept, template, severity="error", label=next(iter(labels)))
    if len(labels) > MAX_LABELS:
        template = mark(
            "Found {labels} different labels in {count} rows. Is this the label column? At most {limit} can be told apart."
        )
        return _rows_problem("too_many_labels", kept, template, severity="error", labels=len(labels), limit=MAX_LABELS)
    return None


def _single_row_problem(labels: Counter, kept: pd.DataFrame) -> Problem | None:
    single = kept[kept["label"].isin([label for label, count in labels.items() if count == 1])]
    names = ", ".join(f"“{label}”" for label in single["label"][:5])
    template = mark(
        "Labels with one row only: {count} ({names}). The row is learnt from, but nothing can be measured on it: add rows or merge labels."
    )
    return _rows_problem("single_row_class", single, template, names=names) if len(labels) <= MAX_LABELS else None


def _rows_problem(
    kind: str, rows: pd.DataFrame, template: str, severity: str = "warning", **values: object
) -> Problem | None:
    return Problem(kind, severity, tuple(map(int, rows["row"])), template, values) if len(rows) else None


def _found(problems: Iterable[Problem | None]) -> tuple[Problem, ...]:
    return tuple(sorted((problem for problem in problems if problem), key=lambda problem: problem.severity))


def _clean(cell: object) -> str:
    """Text without blanks around it and without control characters; a missing value is empty, 1.0 is 1."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return CONTROL.sub("", str(cell)).strip()


def _as_list(cell: object) -> list[str]:
    return [CONTROL.sub("", str(item)).strip() or "\u25a1" for item in cell] if isinstance(cell, list | tuple) else []


def _is_legal(tags: list[str]) -> bool:
    """BIO: an I-X follows B-X or I-X."""
    return all(
        not tag.startswith("I-") or (before[:2] in ("B-", "I-") and before[2:] == tag[2:])
        for before, tag in zip(["O", *tags], tags, strict=False)
    )
