"""Two runs beside one another: which fit, what differs, and where only one of them is right."""

import pandas as pd
import pytest

from mlmtune_core.config import validate
from mlmtune_core.errors import RunError
from mlmtune_core.inspecting.review import compare_measured
from mlmtune_core.runs.results import check_comparable, find_comparable, find_differences, find_named_run, share_data
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers.worker import run as carry_out
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough


def trained(make_run, **settings):
    run = make_run(epochs=1, **settings)
    carry_out(run.id)
    return run


def told(run, said):
    run.save_predictions("validation", dict(enumerate(said)))


def test_only_runs_of_the_same_task_and_labels_stand_beside_one_another(make_run, tiny_checkpoint, text_frame):
    run, other = trained(make_run), trained(make_run, seed=1)
    numbers, fresh = trained(make_run, task="regression"), make_run()
    config = validate({"checkpoint": tiny_checkpoint, "epochs": 1})
    named = create_run(config, text_frame.replace({"pos": "yes"}), {"name": "x", "fingerprint": "1", "columns": {}})
    carry_out(named.id)
    assert [each.id for each in find_comparable(run, [run, other, numbers, fresh, named], 9)] == [other.id]
    assert find_comparable(run, [other], 0) == []
    for wrong, said in ((run, "same run"), (numbers, "different tasks"), (named, "pos, yes"), (fresh, "kept no model")):
        with pytest.raises(RunError) as caught:
            check_comparable(run, wrong)
        assert said in str(caught.value)
    assert share_data(run, other)[0] and not share_data(run, named)[0]


def test_settings_that_differ_are_those_that_were_used(make_run):
    head, same = make_run(head_learning_rate=0.005), make_run(head_learning_rate=0.005)
    assert find_differences(head, same) == [] and find_differences(make_run(), make_run(learning_rate=0.1)) == []
    body = make_run(strategy="full", learning_rate=1e-4, seed=3)
    found = {name: values for name, *values in find_differences(head, body)}
    assert found["strategy"] == ["head_only", "full"] and found["learning_rate"] == [None, 1e-4] and found["seed"] == [0, 3]
    assert set(found) == {"strategy", "learning_rate", "head_learning_rate", "seed"}


def test_a_run_is_found_by_its_link_and_nothing_else_is(make_run):
    run = make_run()
    for text in (run.id, f" {run.id} ", f"http://lab.example/base/inspect?lang=pt-BR&run={run.id}&data=x"):
        assert find_named_run(text).id == run.id
    for text in ("../../etc", "http://lab.example/inspect?run=..%2F..", "", "nobody", "http://lab.example/inspect?data=x"):
        with pytest.raises(RunError):
            find_named_run(text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_agrees_with_its_twin_on_everything(make_run, kind):
    run, twin = trained(make_run, task=kind), trained(make_run, task=kind)
    found = compare_measured(run.id, twin.id)
    count = int((run.data()["split"] == "validation").sum())
    assert found["shared"] == found["agree"] == count and found["own"] == [count, count] and found["rows"] == []
    assert found["scores"][0] == found["shared_scores"][1] and sum(found["counts"].values()) == count
    assert (found["words"] is not None) == (kind == "token_classification")


def test_what_only_one_gets_right_is_listed_with_both_answers(make_run):
    run, other = trained(make_run), trained(make_run, seed=1)
    told(run, ["pos", "pos"])  # of "not bad" (pos) and "not good" (neg)
    told(other, ["neg", "neg"])
    found = compare_measured(run.id, other.id)
    first, second = run.data().query("split == 'validation'")["row"]
    assert found["counts"] == {"both": 0, "first": 1, "second": 1, "neither": 0} and found["agree"] == 0
    assert [(row["kind"], row["row"], row["true"], row["first"], row["second"]) for row in found["rows"]] == [
        ("first", first, "pos", "pos", "neg"),
        ("second", second, "neg", "pos", "neg"),
    ]
    assert found["scores"][0]["accuracy"] == 0.5


def test_of_numbers_the_nearer_one_counts_and_the_farthest_apart_come_first(make_run):
    run, other = trained(make_run, task="regression"), trained(make_run, task="regression")
    told(run, [1.5, 3.0])  # of 1.5 and 3.5
    told(other, [1.4, 9.0])
    found = compare_measured(run.id, other.id)
    assert found["counts"] == {"both": 0, "first": 2, "second": 0, "neither": 0}
    assert [row["second"] for row in found["rows"]] == [9.0, 1.4]


def test_only_what_both_were_measured_with_counts_and_what_the_other_learnt_is_said(make_run, tiny_checkpoint, text_frame):
    """Another split of the same texts, in another order of rows, with one text twice."""
    run = trained(make_run)
    again = text_frame.iloc[::-1].assign(row=range(50, 58))
    again.loc[again["text"] == "not good", "split"] = "train"
    again = pd.concat([again, again[again["text"] == "not bad"].assign(row=90)])
    other = create_run(validate({"checkpoint": tiny_checkpoint, "epochs": 1}), again, {"name": "x", "fingerprint": "1", "columns": {}})
    carry_out(other.id)
    found = compare_measured(run.id, other.id)
    assert found["shared"] == 1 and found["own"] == [2, 2] and found["learnt"] == 1
