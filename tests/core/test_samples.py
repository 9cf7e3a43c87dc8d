"""The bundled samples: written by hand, varied, balanced, no near-duplicates, nothing that gives the answer away."""

import re
from collections import Counter

import pytest

from mlmtune_core.config import validate
from mlmtune_core.data import checking, columns, preparation
from mlmtune_core.data.readers.table import read_file
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.data.uploads import SAMPLES, SAMPLES_FOLDER
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers import worker

TASKS = {
    "sentiment": "sequence_classification",
    "topics": "sequence_classification",
    "entities": "token_classification",
    "extraction": "token_classification",
    "nli": "sentence_pair",
    "similarity": "regression",
    "questions": "question_answering",
}
TYPES = {
    "entities": {"PER", "ORG", "LOC"},
    "sample-extraction-en": {"DATE", "TIME", "PRICE", "QUANTITY"},
    "sample-extraction-pt": {"DATA", "HORA", "PRECO", "QUANTIDADE"},
}
ALL = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def kind(sample):
    return sample.id.split("-")[1]


def report(sample):
    rows = read_file(SAMPLES_FOLDER / sample.file).rows
    return checking.check(rows, sample.task, columns.choose_columns(rows, sample.task, {}))


def texts_of(found):
    """(text, what it belongs to): texts that belong together may share words."""
    frame = found.examples
    if "words" in frame:
        return [(" ".join(words), i) for i, words in enumerate(frame["words"])]
    if "context" in frame:
        return [(context, context) for context in dict.fromkeys(frame["context"])] + list(zip(frame["question"], frame["context"], strict=True))  # fmt: skip
    if "label" in frame and "second_text" in frame:
        hypotheses = [(text, text) for text in dict.fromkeys(frame["second_text"])]
        return hypotheses + list(zip(frame["text"], frame["second_text"], strict=True))
    if "second_text" in frame:
        return [(text, i) for name in ("text", "second_text") for i, text in enumerate(frame[name])]
    return [(text, i) for i, text in enumerate(frame["text"])]


def words_of(text):
    return re.findall(r"\w+", text.lower())


def test_every_task_has_a_sample_in_both_languages():
    assert {(kind(sample), sample.id[-2:]) for sample in SAMPLES.values()} == {(name, language) for name in TASKS for language in ("en", "pt")}  # fmt: skip


@ALL
def test_the_task_is_guessed_from_the_file(sample):
    data = preparation.prepare(sample.id)
    assert data.task == data.guessed_task == sample.task == TASKS[kind(sample)] and data.error is None


@ALL
def test_enough_sound_and_balanced(sample):
    found = report(sample)
    enough = 120 if kind(sample) == "questions" else 240
    assert found.rows_kept == found.rows_read >= enough and not found.problems
    if sample.task == "token_classification":
        types = TYPES.get(kind(sample)) or TYPES[sample.id]
        assert {tag[2:] for tag in found.labels if tag != "O"} == types
        begun = [found.labels[f"B-{name}"] for name in types]
        assert min(begun) >= 70 and max(begun) <= 1.6 * min(begun)
    elif sample.task == "regression":
        bands = Counter(min(4, int(score)) if score < 5 else 5 for score in found.examples["score"])
        assert set(bands) == set(range(6)) and max(bands.values()) <= 1.3 * min(bands.values())
    elif sample.task == "question_answering":
        assert found.examples["context"].nunique() >= 30
        assert 0.1 <= found.labels["no answer"] / found.rows_kept <= 0.25
    else:
        assert max(found.labels.values()) <= 1.1 * min(found.labels.values())


@ALL
def test_no_near_duplicates_and_varied_beginnings(sample):
    texts = texts_of(report(sample))
    seen: dict[tuple[str, ...], object] = {}
    for text, owner in texts:
        words = words_of(text)
        for grams in {tuple(words[k : k + 5]) for k in range(len(words) - 4)}:
            assert seen.setdefault(grams, owner) == owner, text
    beginnings = Counter(tuple(words_of(text)[:2]) for text, _ in texts)
    assert beginnings.most_common(1)[0][1] <= (30 if kind(sample) == "questions" else 8)


@ALL
def test_lengths_vary_and_do_not_give_the_label_away(sample):
    found = report(sample)
    lengths = [len(words_of(text)) for text, _ in texts_of(found)]
    assert min(lengths) <= 6 and max(lengths) >= 14 and len(set(lengths)) >= 10
    if sample.task in ("sequence_classification", "sentence_pair"):
        means = found.examples["text"].map(lambda text: len(words_of(text))).groupby(found.examples["label"]).mean()
        assert means.max() <= (1.6 if sample.task == "sentence_pair" else 1.25) * means.min()


@pytest.mark.parametrize("language", ["en", "pt"])
def test_no_hypothesis_gives_its_label_away(language):
    """Each one stands once with every label: reading it alone, nothing is better than one in three."""
    examples = report(SAMPLES[f"sample-nli-{language}"]).examples
    assert examples.groupby("second_text")["label"].agg(lambda labels: sorted(labels)).map(len).eq(3).all()
    assert (examples.groupby("second_text")["label"].nunique() == 3).all()


@pytest.mark.parametrize("language", ["en", "pt"])
def test_no_premise_gives_its_label_away_by_its_words(language):
    """Naive Bayes on the words of the first text alone, five folds: it stays near one in three."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.model_selection import cross_val_score
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    examples = report(SAMPLES[f"sample-nli-{language}"]).examples
    model = make_pipeline(CountVectorizer(ngram_range=(1, 2), binary=True), MultinomialNB())
    scores = cross_val_score(model, examples["text"], examples["label"], cv=5)
    assert scores.mean() < 0.5


@pytest.mark.parametrize("language", ["en", "pt"])
def test_shared_words_alone_do_not_give_the_similarity(language):
    from mlmtune_core.tasks.metrics import regression

    examples = report(SAMPLES[f"sample-similarity-{language}"]).examples
    shares = []
    for one, other in zip(examples["text"], examples["second_text"], strict=True):
        words, others = set(words_of(one)), set(words_of(other))
        shares.append(len(words & others) / len(words | others))
    assert regression(examples["score"].tolist(), shares)["pearson"] < 0.6


def test_the_chapters_sentence_is_not_in_the_samples():
    for sample in SAMPLES.values():
        assert not any("steve jobs" in text.lower() for text, _ in texts_of(report(sample)))


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "epochs", "floor"), [("head_only", 6, 0.65), ("full", 2, 0.8)])
def test_a_class_sees_something_learn_on_the_sample_it_opens_first(strategy, epochs, floor):
    """The head alone well above guessing (0.5), the whole model well above the head: the contrast the chapter speaks of."""
    examples = split_examples(report(SAMPLES["sample-sentiment-en"]).examples, 0.2, 0)
    config = validate({"strategy": strategy, "epochs": epochs})
    run = create_run(config, examples, {"name": "sample", "fingerprint": "", "columns": {}})
    list(worker.carry_out(run))
    assert run.summary()["best"]["metrics"]["accuracy"] >= floor
