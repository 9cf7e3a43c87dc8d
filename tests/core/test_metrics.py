"""Scores, against what scikit-learn says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from mlmtune_core.tasks import metrics

PAIRS = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), min_size=1, max_size=40)


@given(PAIRS)
def test_accuracy_and_macro_f1_are_scikit_learns(pairs):
    """Classes that only one of both sides names count, too."""
    true, predicted = map(list, zip(*pairs, strict=True))
    assert metrics.classification(true, predicted) == pytest.approx(
        {
            "accuracy": accuracy_score(true, predicted),
            "macro_f1": f1_score(true, predicted, average="macro", zero_division=0),
        }
    )


@given(PAIRS)
def test_the_table_of_classes_is_scikit_learns(pairs):
    """A row for each name asked for, in that order; one that occurs nowhere has nothing wrong with it."""
    true, predicted = map(list, zip(*pairs, strict=True))
    names = sorted({*true, *predicted})
    rows = metrics.by_class(true, predicted, names)
    wanted = precision_recall_fscore_support(true, predicted, labels=names, zero_division=0)
    assert [row["label"] for row in rows] == names
    for column, figures in zip(("precision", "recall", "f1", "support"), wanted, strict=True):
        assert [row[column] for row in rows] == pytest.approx(list(figures))
    (nowhere,) = metrics.by_class(true, predicted, ["z"])
    assert (nowhere["f1"], nowhere["support"]) == (1.0, 0)
