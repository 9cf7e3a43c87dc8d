"""All that a run was measured with as a list: right and wrong ones, those of one cell of the confusion matrix, those that hold a text"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlmtune_core import metrics
from mlmtune_core.data.cells import shorten
from mlmtune_core.data.columns import ASKED
from mlmtune_core.run_shelf import open_run
from mlmtune_core.run_store import Run
from mlmtune_core.tasks import TASKS

SHOWN = 500
TEXT_SIGNS = 600
KEPT_LISTS = 4


@dataclass(frozen=True)
class Measured:
    """One example that was measured with, what is `true` of it and what the best model `said`, in the task's terms; `texts` by role.

    `far`: how far a number is off; 0 for all else. `searched`: its texts, folded for the search. `example`: as its task has it.
    `words`: where each has its label.
    """

    row: int
    texts: dict[str, Any]
    true: Any
    said: Any
    right: bool
    far: float
    searched: str
    example: Any
    words: tuple[str, ...] = ()


def read_measured(run: Run, split: str) -> list[Measured]:
    """All examples of a split with their answers, in their order. Raises RunError before a model is kept."""
    return _read(run.folder, split, run.predictions_changed(split))


def list_examples(name: str, split: str = "validation", which: str = "wrong", true: str | None = None, said: str | None = None, text: str = "") -> dict[str, Any]:  # fmt: skip
    """Of run `name`: how many were `found`, `of` how many, and the first SHOWN of them as `rows` with `row`, the texts, `true` and `predicted`.

    `which`: wrong, right or all. `true`, `said`: one cell of the confusion matrix, or a row or a column of it where the other is None;
    where every word has a label, `rows` are then words, each with its `word`. `text`: what they hold, in upper or lower case.
    Numbers: farthest off first.
    """
    run = open_run(name)
    measured, task = read_measured(run, split), TASKS[run.config().task]
    wanted = fold(text)
    holding = [one for one in measured if wanted in one.searched]
    if task.LABELS_ARE == "one per token" and (true, said) != (None, None):
        rows, of = _list_words(holding, which, true, said), sum(len(one.true) for one in measured)
        return {"found": len(rows), "of": of, "rows": rows[:SHOWN]}
    found = [one for one in holding if _fits(one.right, which) and true in (None, one.true) and said in (None, one.said)]
    found.sort(key=lambda one: -one.far)
    return {"found": len(found), "of": len(measured), "rows": [show_measured(one, task.LABELS_ARE) for one in found[:SHOWN]]}


def read_texts(row: Mapping[str, Any]) -> dict[str, str]:
    """role -> text of all that a model reads of a row; words as one text."""
    return {role: row[role] if isinstance(row[role], str) else " ".join(map(str, row[role])) for role in ASKED if role in row}


def fold(text: str) -> str:
    """As texts are compared: composed, without upper case, any blanks as one."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@lru_cache(maxsize=KEPT_LISTS)
def _read(folder: Path, split: str, _changed: int) -> list[Measured]:
    run = Run(folder)
    task, frame, said = TASKS[run.config().task], run.data(), run.predictions(split)
    rows = frame[frame["split"] == split].to_dict("records")
    found = []
    for row, example, answer in zip(rows, task.to_examples(rows), said, strict=True):
        true = task.find_truth(example)
        texts = read_texts(row)
        far = abs(true - answer) if task.LABELS_ARE == "one number" else 0.0
        searched = fold(" \n ".join(texts.values()))
        found.append(Measured(int(row["row"]), texts, true, answer, _is_right(task.LABELS_ARE, true, answer), far, searched, example, tuple(map(str, row.get("words", ())))))
    return found


def _is_right(labels_are: str, true: Any, said: Any) -> bool:
    return metrics.find_answer_kind(true, said) == "right" if labels_are == "one span" else said == true


def _fits(right: bool, which: str) -> bool:
    return which == "all" or right == (which == "right")


def _list_words(measured: Sequence[Measured], which: str, true: str | None, said: str | None) -> list[dict[str, Any]]:
    """The words with such tags, each in its sentence."""
    return [
        {"row": one.row, "word": word, "words": shorten(one.texts["words"], TEXT_SIGNS), "true": tag, "predicted": guess}
        for one in measured
        for word, tag, guess in zip(one.words, one.true, one.said, strict=True)
        if true in (None, tag) and said in (None, guess) and _fits(tag == guess, which)
    ]


def show_measured(one: Measured, labels_are: str) -> dict[str, Any]:
    """As a row of a table: tags beside their words, those outside of any entity left out; several answers to one question set apart by bars."""
    texts = {role: shorten(text, TEXT_SIGNS) for role, text in one.texts.items()}
    true, said = ([f"{word} {tag}" for word, tag in zip(one.words, tags, strict=True) if tag != "O"] or ["–"] for tags in (one.true, one.said)) if one.words else (one.true, one.said)  # fmt: skip
    between = {"one span": " | ", "one per token": " · "}.get(labels_are, ", ")
    return {"row": one.row, **texts, "true": _answer(true, between), "predicted": _answer(said, between)}


def _answer(answer: Any, between: str) -> Any:
    return answer if isinstance(answer, float) else shorten(answer if isinstance(answer, str) else between.join(answer), TEXT_SIGNS)
