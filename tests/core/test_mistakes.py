"""What a model got wrong: entity errors and answers by kind, and the list of examples by cell and by text."""

import numpy as np
import pytest
import seqeval.metrics as seqeval
from hypothesis import given
from hypothesis import strategies as st

from mlmtune_core.inspecting.review import fold, list_examples, review
from mlmtune_core.tasks import metrics
from mlmtune_core.tasks.entity_errors import KINDS, find_entity_errors, pair_entities
from mlmtune_core.tasks.metrics import find_answer_kind, find_entities
from mlmtune_core.tasks.token_classification import SentenceExample
from mlmtune_core.workers import progress
from mlmtune_core.workers.worker import run as carry_out

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "X"]


def kinds_of(true, said):
    return [pair.kind for pair in pair_entities(find_entities(true.split()), find_entities(said.split()))]


@pytest.mark.parametrize(
    ("true", "said", "kinds"),
    [
        ("B-PER I-PER O", "B-PER I-PER O", ["correct"]),
        ("B-PER I-PER O", "B-PER O O", ["boundary"]),
        ("B-PER I-PER O", "B-LOC I-LOC O", ["type"]),
        ("B-PER I-PER O", "O B-LOC I-LOC", ["both"]),
        ("B-PER I-PER O", "O O O", ["missed"]),
        ("O O O", "O B-LOC I-LOC", ["invented"]),
        ("B-PER I-PER O", "O O B-PER", ["missed", "invented"]),
        ("B-PER I-PER I-PER", "B-PER B-PER I-PER", ["boundary", "invented"]),  # the one that shares two words answers it
        ("B-PER B-PER", "B-PER I-PER", ["boundary", "missed"]),
        ("B-PER B-LOC", "I-LOC I-LOC", ["missed", "boundary"]),  # the type decides between two that share as much
    ],
)  # fmt: skip
def test_entity_errors_have_the_kind_that_a_person_would_give(true, said, kinds):
    assert sorted(kinds_of(true, said)) == sorted(kinds)


@given(st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=20))
def test_every_entity_on_either_side_is_counted_once(tags):
    true, said = map(list, zip(*tags, strict=True))
    example = SentenceExample(1, tuple(f"w{i}" for i in range(len(tags))), tuple(true))
    found = find_entity_errors([example], [said])
    counts = found["counts"]
    shared = counts["correct"] + counts["boundary"] + counts["type"] + counts["both"]
    assert shared + counts["missed"] == len(find_entities(true))
    assert shared + counts["invented"] == len(find_entities(said))
    assert len(found["errors"]) == sum(counts[kind] for kind in KINDS)
    pairs = pair_entities(find_entities(true), find_entities(said))
    assert sorted(pair.true for pair in pairs if pair.true) == sorted(find_entities(true))
    assert sorted(pair.said for pair in pairs if pair.said) == sorted(find_entities(said))
    hits = metrics.entities([true], [said])["entity_precision"] * len(find_entities(said))
    assert counts["correct"] == round(hits)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@given(st.lists(st.lists(st.tuples(st.sampled_from(TAGS[:-1]), st.sampled_from(TAGS[:-1])), min_size=1, max_size=8), min_size=1, max_size=4))
def test_entity_scores_are_those_of_seqeval(sentences):
    true, said = ([[pair[side] for pair in pairs] for pairs in sentences] for side in (0, 1))
    scores = metrics.entities(true, said)
    for name, count in (("f1", seqeval.f1_score), ("precision", seqeval.precision_score), ("recall", seqeval.recall_score)):
        assert scores[f"entity_{name}"] == pytest.approx(count(true, said, zero_division=0))
    assert scores["token_accuracy"] == pytest.approx(seqeval.accuracy_score(true, said))


@pytest.mark.parametrize(
    ("accepted", "said", "kind"),
    [
        (["the red house"], "Red house.", "right"),
        (["the red house"], "house on the hill", "overlapping"),
        (["the red house"], "a tree", "elsewhere"),
        (["the red house", "a tree"], "tree", "right"),
        (["the red house"], "", "declined"),
        ([], "a tree", "answered"),
        ([], "", "right"),
    ],
)
def test_wrong_answers_have_their_kind(accepted, said, kind):
    assert find_answer_kind(accepted, said) == kind


def keep(run, said):
    """The run as if its best model had said so."""
    run.save_predictions("validation", dict(enumerate(said)))
    return run.data().query("split == 'validation'")


@pytest.fixture
def texts(make_run):
    run = make_run()
    return run, keep(run, ["neg", "neg"])  # of "not bad" (pos) and "not good" (neg)


def rows(run, *asked):
    found = list_examples(run.id, "validation", *asked)
    assert found["found"] == len(found["rows"])
    return [row["row"] for row in found["rows"]]


def test_a_cell_holds_its_examples_and_a_text_finds_right_ones_too(texts):
    run, frame = texts
    first, second = frame["row"]
    assert rows(run, "wrong") == [first] and rows(run, "right") == [second] and rows(run, "all") == [first, second]
    assert rows(run, "all", "pos", "neg") == [first] and rows(run, "all", "neg", "neg") == [second]
    assert rows(run, "all", "pos", "pos") == [] and rows(run, "all", None, "neg") == [first, second]
    assert rows(run, "all", None, None, "  NOT   g") == [second] and rows(run, "all", None, None, "zzz") == []
    assert list_examples(run.id, "validation", "all", None, None, "GOOD")["of"] == 2


def test_texts_are_found_however_their_accents_are_written():
    assert fold("A\u0301GUA") == fold("água") and fold("STRASSE") == fold("straße")


def test_a_cell_of_tags_holds_words_and_its_count_is_the_matrixs(make_run):
    run = make_run(task="token_classification")
    frame = run.data().query("split == 'validation'")
    rng = np.random.default_rng(0)
    keep(run, [list(rng.choice(["O", "B-PER", "B-LOC"], len(tags))) for tags in frame["tags"]])
    true = [tag for tags in frame["tags"] for tag in tags]
    said = [tag for tags in run.predictions("validation") for tag in tags]
    names = sorted({*true, *said})
    for one, counts in zip(names, metrics.confusion(true, said, names)["counts"], strict=True):
        for other, count in zip(names, counts, strict=True):
            found = list_examples(run.id, "validation", "all", one, other)
            assert found["found"] == count and found["of"] == len(true)
            assert all((row["true"], row["predicted"]) == (one, other) and row["word"] in row["words"].split() for row in found["rows"])
            wrong = list_examples(run.id, "validation", "wrong", one, other)
            assert wrong["found"] == (0 if one == other else count)


def test_numbers_come_farthest_off_first_and_questions_as_exact_match_sees_them(make_run):
    run = make_run(task="regression")
    frame = keep(run, [0.0, 3.4])  # of 1.5 and 3.5
    assert rows(run, "all") == frame["row"].tolist()
    run = make_run(task="question_answering")
    frame = keep(run, ["bob", "", "Bob met", "bad"])
    assert rows(run, "right") == frame["row"].tolist()[:1]


def test_a_bar_never_goes_beyond_its_end(monkeypatch):
    """Batches by length are sometimes more than their number was thought to be."""
    said = []
    monkeypatch.setattr(progress, "report", said.append)
    assert list(progress.each("abcd", 2)) == list("abcd") and said == [0, 0.5, 1, 1]


def test_answers_that_a_later_evaluation_gave_are_the_ones_listed(texts):
    run, frame = texts
    assert len(rows(run, "wrong")) == 1
    keep(run, ["pos", "neg"])
    assert rows(run, "wrong") == []


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["token_classification", "question_answering"])
def test_kinds_add_up_to_what_is_wrong(make_run, kind):
    run = make_run(task=kind, with_test=True)
    carry_out(run.id)
    for side in ("validation", "test"):
        kinds = review(run.id, side)["kinds"]
        assert len(kinds["errors"]) == sum(count for name, count in kinds["counts"].items() if name not in ("correct", "right"))
        assert {error["row"] for error in kinds["errors"]} <= set(run.data().query("split == @side")["row"])
        if kind == "question_answering":
            assert len(kinds["errors"]) == list_examples(run.id, side)["found"]
