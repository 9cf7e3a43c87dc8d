"""Looking into a model: points and their map, what moved, calibration, and what an answer rests on."""

import numpy as np
import pandas as pd
import pytest
import torch

from mlmtune_core.config import validate
from mlmtune_core.inspecting import attribution, movement, projection
from mlmtune_core.inspecting.certainty import find_calibration
from mlmtune_core.inspecting.predicting import load_run, predict_example
from mlmtune_core.inspecting.projection import find_confidences, find_points, find_points_at
from mlmtune_core.models.probabilities import softmax
from mlmtune_core.runs.kept_weights import BEST, START
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers.worker import run as carry_out

pytestmark = pytest.mark.thorough

WITH_POINTS = ("sequence_classification", "several_labels", "sentence_pair", "token_classification", "regression")


@pytest.mark.parametrize("kind", WITH_POINTS)
def test_points_are_what_the_model_says_of_each_example(make_run, kind):
    run = make_run(task=kind)
    carry_out(run.id)
    points = find_points(run)
    frame = run.data().query("split == 'validation'")
    if kind == "token_classification":
        assert len(points.said) == sum(map(len, frame["words"])) and points.texts[0].startswith(frame["words"].iloc[0][0])
        return
    assert points.rows == frame["row"].tolist() and points.vectors.shape == (len(frame), 32)
    for i, row in enumerate(points.rows):
        answer = predict_example(run.id, BEST, row)
        assert points.truth[i] == answer["true"]
        assert points.said[i] == (pytest.approx(answer["value"], abs=1e-5) if kind == "regression" else answer["label"])
        if "logits" in answer:
            assert points.logits[i] == pytest.approx(list(answer["logits"].values()), abs=1e-5)


def test_before_is_the_checkpoint_and_after_is_the_run(make_run):
    frozen, free = make_run(), make_run(strategy="full", learning_rate=1e-3)
    for run in (frozen, free):
        carry_out(run.id)
    assert np.allclose(find_points(frozen).vectors, find_points(frozen, moment=START).vectors, atol=1e-5)
    assert not np.allclose(find_points(free).vectors, find_points(free, moment=START).vectors, atol=1e-2)


def test_what_is_frozen_did_not_move_and_what_learnt_did(make_run):
    run = make_run(task="token_classification", strategy="last_layers:1", learning_rate=1e-3)
    carry_out(run.id)
    found = movement.find_movement(run.id)
    learnt = {row["name"]: row["learnt"] for row in found["weights"]}
    assert learnt == {"embeddings": False, "1": False, "2": False, "3": False, "4": True, "head": True}
    assert all((row["moved"] > 0) == row["learnt"] for row in found["weights"])
    assert [row["similarity"] for row in found["drift"][:4]] == pytest.approx([1.0] * 4, abs=1e-6)
    assert found["drift"][4]["similarity"] < 1 - 1e-6


def test_the_way_of_the_head_begins_where_it_began_and_ends_at_its_last_evaluation(make_run):
    run = make_run(epochs=4, patience=0)
    carry_out(run.id)
    rows = movement.find_path(run)
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3, 4] and rows[0]["moved"] == rows[0]["step"] == 0
    begin, last = (np.concatenate([weight.numpy().ravel() for _, weight in sorted(load_run(run, moment).model.head.state_dict().items())]) for moment in (START, "4"))
    assert rows[-1]["moved"] == pytest.approx(np.linalg.norm(last - begin) / np.linalg.norm(begin), rel=1e-5)
    assert rows[-1]["moved"] <= sum(row["step"] for row in rows) + 1e-9


def test_the_map_of_a_moment_stands_on_the_axes_of_before_and_after(make_run):
    run = make_run(strategy="full", learning_rate=1e-2, epochs=3, patience=0)
    carry_out(run.id)
    found = projection.draw_map(run.id)
    assert np.allclose(projection.draw_map_at(run.id, BEST)["places"], found[BEST]["places"], atol=1e-5)
    assert np.allclose(projection.draw_map_at(run.id, START)["places"], found[START]["places"], atol=1e-5)
    between = projection.draw_map_at(run.id, "1")
    assert not np.allclose(between["places"], found[START]["places"], atol=1e-3) and len(between["said"]) == 2


@pytest.mark.parametrize("settings", [{}, {"strategy": "last_layers:1"}, {"strategy": "full"}, {"task": "token_classification"}])
def test_several_moments_read_at_once_are_as_each_by_itself(make_run, settings):
    run = make_run(learning_rate=1e-2, **settings)
    carry_out(run.id)
    for moment, found in zip((START, BEST), find_points_at(run, "validation", [START, BEST]), strict=True):
        alone = find_points(run, moment=moment)
        assert np.allclose(found.vectors, alone.vectors, atol=1e-5) and np.allclose(found.logits, alone.logits, atol=1e-5)
        assert found.said == alone.said and found.rows == alone.rows


def test_alignment_does_not_see_turns_and_scales_and_sees_everything_else():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(50, 8))
    turn, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    assert movement.find_cka(first, 3 * first @ turn + 5) == pytest.approx(1.0)
    assert movement.find_cka(first, rng.normal(size=(50, 8))) < 0.5


def test_a_map_has_both_sides_and_its_numbers_know_separate_labels(make_run):
    run = make_run()
    carry_out(run.id)
    found = projection.draw_map(run.id)
    assert np.shape(found[START]["places"]) == np.shape(found[BEST]["places"]) == (2, 2)
    rng = np.random.default_rng(1)
    labels = ["a", "b"] * 30
    apart = rng.normal(size=(60, 5)) + np.where(np.array(labels) == "a", 8, -8)[:, None]
    mixed = rng.normal(size=(60, 5))
    assert projection.find_silhouette(apart, labels) > 0.7 > 0.2 > projection.find_silhouette(mixed, labels)
    assert projection.find_probe(apart, labels) == 1 and projection.find_probe(mixed, labels) < 0.75
    assert projection.find_probe(mixed[:3], ["a", "b", "c"]) is None and projection.find_silhouette(mixed[:2], ["a", "a"]) is None


def test_calibration_of_one_who_is_right_as_often_as_they_say_and_of_one_who_is_not():
    rng = np.random.default_rng(2)
    said = rng.uniform(0.5, 1, 20_000)
    honest = find_calibration(said, rng.uniform(size=20_000) < said)
    boastful = find_calibration(said, rng.uniform(size=20_000) < said - 0.3)
    assert honest.error < 0.02 and boastful.error == pytest.approx(0.3, abs=0.02)
    assert honest.count.sum() == 20_000 and len(honest.confidence) == 5
    by_hand = find_calibration(np.array([0.95, 0.92, 0.55, 1.0]), np.array([True, False, True, True]))
    assert by_hand.error == pytest.approx((3 * abs((0.95 + 0.92 + 1) / 3 - 2 / 3) + abs(0.55 - 1)) / 4)


def test_confidence_is_the_probability_of_the_answer(make_run):
    run = make_run()
    carry_out(run.id)
    points = find_points(run)
    assert find_confidences(points) == pytest.approx(softmax(points.logits).max(axis=1))


@pytest.fixture
def planted(tiny_checkpoint):
    """A run that has learnt that one word decides, among others that do not."""
    rng = np.random.default_rng(3)
    others = ["film", "works", "lives", "near", "met", "anna", "rome", "the"]
    rows = []
    for i in range(180):
        words = list(rng.choice(others, 6))
        words[rng.integers(6)] = ("great", "awful")[i % 2]
        rows.append({"row": i + 2, "text": " ".join(words), "label": ("pos", "neg")[i % 2], "split": "validation" if i >= 130 else "train"})
    settings = {"checkpoint": tiny_checkpoint, "strategy": "full", "learning_rate": 2e-3, "epochs": 6, "batch_size": 16}
    run = create_run(validate(settings), pd.DataFrame(rows), {"name": "planted", "fingerprint": "0", "columns": {}})
    carry_out(run.id)
    return run


def test_the_word_that_decides_is_found_and_taking_it_away_shows(planted):
    trained = load_run(planted)
    frame = planted.data().query("split == 'validation'")
    found = {"occlusion": 0, "gradients": 0}
    for record in frame.to_dict("records"):
        label = trained.label_names.index(record["label"])
        for method in found:
            result = attribution.attribute_example(planted.id, BEST, method, 0, label, record["row"])
            ranked = sorted(range(len(result["tokens"])), key=lambda place: -result["values"][place])
            found[method] += bool({"great", "awful"} & {result["tokens"][place] for place in ranked[:2]})
            if method == "gradients":
                assert abs(result["delta"]) < 0.05 * abs(result["logit"] - result["baseline"])
    assert min(found.values()) >= 0.95 * len(frame), found


def test_special_tokens_carry_nothing_and_weights_are_left_as_they_were(planted):
    before = {name: weight.clone() for name, weight in load_run(planted).model.state_dict().items()}
    row = int(planted.data().query("split == 'validation'")["row"].iloc[0])
    for method in ("occlusion", "gradients"):
        values = attribution.attribute_example(planted.id, BEST, method, 0, 0, row)["values"]
        assert values[0] == pytest.approx(0, abs=1e-6) and values[-1] == pytest.approx(0, abs=1e-6)
    attention = attribution.attribute_example(planted.id, BEST, "attention", 0, 0, row)["attention"]
    assert np.shape(attention)[:2] == (4, 4) and np.allclose(np.sum(attention, axis=-1), 1, atol=1e-5)
    after = load_run(planted).model.state_dict()
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())
    assert all(parameter.grad is None for parameter in load_run(planted).model.parameters())
