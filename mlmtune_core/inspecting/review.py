"""Scores of the best model beside the trivial predictor, per class, with the mistakes by kind."""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlmtune_core.data.columns import INPUT_ROLES, to_records
from mlmtune_core.data.readers.cells import truncate
from mlmtune_core.data.subsets import prepare_training_split
from mlmtune_core.runs.kept_weights import read_label_names
from mlmtune_core.runs.results import check_comparable
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS, metrics
from mlmtune_core.tasks.base import Dataset


def review(name: str, split: str = "validation") -> dict[str, Any]:
    """Returns, for run `name`, the number of `examples`, `metrics` and `baseline` by name, and the task's own tables (see `review` in the task modules).

    For the examples themselves see `list_examples`. Raises RunError before a model is kept.
    """
    this = open_run(name)
    config, frame, said = this.config(), this.data(), this.predictions(split)
    task = TASKS[config.task]
    examples = task.to_examples(to_records(frame[frame["split"] == split]))
    learnt = prepare_training_split(frame, config)
    train = task.to_examples(to_records(learnt[learnt["split"] == "train"]))
    predictions = dict(enumerate(said))
    return {
        "examples": len(examples),
        "metrics": task.compute_metrics(predictions, examples),
        "baseline": task.compute_metrics(task.BASELINE(Dataset(train, ()), Dataset(examples, ())), examples),
        **task.review(predictions, examples, read_label_names(this)),
    }


SHOWN = 500
TEXT_SIGNS = 600
KEPT_LISTS = 4


@dataclass(frozen=True)
class Measured:
    """One evaluated example, what is `true` of it and what the best model `said`, in the task's terms; `texts` by role.

    `far`: the error of a number; 0 for all else. `searched`: its texts, folded for the search. `example`: as its task has it.
    `words`: if each has a label.
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
    """Returns all examples of a split with their answers, in order. Raises RunError before a model is kept."""
    return _read(run.folder, split, run.predictions_changed(split))


def list_examples(name: str, split: str = "validation", which: str = "wrong", true: str | None = None, said: str | None = None, text: str = "") -> dict[str, Any]:  # fmt: skip
    """Returns, for run `name`, how many were `found`, `of` how many, and the first SHOWN of them as `rows` with `row`, the texts, `true` and `predicted`.

    `which`: wrong, right or all. `true`, `said`: one cell of the confusion matrix, or a row or column of it if the other is None;
    if every word has a label, `rows` are words, each with its `word`. `text`: what they contain, ignoring case.
    Numbers: the largest error first.
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
    """Returns role -> text of all that a model reads of a row; words as one text."""
    return {role: row[role] if isinstance(row[role], str) else " ".join(map(str, row[role])) for role in INPUT_ROLES if role in row}


def fold(text: str) -> str:
    """Returns a text as it is compared: composed Unicode, case-folded, blanks joined."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


@lru_cache(maxsize=KEPT_LISTS)
def _read(folder: Path, split: str, _changed: int) -> list[Measured]:
    run = Run(folder)
    task, frame, said = TASKS[run.config().task], run.data(), run.predictions(split)
    rows = to_records(frame[frame["split"] == split])
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
    """Returns the words with such tags, each with its sentence."""
    return [
        {"row": one.row, "word": word, "words": truncate(one.texts["words"], TEXT_SIGNS), "true": tag, "predicted": guess}
        for one in measured
        for word, tag, guess in zip(one.words, one.true, one.said, strict=True)
        if true in (None, tag) and said in (None, guess) and _fits(tag == guess, which)
    ]


def show_measured(one: Measured, labels_are: str) -> dict[str, Any]:
    """Returns an example as a row of a table: tags beside their words, without O; several answers to one question separated by bars."""
    texts = {role: truncate(text, TEXT_SIGNS) for role, text in one.texts.items()}
    true, said = ([f"{word} {tag}" for word, tag in zip(one.words, tags, strict=True) if tag != "O"] or ["–"] for tags in (one.true, one.said)) if one.words else (one.true, one.said)  # fmt: skip
    between = {"one span": " | ", "one per token": " · "}.get(labels_are, ", ")
    return {"row": one.row, **texts, "true": _answer(true, between), "predicted": _answer(said, between)}


def _answer(answer: Any, between: str) -> Any:
    return answer if isinstance(answer, float) else truncate(answer if isinstance(answer, str) else between.join(answer), TEXT_SIGNS)


Pair = tuple[Measured, Measured]


def compare_measured(name: str, other_name: str, split: str = "validation") -> dict[str, Any]:
    """Compares two runs. Returns `scores`, the metrics of each over its own evaluated examples; `own`, how many these are; `shared`, how many both
    evaluated, and on these `shared_scores`, `agree` (how many answers are equal; of `words`, if every word has a label), `counts` of
    those that are right in `both`, in the `first` or the `second` only, or in `neither`, and `rows`, the first SHOWN of the first two kinds with
    `kind`, `row` (of the first run), the texts, `true`, `first`, `second`. For numbers the nearer one counts as right, and the farthest
    apart come first. `learnt`: how many of the first run's examples the second was trained on; they are left out.
    """
    runs = open_run(name), open_run(other_name)
    check_comparable(*runs)
    task = TASKS[runs[0].config().task]
    measured = [read_measured(run, split) for run in runs]
    pairs = _match(*measured)
    kinds = [_judge(pair, task.LABELS_ARE) for pair in pairs]
    alike = [one.said == other.said for one, other in pairs]
    learnt = _read_keys(runs[1], "train")
    scores, own = [_score(task, side) for side in measured], [len(side) for side in measured]
    return {
        "scores": scores,
        "own": own,
        "shared": len(pairs),
        "shared_scores": scores if own == [len(pairs)] * 2 else [_score(task, side) for side in zip(*pairs, strict=True)],
        "agree": sum(alike),
        "words": _count_words(pairs) if task.LABELS_ARE == "one per token" else None,
        "counts": {kind: kinds.count(kind) for kind in ("both", "first", "second", "neither")},
        "rows": _list(pairs, kinds, task.LABELS_ARE),
        "learnt": sum(_key(one.texts) in learnt for one in measured[0]),
    }


def _match(one: Sequence[Measured], other: Sequence[Measured]) -> list[Pair]:
    """Returns examples with the same texts and the same truth, each taken once, in the order of the first."""
    free = defaultdict[tuple[str, ...], list[Measured]](list)
    for each in reversed(other):
        free[(*_key(each.texts), repr(each.true))].append(each)
    pairs = []
    for each in one:
        found = free[(*_key(each.texts), repr(each.true))]
        if found:
            pairs.append((each, found.pop()))
    return pairs


def _judge(pair: Pair, labels_are: str) -> str:
    one, other = pair
    if labels_are == "one number":
        return "first" if one.far < other.far else "second" if other.far < one.far else "both"
    return {(True, True): "both", (True, False): "first", (False, True): "second", (False, False): "neither"}[one.right, other.right]


def _list(pairs: Sequence[Pair], kinds: Sequence[str], labels_are: str) -> list[dict[str, Any]]:
    apart = [(kind, *pair) for kind, pair in zip(kinds, pairs, strict=True) if kind in ("first", "second")]
    if labels_are == "one number":
        apart.sort(key=lambda each: -abs(each[1].said - each[2].said))
    rows, count = [], {"first": 0, "second": 0}
    for kind, one, other in apart:
        count[kind] += 1
        if count[kind] <= SHOWN:
            shown = show_measured(one, labels_are)
            rows.append(shown | {"kind": kind, "first": shown.pop("predicted"), "second": show_measured(other, labels_are)["predicted"]})
    return rows


def _score(task: Any, measured: Sequence[Measured]) -> dict[str, float]:
    return task.compute_metrics({i: each.said for i, each in enumerate(measured)}, [each.example for each in measured])


def _count_words(pairs: Sequence[Pair]) -> tuple[int, int]:
    """Returns (words that both tag alike, all words)."""
    alike = [tag == guess for one, other in pairs for tag, guess in zip(one.said, other.said, strict=True)]
    return sum(alike), len(alike)


def _read_keys(run: Run, split: str) -> set[tuple[str, ...]]:
    frame = run.data()
    rows = to_records(frame.loc[frame["split"] == split, [role for role in INPUT_ROLES if role in frame]])
    return {_key(read_texts(row)) for row in rows}


def _key(texts: dict[str, str]) -> tuple[str, ...]:
    return tuple(texts.values())
