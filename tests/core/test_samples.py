"""The bundled samples: written by hand, varied, balanced, no near-duplicates."""

import re
from collections import Counter

import pytest

from mlmtune_core.data import checking, columns
from mlmtune_core.data.reading import read_file
from mlmtune_core.data_store import SAMPLES, SAMPLES_FOLDER

LABELS = {"sample-sentiment-en": {"positive", "negative"}, "sample-sentiment-pt": {"positivo", "negativo"}}


def report(sample):
    rows = read_file(SAMPLES_FOLDER / sample.file).rows
    return checking.check(rows, sample.task, columns.choose(rows, sample.task, {}))


def texts_of(found):
    return (
        list(found.examples["text"])
        if "text" in found.examples
        else [" ".join(words) for words in found.examples["words"]]
    )


def words_of(text):
    return re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_enough_sound_and_balanced(sample):
    found = report(sample)
    assert found.rows_kept == found.rows_read >= 240 and not found.problems
    if sample.task == "sequence_classification":
        assert set(found.labels) == LABELS[sample.id]
        assert max(found.labels.values()) <= 1.1 * min(found.labels.values())
    else:
        assert set(found.labels) == {"O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"}
        begun = [found.labels[f"B-{kind}"] for kind in ("PER", "ORG", "LOC")]
        assert min(begun) >= 120 and max(begun) <= 1.6 * min(begun)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_no_near_duplicates_and_varied_beginnings(sample):
    texts = texts_of(report(sample))
    seen: dict[tuple[str, ...], int] = {}
    for i, text in enumerate(texts):
        words = words_of(text)
        for grams in {tuple(words[k : k + 5]) for k in range(len(words) - 4)}:
            assert seen.setdefault(grams, i) == i, (texts[seen[grams]], text)
    beginnings = Counter(tuple(words_of(text)[:2]) for text in texts)
    assert beginnings.most_common(1)[0][1] <= 5


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_lengths_vary_and_do_not_give_the_label_away(sample):
    found = report(sample)
    lengths = [len(words_of(text)) for text in texts_of(found)]
    assert min(lengths) <= 5 and max(lengths) >= 28 and len(set(lengths)) >= 20
    if sample.task == "sequence_classification":
        means = found.examples.assign(length=lengths).groupby("label")["length"].mean()
        assert means.max() <= 1.15 * means.min()


def test_the_chapters_sentence_is_not_in_the_samples():
    for sample in SAMPLES.values():
        assert not any("steve jobs" in text.lower() for text in texts_of(report(sample)))
