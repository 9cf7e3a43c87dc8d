"""Heads tried out at once equal runs; labels are spoilt where they are learnt from alone; the finder suggests what its formulas say."""

import numpy as np
import pandas as pd
import pytest

from mlmtune_core.config import validate
from mlmtune_core.data.subsets import MAX_EXAMPLES, reduce_and_mislabel, sample_for_exploring, split_in_three
from mlmtune_core.errors import ConfigError
from mlmtune_core.events import EvalDone, Finished, StepDone
from mlmtune_core.inspecting.trials import explorer_charts, head_trials, known_features, rate_finder
from mlmtune_core.inspecting.trials.suggested_rate import judge_suggestion
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers import worker

RATES = (1e-4, 5e-3, 1e-1)


@pytest.fixture(autouse=True)
def nothing_known():
    known_features._kept.clear()


@pytest.fixture
def settings(tiny_checkpoint):
    """Enough of everything that a lane which is not its run would show it."""
    return {"checkpoint": tiny_checkpoint, "epochs": 4, "batch_size": 4, "dropout": 0.3, "weight_decay": 0.2, "warmup_ratio": 0.3}


def carried_out(frame, settings, **more):
    run = create_run(validate({**settings, "strategy": "head_only", **more}), frame, {"name": "t", "fingerprint": "", "columns": {}})
    return list(worker.carry_out(run))


def numbers(events, kind, *names):
    return [[getattr(event, name) for name in names] for event in events if isinstance(event, kind)]


@pytest.mark.thorough
@pytest.mark.parametrize("task", ["sequence_classification", "several_labels", "sentence_pair"])
def test_every_lane_is_its_run(frames, settings, task):
    frame = frames[task]
    settings |= {"task": "sequence_classification" if task == "several_labels" else task}
    found = head_trials.try_rates(frame, "t", settings, RATES, 2)
    assert [(lane["rate"], lane["seed"]) for lane in found["lanes"]] == [(rate, seed) for seed in (0, 1) for rate in RATES]
    for lane in found["lanes"]:
        events = carried_out(frame, settings, patience=0, head_learning_rate=lane["rate"], seed=lane["seed"])
        wanted = numbers(events, StepDone, "loss", "head_learning_rate")
        np.testing.assert_allclose(list(zip(lane["losses"], lane["rates"], strict=True)), wanted, atol=1e-5)
        measured = [[e.step, e.validation_loss, e.metrics["accuracy"]] for e in events if isinstance(e, EvalDone)]
        mine = [[e["step"], e["validation_loss"], e["validation_accuracy"]] for e in lane["evaluations"]]
        np.testing.assert_allclose(mine, measured, atol=1e-5)


def test_features_are_computed_once_and_a_trial_leaves_no_run(text_frame, settings, home, monkeypatch):
    computed = []
    compute = known_features._compute
    monkeypatch.setattr(known_features, "_compute", lambda *args: computed.append(1) or compute(*args))
    for epochs in (1, 2):
        head_trials.try_rates(text_frame, "t", {**settings, "epochs": epochs}, RATES, 1)
    head_trials.try_labels(text_frame, "t", settings, 4, 0.5)
    assert len(computed) == 1
    monkeypatch.setattr(known_features, "MOST_KEPT", 1)
    head_trials.try_rates(text_frame, "u", settings, RATES, 1)
    assert len(computed) == 2 and len(known_features._kept) == 1
    assert not list((home / "runs").iterdir())


def test_a_lane_that_explodes_ends_there_and_says_no_number_that_is_none(text_frame, settings, monkeypatch):
    step = head_trials.HeadStack.step

    def explode(stack, *args):
        losses, norms, rates = step(stack, *args)
        return ([losses[0], float("nan"), *losses[2:]] if stack._steps == 3 else losses), norms, rates

    monkeypatch.setattr(head_trials.HeadStack, "step", explode)
    lanes = head_trials.try_rates(text_frame, "t", settings, RATES, 1)["lanes"]
    assert [len(lane["losses"]) for lane in lanes] == [8, 2, 8]
    assert [len(lane["evaluations"]) for lane in lanes] == [5, 2, 5]


def many(count=200, labels=("a", "b", "c")):
    return pd.DataFrame({"row": range(2, count + 2), "text": [f"text {i}" for i in range(count)], "label": [labels[i % len(labels)] for i in range(count)]})  # fmt: skip


@pytest.mark.parametrize("several", [False, True])
def test_wrong_labels_are_those_of_training_examples_only(several):
    frame = many()
    if several:
        frame["label"] = [[], ["a"], ["a", "b"]] * 66 + [[], ["b"]]
    split = split_in_three(frame, 0.2, 5)
    before = None
    for noise in (0.0, 0.1, 0.4):
        spoilt = reduce_and_mislabel(split, 64, noise, 5)
        train, others = spoilt[spoilt["split"] == "train"], spoilt[spoilt["split"] != "train"]
        assert len(train) == 64
        pd.testing.assert_frame_equal(others, split[split["split"] != "train"])
        wrong = {i for i in train.index if list(train.at[i, "label"]) != list(split.at[i, "label"])}
        assert len(wrong) == round(noise * 64) and (before is None or before <= wrong)
        before = wrong


def test_the_test_set_stays_where_everything_else_changes():
    frame = many()
    sets = [set(split.loc[split["split"] == "test", "row"]) for share, seed in ((0.2, 0), (0.2, 7), (0.4, 7)) for split in [split_in_three(frame, share, seed)]]  # fmt: skip
    assert sets[0] == sets[1] == sets[2] and 30 < len(sets[0]) < 50
    given = frame.assign(split=["test"] * 20 + ["train"] * 180)
    assert set(split_in_three(given, 0.2, 0).query("split == 'test'")["row"]) == set(frame["row"][:20])
    assert MAX_EXAMPLES - 5 < len(sample_for_exploring(many(MAX_EXAMPLES + 500))) <= MAX_EXAMPLES


@pytest.mark.parametrize(
    ("values", "patience", "best", "stopped"),
    [
        ([3, 2, 1, 2, 3, 4], 2, 3, 5),
        ([3, 2, 2, 2, 1, 4], 2, 2, 4),  # equal is not better, and what comes after the stop does not count
        ([3, 2, 2, 2, 1, 4], 0, 5, 6),
        ([3, 2, 1], 1, 3, 3),
    ],
)
def test_where_a_run_would_stop(values, patience, best, stopped):
    assert head_trials.find_stop(values, patience) == (best, stopped)


@pytest.mark.thorough
@pytest.mark.parametrize("metric", ["validation_loss", "metric"])
def test_early_stopping_is_where_the_run_on_the_same_labels_stops(text_frame, settings, metric):
    settings |= {"epochs": 12, "patience": 2, "early_stopping_metric": metric, "head_learning_rate": 1e-1, "seed": 3}
    frame = pd.concat([text_frame, text_frame.assign(split="test", row=text_frame["row"] + 100)], ignore_index=True)
    found = head_trials.try_labels(frame, "t", settings, 4, 0.25)
    spoilt = reduce_and_mislabel(split_in_three(frame, 0.2, 3), 4, 0.25, 3)
    events = carried_out(spoilt, settings)
    evaluations = [event for event in events if isinstance(event, EvalDone)]
    assert found["stopped"] == evaluations[-1].epoch < 12 and found["wrong"] == 1
    assert events[-1].reason == "early_stopping" and isinstance(events[-1], Finished)
    assert found["best"] == events[-1].best["epoch"]
    mine = found["lanes"][0]["evaluations"]
    np.testing.assert_allclose([e["validation_loss"] for e in mine[: len(evaluations)]], [e.validation_loss for e in evaluations], atol=1e-5)  # fmt: skip
    tested = next(event for event in events if type(event).__name__ == "Tested")
    assert mine[found["best"]]["test_loss"] == pytest.approx(tested.loss, abs=1e-5)
    assert set(found["sizes"]) == {"train", "validation", "test"} and found["sizes"]["train"] == 4


def test_training_is_measured_without_dropout(text_frame, settings):
    """At a rate that moves nothing all epochs measure the same, though every step has its own dropout."""
    found = head_trials.try_labels(text_frame, "t", {**settings, "head_learning_rate": 1e-12, "dropout": 0.5}, 6, 0.0)
    (lane,) = found["lanes"]
    assert len({round(each["train_loss"], 6) for each in lane["evaluations"]}) == 1 and len(set(lane["losses"])) > 2


def test_validation_turns_at_its_lowest_loss():
    assert head_trials.find_turn([3, 1, 2]) == 2 and head_trials.find_turn([3, 2, 1]) is None


def test_the_finder_suggests_the_steepest_place_and_the_middle_of_the_valley():
    rates = np.geomspace(1e-6, 1e-1, 60)
    losses = np.concatenate([np.full(20, 2.0), np.linspace(1.9, 0.5, 30), np.linspace(0.6, 5, 10)])
    losses[33:] -= 0.3  # a fall within the fall
    assert rate_finder.suggest_steep(rates, losses) == rates[32]
    valley = 31  # values: one of 2.0, then thirty that fall
    assert rate_finder.suggest_valley(rates, losses) == rates[49 - valley + valley // 3 + valley // 6]


@pytest.mark.thorough
@pytest.mark.parametrize("strategy", ["head_only", "full"])
def test_the_range_test_climbs_from_lowest_to_highest_and_stops_when_the_loss_explodes(text_frame, settings, strategy, monkeypatch):
    found = rate_finder.find_rate(text_frame, {**settings, "strategy": strategy})
    rates = found["rates"]
    np.testing.assert_allclose(rates, 1e-7 * 10 ** (7 * np.arange(len(rates)) / 100), rtol=1e-6)
    assert found["smoothed"][0] == pytest.approx(found["losses"][0])
    expected = [0.0]
    for n, loss in enumerate(found["losses"], start=1):  # as fastai's AvgSmoothLoss writes it
        expected.append(0.98 * expected[-1] + 0.02 * loss)
        assert found["smoothed"][n - 1] == pytest.approx(expected[-1] / (1 - 0.98**n))
    monkeypatch.setattr(rate_finder, "EXPLODED", 1.0)
    assert len(rate_finder.find_rate(text_frame, {**settings, "strategy": strategy})["rates"]) < len(rates)


@pytest.mark.thorough
def test_what_the_finder_is_confronted_with_are_runs(text_frame, settings):
    (low, high) = rate_finder.train_at(text_frame, {**settings, "strategy": "last_layers:1"}, [1e-6, 1e-3])
    events = carried_out(text_frame, settings, strategy="last_layers:1", patience=0, head_learning_rate=1e-3, learning_rate=1e-3)
    last = [event for event in events if isinstance(event, EvalDone)][-1]
    assert (high["accuracy"], high["loss"]) == (last.metrics["accuracy"], pytest.approx(last.validation_loss, abs=1e-5))
    assert low["loss"] != high["loss"]


def test_settings_outside_their_limits_are_told(text_frame, settings):
    with pytest.raises(ConfigError):
        head_trials.try_rates(text_frame, "t", {**settings, "warmup_ratio": 3}, RATES, 1)


@pytest.mark.parametrize(("suggestion", "word", "ratio"), [(1e-2, "near", 10 / 3), (1.5e-2, "too high", 5), (5e-4, "too low", 1 / 6)])
def test_a_suggestion_is_judged_by_real_runs(suggestion, word, ratio):
    scores = {1e-4: [(0.5, 0.7)], 1e-3: [(0.8, 0.4), (0.7, 0.5)], 3e-3: [(0.8, 0.4), (0.8, 0.4)], 1e-2: [(0.8, 0.5)], 1e-1: [(1.0, 0.1), (None, None)]}
    runs = [{"rate": rate, "accuracy": accuracy, "loss": loss} for rate, ended in scores.items() for accuracy, loss in ended]
    verdict = judge_suggestion(suggestion, runs)
    assert (verdict["best"], verdict["word"], verdict["best_accuracy"]) == (3e-3, word, 0.8)
    assert verdict["ratio"] == pytest.approx(ratio)
    assert judge_suggestion(1e-3, [{"rate": 1e-3, "accuracy": None, "loss": None}]) is None


def test_the_dial_draws_over_the_curves_of_its_own_rate_and_no_end_of_a_run_that_failed():
    def lane(rate, epochs):
        evaluations = [{"epoch": e, "step": 2 * e, "validation_loss": rate + e, "validation_accuracy": rate * e} for e in range(epochs + 1)]
        return {"rate": rate, "losses": [rate] * 2 * epochs, "rates": [rate / 2, rate] * epochs, "evaluations": evaluations}

    found = {"lanes": [lane(0.1, 3), lane(0.2, 3), lane(0.3, 1)], "steps": 2, "epochs": 3, "majority": 0.5}
    texts = dict.fromkeys(("step", "loss", "accuracy", "rate", "final", "train_loss", "validation_loss", "validation_accuracy", "majority", "chosen"), "t")
    figure, moves = explorer_charts.plot_rates(found, texts, ".,")
    for its, mine in zip(found["lanes"], moves, strict=True):
        points = {}
        for move in mine:
            over = figure["data"][move["to"]]
            points[over.get("yaxis", "y") + over["line"]["color"]] = move.get("y") or figure["data"][move["from"]]["y"][move["begin"] : move["end"]]
        assert points["y" + explorer_charts.BLUE] == pytest.approx(its["losses"])
        assert points["y" + explorer_charts.ORANGE] == [each["validation_loss"] for each in its["evaluations"]]
        assert points["y2" + explorer_charts.GREEN] == pytest.approx([each["validation_accuracy"] for each in its["evaluations"]])
        assert points["y3" + explorer_charts.RED] == [pytest.approx(its["rate"] * 3) if len(its["losses"]) == 6 else None]
        assert points["y4" + explorer_charts.RED] == its["rates"]
