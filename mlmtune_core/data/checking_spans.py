"""Checks for tasks whose answers have positions: a tag per word, a span of a context."""

from collections import Counter
from typing import Any

import pandas as pd

from mlmtune_core.data.readers.cells import CONTROL, to_list
from mlmtune_core.data.report import Problem, Report, rows_problem, sort_problems
from mlmtune_core.data.tag_schemes import SCHEME_NOTES, find_scheme, is_legal, to_bio
from mlmtune_core.language import mark

MAX_TAGS = 100


def check_sentences(rows: pd.DataFrame, columns: dict[str, str], several: bool | None) -> Report:
    """Checks sentences of words with one tag each. Converts tags of any scheme to BIO."""
    frame = pd.DataFrame(
        {
            "row": rows.index,
            "words": [to_list(cell) for cell in rows[columns["words"]]],
            "tags": [to_list(cell) for cell in rows[columns["tags"]]],
        }
    )
    sizes = pd.DataFrame({"row": frame["row"], "words": frame["words"].map(len), "tags": frame["tags"].map(len)})
    unequal = sizes[sizes["words"] != sizes["tags"]]
    empty = sizes[(sizes["words"] == 0) & (sizes["tags"] == 0)]
    kept = frame[(sizes["words"] == sizes["tags"]) & (sizes["words"] > 0)]
    scheme = find_scheme(kept["tags"].tolist())
    if scheme in SCHEME_NOTES:
        kept = kept.assign(tags=pd.Series([to_bio(tags, scheme) for tags in kept["tags"]], index=kept.index, dtype=object))
    labels = Counter(tag for tags in kept["tags"] for tag in tags)
    types = ", ".join(sorted({tag[2:] for tag in labels if tag != "O"})[:8])
    problems = [
        rows_problem("empty_text", empty, "Sentences without words: {count}. They were left out."),
        _unequal_problem(unequal),
        Problem("scheme", "note", (), SCHEME_NOTES[scheme], {"types": types}) if scheme in SCHEME_NOTES else None,
        rows_problem(
            "illegal_transition",
            kept[[not is_legal(tags) for tags in kept["tags"]]],
            "Sentences with an I- tag that continues no entity (expected B- first): {count}. They stay as they are; scores count such a tag as a beginning.",
        ),
        _tag_problem(labels, kept),
    ]
    dropped = frame[~frame.index.isin(kept.index)]
    return Report(len(rows), columns, dict(labels.most_common()), sort_problems(problems), kept.reset_index(drop=True), dropped)  # fmt: skip


def check_questions(rows: pd.DataFrame, columns: dict[str, str], several: bool | None) -> Report:
    """Checks questions with a context and accepted answers. Each answer must occur in the context, at its position if one is given."""
    starts = rows["answer_start"] if "answer_start" in rows else pd.Series([None] * len(rows), index=rows.index)
    records = []
    faults: dict[str, list[int]] = {"repaired": [], "dropped_answer": [], "repeated": []}  # kind -> row of each answer
    for row, question, context, cell, start in zip(rows.index, rows[columns["question"]], rows[columns["context"]], rows[columns["answer"]], starts, strict=True):  # fmt: skip
        text = _to_text(context)
        given = _given_answers(cell, start)
        placed = [_locate(text, answer, at) for answer, at in given]
        for kind in faults:
            faults[kind] += [row] * sum(outcome == kind for _, outcome in placed)
        found = [(answer, at) for (answer, _), (at, _) in zip(given, placed, strict=True) if at is not None]
        records.append(
            {
                "row": row,
                "question": _to_text(question),
                "context": text,
                "answer": [answer for answer, _ in found],
                "answer_start": [at for _, at in found],
                "lost": bool(given) and not found,
            }
        )
    frame = pd.DataFrame(records, columns=["row", "question", "context", "answer", "answer_start", "lost"])
    empty = (frame["question"].str.strip() == "") | (frame["context"].str.strip() == "")
    lost = frame["lost"].astype(bool) & ~empty
    kept = frame[~empty & ~lost].drop(columns="lost")
    answered = int(kept["answer"].map(bool).sum())
    problems = [
        rows_problem("empty_text", frame[empty], "Rows without question or context: {count}. They were left out."),
        rows_problem("answer_not_found", frame[lost], "Questions none of whose answers stands in the context: {count}. They were left out: copy the answer from there letter by letter."),
        _answer_problem("repaired", frame, faults, mark("Answers at a wrong position: {answers}. Their text occurs once in the context, so the position was repaired.")),
        _answer_problem("dropped_answer", frame, faults, mark("Answers whose text is not at the position given, and not just once elsewhere: {answers}. These answers were left out.")),
        _answer_problem("repeated", frame, faults, mark("Answers without a position whose text occurs more than once in the context: {answers}. The first place was taken.")),
    ]  # fmt: skip
    if len(kept) and not answered:
        sentence = mark("No question has an answer in its context. Is “{column}” the column of the answers?")
        problems.append(rows_problem("no_answers", kept, sentence, severity="error", column=columns["answer"]))
    labels = {name: count for name, count in (("answerable", answered), ("no answer", len(kept) - answered)) if count}
    return Report(len(rows), columns, labels, sort_problems(problems), kept.reset_index(drop=True), frame[empty | lost].drop(columns="lost"))  # fmt: skip


def _answer_problem(kind: str, frame: pd.DataFrame, faults: dict[str, list[int]], template: str) -> Problem | None:
    affected = frame[frame["row"].isin(faults[kind])]
    return rows_problem(kind, affected, template, answers=len(faults[kind]))


def _to_text(cell: object) -> str:
    """Returns the text of a cell with every character at its position: control characters become blanks, nothing is stripped."""
    return CONTROL.sub(" ", cell) if isinstance(cell, str) else "" if cell is None or cell != cell else str(cell)


def _given_answers(cell: Any, start: Any) -> list[tuple[str, int | None]]:
    """Returns (text, position or None) of each answer. cell: a text, a list of texts, or SQuAD's {text, answer_start}."""
    if isinstance(cell, dict):
        cell, start = cell.get("text", []), cell.get("answer_start", start)
    cells = cell if isinstance(cell, list | tuple) else [cell]
    texts = [_to_text(text.get("text") if isinstance(text, dict) else text) for text in cells]
    starts = start if isinstance(start, list | tuple) else [start]
    starts = list(starts) + [None] * (len(texts) - len(starts))
    return [(text.strip() if at is None else text, _to_position(at)) for text, at in zip(texts, starts, strict=False) if text.strip()]  # fmt: skip


def _to_position(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _locate(context: str, answer: str, at: int | None) -> tuple[int | None, str]:
    """Returns (position or None, outcome): the given position if it is right, else where the answer occurs, if it occurs once.

    outcome: right, repaired, repeated (no position was given and the first of several places was taken) or dropped_answer.
    """
    if at is not None and at >= 0 and context[at : at + len(answer)] == answer:
        return at, "right"
    count = context.count(answer)
    if at is None:
        return (context.find(answer), "right" if count == 1 else "repeated") if count else (None, "dropped_answer")
    return (context.find(answer), "repaired") if count == 1 else (None, "dropped_answer")


def _unequal_problem(sizes: pd.DataFrame) -> Problem | None:
    """Returns a problem that names the first of the sentences with unequal numbers of words and tags.

    sizes: columns `row`, `words` and `tags` (numbers).
    """
    if sizes.empty:
        return None
    first = {str(name): int(value) for name, value in sizes.iloc[0].items()}
    template = mark("Row {row}: {words} words but {tags} tags (rows like this: {count}). Give one tag per word.")
    return rows_problem("unequal_lengths", sizes, template, severity="error", **first)


def _tag_problem(labels: Counter[str], kept: pd.DataFrame) -> Problem | None:
    if len(labels) == 1:
        sentence = mark("Every word has the tag “{label}”. There is nothing to tell apart: choose another column of tags.")  # fmt: skip
        return rows_problem("one_class", kept, sentence, severity="error", label=next(iter(labels)))
    if len(labels) > MAX_TAGS:
        sentence = mark("Found {labels} different tags in {count} sentences. Is this the column of the tags? At most {limit} can be told apart.")  # fmt: skip
        return rows_problem("too_many_labels", kept, sentence, severity="error", labels=len(labels), limit=MAX_TAGS)
    return None
