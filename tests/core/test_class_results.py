"""The class as a table: order, scores, gaps, and cells that stay text."""

import csv
import io
from contextlib import ExitStack

import pandas as pd
import pytest

from mlmtune_core.config import validate
from mlmtune_core.events import EvalDone, Started
from mlmtune_core.people import admit
from mlmtune_core.runs.heartbeats import beating
from mlmtune_core.runs.results import COLUMNS, make_results, rank_results, write_results
from mlmtune_core.runs.shelf import create_run, list_runs
from mlmtune_core.workers import worker

ANA = "a" * 43


@pytest.fixture
def make(text_frame, monkeypatch):
    monkeypatch.setenv("MLMTUNE_TEACHER_CODE", "slate")
    ana = admit(ANA, "=1+1")

    def make(name="mine.csv", **settings):
        return create_run(validate(settings), text_frame, {"name": name, "columns": {}}, owner=ana.id)

    return make


@pytest.fixture
def at_work():
    with ExitStack() as stack:
        yield lambda run: stack.enter_context(beating([run.heartbeat_file]))


def end(run, score, **best):
    best = {"step": 4, "epoch": 2.0, "validation_loss": 0.5, "metrics": {"accuracy": score, "macro_f1": 0.1}} | best
    run.finish({"reason": "epochs_done", "best": best, "seconds": 12.5})


def test_no_runs_are_an_empty_table():
    assert list(make_results([]).columns) == list(COLUMNS) and make_results([]).empty
    assert write_results(make_results([])).decode("utf-8-sig").startswith("run,state,person")


def test_under_way_comes_first_then_the_queue_in_its_order_then_what_has_ended(make, at_work):
    ended, waiting, next_one, going = (make(seed=seed) for seed in range(4))
    end(ended, 0.75)
    at_work(going)
    going.append(
        Started("sequence_classification", "full", 1, 1, 6, 2, 5, 3, 15, "accuracy", 0.5, ("a", "b"), "cpu", 1)
    )
    for step, score, is_best in ((0, 0.5, False), (3, 0.9, True), (6, 0.6, False)):
        going.append(EvalDone(step, step / 3, None, 0.4, {"accuracy": score}, is_best, 2))
    table = make_results(list_runs(), [next_one.id, waiting.id])
    assert list(table["run"]) == [going.id, next_one.id, waiting.id, ended.id]
    assert list(table["place"].fillna(0)) == [0, 1, 2, 0]
    assert list(table["score"].fillna(-1)) == [0.9, -1, -1, 0.75]
    assert set(table["person"]) == {"=1+1"} and table["best_epoch"][0] == 1


def test_results_are_those_with_a_score_best_first_within_a_task(make):
    low, high, failed, other = make(), make(strategy="full", learning_rate=3e-5), make(), make(task="regression")
    end(low, 0.5)
    end(high, 0.875)
    failed.finish({"reason": "failed", "template": "x", "values": {}, "seconds": 1.0})
    end(other, 0, metrics={"pearson": 0.99})
    ranked = rank_results(make_results(list_runs()))
    assert list(ranked["run"]) == [other.id, high.id, low.id]
    assert list(ranked["learning_rate"].fillna(0)) == [0, 3e-5, 0], "a head alone has no rate of the body"
    assert list(ranked["metric"]) == ["pearson", "accuracy", "accuracy"] and set(ranked["seconds"]) == {12.5}


def test_the_csv_holds_all_of_it_and_no_formula(make):
    end(make("@SUM(A1).csv", dropout=0.25), 0.123456789)
    raw = write_results(make_results(list_runs()))
    assert raw.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(raw.decode("utf-8-sig")))
    assert row["person"] == "'=1+1" and row["data"] == "'@SUM(A1).csv" and row["score"] == "0.123456789"
    assert row["strategy"] == "head_only" and row["head_learning_rate"] == "0.005" and row["learning_rate"] == ""
    assert row["other_settings"] == "dropout=0.25"
    assert pd.Timestamp(row["created"]).year >= 2024 and "owner" not in row


def test_a_real_run_stands_in_the_table_with_what_it_reached(make_run):
    run = make_run(strategy="full")
    list(worker.carry_out(run))
    (row,) = make_results(list_runs()).itertuples()
    best = run.summary()["best"]
    assert (row.state, row.metric, row.score) == ("finished", "accuracy", best["metrics"]["accuracy"])
    assert row.seconds > 0 and row.validation_loss == best["validation_loss"]


def test_a_run_that_vanishes_meanwhile_is_left_out(make):
    gone, stays = make(), make()
    runs = list(list_runs())
    gone.delete()
    assert list(make_results(runs)["run"]) == [stays.id]


def test_a_run_that_begins_again_is_read_again(make):
    run = make()
    end(run, 0.5)
    assert list(make_results(list_runs())["state"]) == ["finished"] == list(make_results(list_runs())["state"])
    run.reset()
    table = make_results(list_runs(), [run.id])
    assert list(table["state"]) == ["queued"] and table["score"].isna().all() and table["place"][0] == 1
