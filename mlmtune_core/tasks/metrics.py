"""Metrics over whole validation sets: accuracy, F1, correlation, ..."""

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from seqeval.metrics.sequence_labeling import get_entities

PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}¿¡“”‘’«»…–—]")


def classification(true: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """accuracy, and F1 averaged over the classes that occur (macro)."""
    rows = by_class(true, predicted, sorted({*true, *predicted}))
    return {
        "accuracy": float(np.mean([one == other for one, other in zip(true, predicted, strict=True)])),
        "macro_f1": float(np.mean([row["f1"] for row in rows])),
    }


def several_labels(true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, float]:
    """accuracy (the share of texts with exactly the right set), and F1 over all labels (micro) and averaged (macro)."""
    right = [set(one) == set(other) for one, other in zip(true, predicted, strict=True)]
    rows = by_label(true, predicted, sorted({name for labels in [*true, *predicted] for name in labels}))
    return {
        "accuracy": float(np.mean(right)),
        "micro_f1": _class_row("", _placed(true), _placed(predicted))["f1"],
        "macro_f1": float(np.mean([row["f1"] for row in rows])) if rows else 1.0,
    }


def entities(true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, float]:
    """Entity precision, recall, F1 (micro, exact spans, as CoNLL-2003 scores them) and token accuracy.

    Tags without a B- or I- count as spans of one word.
    """
    want, got = _placed_entities(true), _placed_entities(predicted)
    scores, hits, both = _class_row("", want, got), len(want & got), len(want) + len(got)
    alike = [one == other for tags, said in zip(true, predicted, strict=True) for one, other in zip(tags, said, strict=True)]
    return {
        "entity_f1": 2 * hits / both if both else 0.0,
        "entity_precision": scores["precision"],
        "entity_recall": scores["recall"],
        "token_accuracy": float(np.mean(alike)),
    }


def regression(true: Sequence[float], predicted: Sequence[float]) -> dict[str, float]:
    """Pearson's and Spearman's correlation (0 where one side is constant), and the root of the mean squared error."""
    one, other = np.asarray(true, dtype=float), np.asarray(predicted, dtype=float)
    return {
        "pearson": _correlate(one, other),
        "spearman": _correlate(_rank(one), _rank(other)),
        "rmse": float(np.sqrt(np.mean((one - other) ** 2))),
    }


def answers(true: Sequence[Sequence[str]], predicted: Sequence[str]) -> dict[str, float]:
    """F1 over words and exact match, each the best over the accepted answers (Rajpurkar et al. 2016, 2018).

    No accepted answer means that the context holds none: then only an empty prediction is right.
    """
    pairs = list(zip(true, predicted, strict=True))
    return {
        "answer_f1": float(np.mean([max(_word_f1(answer, said) for answer in accepted or [""]) for accepted, said in pairs])),
        "exact_match": float(
            np.mean([any(_normal(answer) == _normal(said) for answer in accepted or [""]) for accepted, said in pairs])
        ),
    }  # fmt: skip


def by_class(true: Sequence[str], predicted: Sequence[str], names: Sequence[str]) -> list[dict[str, Any]]:
    """Per class: precision, recall, F1 and how often it is true."""
    return by_label([[label] for label in true], [[label] for label in predicted], names)


def by_label(
    true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], names: Sequence[str]
) -> list[dict[str, Any]]:
    """As `by_class`, where a text may have several labels."""
    return _by_kind(_placed(true), _placed(predicted), names)


def by_entity(true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """As `by_class`, for whole entities of each type."""
    want, got = _placed_entities(true), _placed_entities(predicted)
    return _by_kind(want, got, sorted({span[0] for span in want | got}))


def find_entities(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """Returns (type, first word, last word) of every entity of a sentence, as CoNLL-2003 reads tags; a tag without B- or I- is an entity of one word."""
    return get_entities(_as_spans([tags])[0])


def find_answer_kind(accepted: Sequence[str], said: str) -> str:
    """Returns `right` as exact match has it, or else `declined` (there is an answer, none was given), `answered` (there is none, one was
    given), `overlapping` (shares words with an accepted answer) or `elsewhere`.
    """
    if any(_normal(answer) == _normal(said) for answer in accepted or [""]):
        return "right"
    if not said or not accepted:
        return "answered" if said else "declined"
    return "overlapping" if any(_word_f1(answer, said) > 0 for answer in accepted) else "elsewhere"


def confusion(true: Sequence[str], predicted: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """`labels`, and `counts`: a row per true label, a column per predicted one."""
    pairs = Counter(zip(true, predicted, strict=True))
    return {"labels": list(names), "counts": [[pairs[one, other] for other in names] for one in names]}


def _by_kind(want: set[tuple], got: set[tuple], names: Sequence[str]) -> list[dict[str, Any]]:
    """Returns a row per name, over items whose first part is the name."""
    by_name: dict[str, tuple[set[tuple], set[tuple]]] = {name: (set(), set()) for name in names}
    for side, things in enumerate((want, got)):
        for thing in things:
            if thing[0] in by_name:
                by_name[thing[0]][side].add(thing)
    return [_class_row(name, *by_name[name]) for name in names]


def _class_row(name: str, want: set[tuple], got: set[tuple]) -> dict[str, Any]:
    """Precision, recall and F1 of the predicted items (`got`) against the true ones (`want`)."""
    hits, both = len(want & got), len(want) + len(got)
    return {
        "label": name,
        "precision": hits / len(got) if got else 0.0,
        "recall": hits / len(want) if want else 0.0,
        "f1": 2 * hits / both if both else 1.0,
        "support": len(want),
    }


def _placed(rows: Sequence[Sequence[str]]) -> set[tuple[str, int]]:
    """Returns labels with the index of their text."""
    return {(label, i) for i, labels in enumerate(rows) for label in labels}


def _placed_entities(sentences: Sequence[Sequence[str]]) -> set[tuple[str, int, int, int]]:
    """Returns (type, index of its sentence, first word, last word)."""
    return {(kind, i, first, last) for i, tags in enumerate(sentences) for kind, first, last in find_entities(tags)}


def _as_spans(sentences: Sequence[Sequence[str]]) -> list[list[str]]:
    return [[tag if tag == "O" or tag[:2] in ("B-", "I-") else f"B-{tag}" for tag in tags] for tags in sentences]


def _correlate(one: np.ndarray, other: np.ndarray) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size > 1e-12 else 0.0


def _rank(values: np.ndarray) -> np.ndarray:
    """Returns ranks; equal values share their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[place]


def _normal(answer: str) -> str:
    """Lower-cases, removes punctuation, English articles and repeated blanks, as SQuAD's own script does."""
    return " ".join(word for word in PUNCTUATION.sub("", answer.lower()).split() if word not in ("a", "an", "the"))


def _word_f1(answer: str, said: str) -> float:
    one, other = _normal(answer).split(), _normal(said).split()
    if not one or not other:
        return float(one == other)
    shared = sum((Counter(one) & Counter(other)).values())
    return 2 * shared / (len(one) + len(other))
