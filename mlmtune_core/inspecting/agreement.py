"""How often two runs agree on the examples that both were measured with, and which of these only one of them gets right"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from mlmtune_core.comparing import check_comparable
from mlmtune_core.data.columns import ASKED
from mlmtune_core.example_list import SHOWN, Measured, read_measured, read_texts, show_measured
from mlmtune_core.run_shelf import open_run
from mlmtune_core.run_store import Run
from mlmtune_core.tasks import TASKS

Pair = tuple[Measured, Measured]


def compare_measured(name: str, other_name: str, split: str = "validation") -> dict[str, Any]:
    """Of two runs: `scores`, the metrics of each over all that it was measured with itself; `own`, how many these are; `shared`, how many
    both were measured with, and on these `shared_scores`, `agree` (how many were answered alike; of `words`, where every word has a label), `counts`
    of those that are right in `both`, in the `first` or the `second` only, or in `neither`, and `rows`, the first SHOWN of the first two kinds with
    `kind`, `row` (of the first run), the texts, `true`, `first`, `second`. Numbers are never right: the nearer one counts as right, and
    the farthest apart come first. `learnt`: how many of the first run's examples the second learnt from; they are left out.
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
    """Examples with the same texts and the same truth, each taken once, in the order of the first."""
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
    """(words that both tag alike, all words)"""
    alike = [tag == guess for one, other in pairs for tag, guess in zip(one.said, other.said, strict=True)]
    return sum(alike), len(alike)


def _read_keys(run: Run, split: str) -> set[tuple[str, ...]]:
    frame = run.data()
    rows = frame.loc[frame["split"] == split, [role for role in ASKED if role in frame]].to_dict("records")
    return {_key(read_texts(row)) for row in rows}


def _key(texts: dict[str, str]) -> tuple[str, ...]:
    return tuple(texts.values())
