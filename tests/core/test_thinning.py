"""Fewer examples and wrong labels: of one seed the less is a part of the more, and what is measured with stays as it is."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest
import torch

from mlmtune_core.config import validate
from mlmtune_core.data.subsets import mislabel, prepare_training_split, subsample
from mlmtune_core.errors import ConfigError
from mlmtune_core.events import EvalDone, Started
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.inspecting.review import review
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Dataset, Encoded
from mlmtune_core.training import evaluation
from mlmtune_core.training.batches import to_batch
from mlmtune_core.workers import worker

MANY = pd.DataFrame({"row": range(300), "text": [f"text {i}" for i in range(300)], "label": ["a", "b", "a", "a", "c", "a"] * 50}, index=range(1000, 1300))


def test_each_label_keeps_its_share_and_the_fewer_are_among_the_more():
    kept = {count: subsample(MANY, count, seed=4) for count in (6, 30, 50, 100, 299)}
    for few, more in zip(kept, list(kept)[1:], strict=False):
        assert {*kept[few]["row"]} < {*kept[more]["row"]} and len(kept[few]) == few
    assert Counter(kept[30]["label"]) == {"a": 20, "b": 5, "c": 5} and kept[50]["row"].is_monotonic_increasing
    assert subsample(MANY, 30, seed=4).equals(kept[30]) and not subsample(MANY, 30, seed=5).equals(kept[30])
    assert subsample(MANY, 0, 0) is MANY and subsample(MANY, 300, 0) is MANY


def wrong(frame, share, seed=4, column="label"):
    """row -> what it says now, of those that say something else."""
    changed = mislabel(frame, share, seed)
    assert changed.drop(columns=column).equals(frame.drop(columns=column))
    return {row: now for row, before, now in zip(frame["row"], frame[column], changed[column], strict=True) if now != before}


def test_a_share_of_labels_is_exchanged_for_all_others_and_the_fewer_are_among_the_more():
    few, more = wrong(MANY, 0.1), wrong(MANY, 0.4)
    assert len(few) == 30 and len(more) == 120 and few.items() <= more.items()
    assert {("a", "b"), ("a", "c"), ("b", "a"), ("b", "c")} <= {(MANY.loc[1000 + row, "label"], now) for row, now in more.items()}
    assert wrong(MANY, 0.1) == few != wrong(MANY, 0.1, seed=5) and wrong(MANY, 0) == {}
    assert len(wrong(MANY[MANY["label"] != "c"], 0.5)) == 125
    assert wrong(MANY[MANY["label"] == "a"], 0.5) == {}


def test_scores_and_sets_of_labels_are_those_of_another_example():
    scores = MANY.drop(columns="label").assign(score=[float(i % 7) for i in range(300)])
    few, more = (wrong(scores, share, column="score") for share in (0.1, 0.5))
    assert len(few) == 30 and few.items() <= more.items() and {*more.values()} == {*scores["score"]}
    sets = MANY.assign(label=[["x", "y"] if i % 3 else [] for i in range(300)])
    assert len(wrong(sets, 0.2)) == 60
    with pytest.raises(ConfigError, match="Leave it at 0"):
        mislabel(MANY.drop(columns="label"), 0.1, 0)


def test_what_is_measured_with_is_not_touched():
    frame = MANY.assign(split=["validation", "train", "test"] * 100)
    learnt = prepare_training_split(frame, validate({"train_examples": 20, "label_noise": 0.5, "seed": 1}))
    for split in ("validation", "test"):
        assert learnt[learnt["split"] == split].reset_index(drop=True).equals(frame[frame["split"] == split].reset_index(drop=True))
    assert (learnt["split"] == "train").sum() == 20 and prepare_training_split(frame, validate({})) is frame


@pytest.mark.parametrize("task", ["sequence_classification", "several_labels", "token_classification", "question_answering", "regression", "masked_words"])
def test_a_run_says_what_it_learns_from_and_its_head_keeps_its_shape(make_run, task):
    named = task in ("sequence_classification", "several_labels", "regression")
    whole, thinned = make_run(task=task, epochs=1), make_run(task=task, epochs=1, train_examples=1, measure_training=True, **({"label_noise": 0.5} if named else {}))
    (start, _), (fewer, done) = ([[event for event in events if isinstance(event, kind)][0] for kind in (Started, EvalDone)] for events in (list(worker.carry_out(each)) for each in (whole, thinned)))
    assert fewer.train_examples == 1 < start.train_examples and fewer.validation_examples == start.validation_examples
    assert fewer.label_names == start.label_names and fewer.trainable == start.trainable
    assert done.train_eval_loss > 0 and done.train_metrics.keys() == done.metrics.keys()
    if task == "sequence_classification":
        assert review(thinned.id)["baseline"]["accuracy"] == pytest.approx(fewer.baseline)


def test_training_examples_are_measured_with_the_labels_that_are_learnt_and_nothing_else_changes(make_run):
    settings = {"strategy": "full", "epochs": 1, "learning_rate": 3e-3, "head_learning_rate": 0.1, "label_noise": 0.5}
    runs = [make_run(**settings, measure_training=asked) for asked in (False, True)]
    plain, measured = ([event for event in worker.carry_out(run) if isinstance(event, EvalDone)] for run in runs)
    for one, other in zip(plain, measured, strict=True):
        assert one.train_eval_loss is None and one.train_metrics is None
        assert replace(other, train_eval_loss=None, train_metrics=None) == one
    trained, task = load_run(runs[1]), TASKS["sequence_classification"]
    losses = []
    for frame in (runs[1].data(), prepare_training_split(runs[1].data(), runs[1].config())):
        _, encoded = trained.encode(frame[frame["split"] == "train"].to_dict("records"))
        with torch.no_grad():
            batch = to_batch(encoded, 0, task.LABELS_ARE)
            losses.append(task.compute_loss(trained.model(batch), batch).item())
    assert measured[1].train_eval_loss == pytest.approx(losses[1], abs=1e-5) and abs(losses[0] - losses[1]) > 1e-3


def test_of_many_training_examples_some_are_measured_always_the_same(monkeypatch):
    monkeypatch.setattr(evaluation, "MAX_TRAIN_EVAL_EXAMPLES", 5)
    windows = [Encoded(i // 2, {"input_ids": [i]}, 0) for i in range(40)]
    chosen = [evaluation.sample_training_set(validate({"measure_training": True, "seed": seed}), Dataset(list(range(20)), windows)) for seed in (0, 1)]
    assert chosen[0] == chosen[1] and len(chosen[0].examples) == 5 and len(chosen[0].encoded) == 10
    for item in chosen[0].encoded:
        assert item.inputs["input_ids"][0] // 2 == chosen[0].examples[item.example]
