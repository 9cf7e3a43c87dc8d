"""Numbers in, numbers out: scores over whole validation sets."""

import warnings
from collections.abc import Sequence

from seqeval.metrics import f1_score as entity_f1_score
from seqeval.metrics import precision_score as entity_precision_score
from seqeval.metrics import recall_score as entity_recall_score
from sklearn.metrics import accuracy_score, f1_score


def classification(true: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """accuracy, and F1 averaged over the classes that occur (macro)."""
    return {
        "accuracy": float(accuracy_score(true, predicted)),
        "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
    }


def entities(true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, float]:
    """Entity precision, recall, F1 (micro, exact spans, as CoNLL-2003 scores them) and token accuracy.

    Tags without a B- or I- count as spans of one word.
    """
    spans = [[_as_span(tag) for tag in tags] for tags in true], [[_as_span(tag) for tag in tags] for tags in predicted]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval warns on every set without a predicted entity
        scores = {
            "entity_f1": entity_f1_score(*spans, zero_division=0),
            "entity_precision": entity_precision_score(*spans, zero_division=0),
            "entity_recall": entity_recall_score(*spans, zero_division=0),
        }
    flat = [tag for tags in true for tag in tags], [tag for tags in predicted for tag in tags]
    return {name: float(score) for name, score in scores.items()} | {"token_accuracy": float(accuracy_score(*flat))}


def _as_span(tag: str) -> str:
    return tag if tag == "O" or tag[:2] in ("B-", "I-") else f"B-{tag}"
