"""Checks the rows of a file before training: keeps the usable ones, reports every problem with its rows."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pandas as pd

from mlmtune_core.data.checking_spans import check_questions, check_sentences
from mlmtune_core.data.readers.cells import (
    clean_label,
    clean_text,
    find_separator,
    has_control_characters,
    to_labels,
    to_number,
)
from mlmtune_core.data.readers.headers import SPLIT_WORDS, simplify
from mlmtune_core.data.report import Problem, Report, rows_problem, sort_problems
from mlmtune_core.data.screening import find_near_duplicates, find_unusual_texts, normalize_text
from mlmtune_core.errors import DataError
from mlmtune_core.language import mark

MIN_ROWS = 4
MAX_LABELS = 100
IMBALANCE = 0.8
MAX_LEAKAGE_EXAMPLES = 50_000
CONTRADICTIONS = {
    "label": mark("Rows with the same text as another row but a different label: {count}. Decide which label is right."),
    "score": mark("Rows with the same text as another row but a different score: {count}. They stay; their mean is the best that can be learnt."),
}  # fmt: skip
REPEATED = mark("Rows that repeat the text of an earlier row: {count}. They stay, always on the same side of the split.")


def check(rows: pd.DataFrame, task: str, columns: dict[str, str], several: bool | None = None) -> Report:
    """Checks the rows of a file for a task and returns a report. Every dropped row is counted in a problem.

    columns: role -> column. several: whether a cell may hold several labels (None: detect).
    """
    report = CHECKS[task](rows, columns, several)
    examples, problems = report.examples, [*report.problems, *_check_split(rows, columns, report)]
    if "split" in columns:
        examples = examples.assign(split=[_to_split(rows.at[row, columns["split"]]) for row in examples["row"]])
        problems.append(check_leakage(examples))
    if len(examples) < MIN_ROWS:
        sentence = mark("Rows that can be used: {count}. At least 4 are needed, some to learn from and some to measure with.")  # fmt: skip
        problems.append(Problem("too_few_rows", "error", tuple(map(int, examples["row"])), sentence))
    return Report(report.rows_read, columns, report.labels, sort_problems(problems), examples, report.dropped)


def require_no_errors(report: Report) -> Report:
    """Returns the report unchanged. Raises DataError if it has errors, with the first one."""
    if report.errors:
        first = report.errors[0]
        raise DataError(first.template, **{"count": first.count, **first.values})
    return report


def input_texts(examples: pd.DataFrame) -> list[str]:
    """Returns the whole input of each example as one text, for finding duplicates."""
    if "words" in examples:
        return [" ".join(words) for words in examples["words"]]
    if "context" in examples:
        return [f"{question} {context}" for question, context in zip(examples["question"], examples["context"], strict=True)]  # fmt: skip
    if "second_text" in examples:
        return [f"{one} {other}" for one, other in zip(examples["text"], examples["second_text"], strict=True)]
    return examples["text"].tolist()


def check_leakage(examples: pd.DataFrame) -> Problem | None:
    """Returns a problem if validation or test texts equal or nearly equal training texts, else None. Skips large files."""
    train, others = examples[examples["split"] == "train"], examples[examples["split"] != "train"]
    if not len(others) or not len(train) or len(examples) > MAX_LEAKAGE_EXAMPLES:
        return None
    shared = others.iloc[find_near_duplicates(input_texts(train), input_texts(others))]
    sentence = mark(
        "Rows to measure with whose text is learnt from too, word by word or nearly: {count} of {others}. Scores on them are too good to be true."
    )
    return rows_problem("shared_rows", shared, sentence, others=len(others))


def _check_labelled(rows: pd.DataFrame, columns: dict[str, str], several: bool | None) -> Report:
    """Checks one or two texts with a label, or with several labels."""
    texts = _text_roles(columns)
    frame = pd.DataFrame({"row": rows.index} | {role: list(map(clean_text, rows[columns[role]])) for role in texts})
    cells, separator = rows[columns["label"]], None
    has_lists = any(isinstance(cell, list) for cell in cells.head(500))
    if several is None and "second_text" not in columns:
        separator = None if has_lists else find_separator(cells.head(2000))
        several = has_lists or separator is not None
    elif several:
        separator = find_separator(cells.head(2000)) or "|"
    notes: list[Problem | None] = []
    labels: pd.Series[Any]
    if several:
        labels = pd.Series([to_labels(cell, separator) for cell in cells], dtype=object)
        no_label = cells.reset_index(drop=True).map(lambda cell: not isinstance(cell, list) and not clean_label(cell))
        sentence = mark("A row may have several labels; each is judged by itself.")
        notes = [Problem("several_labels", "note", (), sentence)]
    else:
        labels = pd.Series(list(map(clean_label, cells)), dtype=object)
        no_label = labels == ""
    frame["label"] = labels
    no_text = pd.concat([frame[role] == "" for role in texts], axis=1).any(axis=1)
    kept = frame[~no_text & ~no_label.astype(bool)]
    counts = Counter(label for cell in kept["label"] for label in (cell if several else [cell]))
    problems = [
        *_input_problems(rows, columns, frame, texts, no_text),
        rows_problem("missing_label", frame[no_label.astype(bool) & ~no_text], "Rows without label (empty, “-”, “?” or N/A): {count}. They were left out."),
        *_repeated_problems(kept, texts),
        *_label_problems(counts, kept, bool(several)),
        *notes,
    ]  # fmt: skip
    dropped = frame[no_text | no_label.astype(bool)]
    return Report(len(rows), columns, dict(counts.most_common()), sort_problems(problems), kept.reset_index(drop=True), dropped)  # fmt: skip


def _check_scored(rows: pd.DataFrame, columns: dict[str, str], several: bool | None) -> Report:
    """Checks one or two texts with a number."""
    texts = _text_roles(columns)
    frame = pd.DataFrame({"row": rows.index} | {role: list(map(clean_text, rows[columns[role]])) for role in texts})
    frame["score"] = pd.Series([to_number(cell) for cell in rows[columns["score"]]], dtype=object)
    no_text = pd.concat([frame[role] == "" for role in texts], axis=1).any(axis=1)
    no_number = frame["score"].isna()
    kept = frame[~no_text & ~no_number].assign(score=lambda rows: rows["score"].astype(float))
    problems = [
        *_input_problems(rows, columns, frame, texts, no_text),
        rows_problem("not_a_number", frame[no_number & ~no_text], "Rows whose score is no number: {count}. They were left out."),
        *_repeated_problems(kept, texts),
    ]  # fmt: skip
    if len(kept) and kept["score"].nunique() == 1:
        sentence = mark("Every row has the score {score}. There is nothing to learn: choose another column.")
        problems.append(rows_problem("one_score", kept, sentence, severity="error", score=float(kept["score"].iloc[0])))
    dropped = frame[no_text | no_number].astype({"score": object})
    return Report(len(rows), columns, {}, sort_problems(problems), kept.reset_index(drop=True), dropped)


def _check_plain(rows: pd.DataFrame, columns: dict[str, str], several: bool | None) -> Report:
    """Checks texts without answers."""
    frame = pd.DataFrame({"row": rows.index, "text": list(map(clean_text, rows[columns["text"]]))})
    no_text = frame["text"] == ""
    kept, keys = frame[~no_text].reset_index(drop=True), frame["text"].map(normalize_text)
    problems = [
        *_input_problems(rows, columns, frame, ["text"], no_text),
        rows_problem("duplicate_text", frame[keys.duplicated() & ~no_text], REPEATED),
    ]
    return Report(len(rows), columns, {}, sort_problems(problems), kept, frame[no_text])


CHECKS: dict[str, Callable[[pd.DataFrame, dict[str, str], bool | None], Report]] = {
    "sequence_classification": _check_labelled,
    "sentence_pair": _check_labelled,
    "token_classification": check_sentences,
    "regression": _check_scored,
    "question_answering": check_questions,
    "masked_words": _check_plain,
}


def _text_roles(columns: dict[str, str]) -> list[str]:
    return [role for role in ("text", "second_text") if role in columns]


def _input_problems(
    rows: pd.DataFrame, columns: dict[str, str], frame: pd.DataFrame, texts: list[str], no_text: "pd.Series[bool]"
) -> list[Problem | None]:
    """Returns problems of the input texts, whatever the task."""
    control = [any(has_control_characters(cell) for cell in cells) for cells in zip(*(rows[columns[role]] for role in texts), strict=True)]  # fmt: skip
    return [
        rows_problem("empty_text", frame[no_text], "Rows without text: {count}. They were left out."),
        rows_problem("control_characters", frame[control], "Rows with control characters, which cannot be seen: {count}. Only those characters were removed."),
        *find_unusual_texts(frame[~no_text], texts),
    ]  # fmt: skip


def _repeated_problems(kept: pd.DataFrame, texts: list[str]) -> list[Problem | None]:
    """Returns problems for duplicate texts, and for equal texts with different answers."""
    answer = "score" if "score" in kept else "label"
    keys = pd.Series(["\t".join(map(normalize_text, cells)) for cells in zip(*(kept[role] for role in texts), strict=True)], index=kept.index, dtype=object)  # fmt: skip
    answers = kept[answer].map(lambda cell: tuple(cell) if isinstance(cell, list) else cell)
    disagreeing = answers.groupby(keys).transform("nunique") > 1 if len(kept) else keys.astype(bool)
    return [
        rows_problem("duplicate_text", kept[keys.duplicated()], REPEATED),
        rows_problem("contradiction", kept[disagreeing], CONTRADICTIONS[answer]),
    ]  # fmt: skip


def _label_problems(counts: Counter[str], kept: pd.DataFrame, several: bool) -> list[Problem | None]:
    """Returns problems of labels: none, only one, too many, with one row only, nearly equal names, imbalance."""
    if not counts and len(kept):
        sentence = mark("No row has a label. Is this the label column?")
        return [rows_problem("no_labels", kept, sentence, severity="error")]
    if len(counts) == 1 and not several:
        sentence = mark("Every row has the label “{label}”. There is nothing to tell apart: add rows of another label, or choose another label column.")  # fmt: skip
        return [rows_problem("one_class", kept, sentence, severity="error", label=next(iter(counts)))]
    if len(counts) > MAX_LABELS:
        sentence = mark("Found {labels} different labels in {count} rows. Is this the label column? At most {limit} can be told apart.")  # fmt: skip
        return [rows_problem("too_many_labels", kept, sentence, severity="error", labels=len(counts), limit=MAX_LABELS)]
    with_label = kept["label"].map(lambda cell: set(cell) if several else {cell})
    rare = {label for label, count in counts.items() if count == 1}
    rare_rows = kept[with_label.map(lambda labels: bool(labels & rare))] if rare else kept[:0]
    problems = [
        rows_problem(
            "single_row_class",
            rare_rows,
            "Labels with one row only: {labels} ({names}). The row is learnt from, but nothing can be measured on it: add rows or merge labels.",
            labels=len(rare),
            names=", ".join(f"“{label}”" for label in sorted(rare)[:5]),
        )
    ]
    alike = _similar_labels(counts)
    if alike:
        variants = {label for group in alike for label in group[1:]}
        sentence = mark("Labels that differ only by case, accents or blanks: {names}. They count as different: make them one.")  # fmt: skip
        names = "; ".join(" / ".join(f"“{label}”" for label in group) for group in alike[:5])
        affected = kept[with_label.map(lambda labels: bool(labels & variants))]
        problems.append(rows_problem("labels_alike", affected, sentence, names=names))
    most, count = counts.most_common(1)[0] if counts else ("", 0)
    if len(counts) > 1 and not several and count > IMBALANCE * len(kept):
        sentence = mark("{share} % of the rows have the label “{label}”: always answering so is right that often. Compare accuracy with that, and look at F1.")  # fmt: skip
        problems.append(Problem("imbalance", "warning", (), sentence, {"share": round(100 * count / len(kept)), "label": most}))  # fmt: skip
    return problems


def _similar_labels(counts: Counter[str]) -> list[list[str]]:
    """Returns groups of labels that differ only by case, accents or blanks, the most frequent first."""
    groups: dict[str, list[str]] = {}
    for label, _ in counts.most_common():
        groups.setdefault(" ".join(simplify(label).split()), []).append(label)
    return [group for group in groups.values() if len(group) > 1]


def _check_split(rows: pd.DataFrame, columns: dict[str, str], report: Report) -> list[Problem | None]:
    """Returns a problem for rows whose split cell names none of train, validation, test."""
    if "split" not in columns:
        return []
    unknown = report.examples[[simplify(rows.at[row, columns["split"]]) not in SPLIT_WORDS for row in report.examples["row"]]]
    sentence = mark("Rows whose split is none of train, validation, test: {count}. They are learnt from.")
    return [rows_problem("unknown_split", unknown, sentence)]


def _to_split(cell: object) -> str:
    return SPLIT_WORDS.get(simplify(cell), "train")
