"""What a run is called from its events: each class, its near misses, every task, and at every moment."""

import math

import numpy as np
import pytest

from mlmtune_core.errors import TrainingError
from mlmtune_core.events import Failed, Finished, to_failed, to_row
from mlmtune_core.runs.diagnosis import KINDS, diagnose
from mlmtune_core.tasks.base import IGNORE_INDEX, Encoded
from mlmtune_core.training.evaluation import Scores, conclude, find_prior_loss, find_top_share
from mlmtune_core.training.setup import TrainingState
from mlmtune_core.training.steps import not_finite
from mlmtune_core.workers import worker
from tests.conftest import KINDS as TASKS

PRIOR = math.log(2)
FALL = np.linspace(0.69, 0.3, 6)


def rows_of(training, validation=None, scores=None, steps=10, top_share=0.6, ended=True, rates=(1e-3, 1e-4), **start):
    """Rows of a run of two balanced labels: `training` is the loss of each epoch (the first entry: of the evaluation before it)."""
    validation = training if validation is None else validation
    scores = [0.5, *[0.9] * (len(training) - 1)] if scores is None else scores
    start = {
        "task": "sequence_classification",
        "strategy": "full",
        "metric": "accuracy",
        "baseline": 0.5,
        "prior_loss": PRIOR,
        "total_steps": steps * (len(training) - 1),
    } | start
    rows = [{"kind": "PhaseStarted", "phase": "preparing"}, {"kind": "Started", **start}]
    for epoch, loss in enumerate(training):
        for i in range(steps if epoch else 0):
            between = np.interp(i / steps, [0, 1], training[epoch - 1 : epoch + 1]) if epoch > 1 else loss
            step = (epoch - 1) * steps + i + 1
            rows.append(
                {
                    "kind": "StepDone",
                    "step": step,
                    "loss": float(between),
                    "head_learning_rate": rates[0],
                    "learning_rate": rates[1],
                }
            )
        evaluation = {
            "step": epoch * steps,
            "train_loss": float(loss) if epoch else None,
            "validation_loss": float(validation[epoch]),
        }
        rows.append(
            {"kind": "EvalDone", **evaluation, "metrics": {start["metric"]: scores[epoch]}, "top_share": top_share, "is_best": validation[epoch] == min(validation)}
        )
    return [*rows, {"kind": "Finished", "reason": "epochs_done"}] if ended else rows


def kind(rows):
    found = diagnose(rows)
    return found and found.kind


def told(rows):
    found = diagnose(rows)
    return found.evidence.format(**found.values)


def test_what_learns_and_is_better_than_the_trivial_predictor_goes_well():
    assert kind(rows_of(FALL)) == "ok" and "0.3" in told(rows_of(FALL))


@pytest.mark.parametrize("fall", [1e-7, 1e-3, 0.05])
def test_crawling_still_falls_but_hardly(fall):
    rows = rows_of(0.7 - fall * np.linspace(0, 1, 6), scores=[0.5] * 6, top_share=1.0)
    assert kind(rows) == "crawling" and "ten times higher" in diagnose(rows).advice


def test_a_head_alone_at_the_rate_of_a_body_is_told_what_a_head_bears():
    losses = np.linspace(0.7, 0.69, 6)
    assert "0.001 to 0.01" in diagnose(rows_of(losses, strategy="head_only", rates=(5e-5, 0.0))).advice
    assert "0.001 to 0.01" not in diagnose(rows_of(losses, strategy="head_only", rates=(5e-3, 0.0))).advice


def test_what_rose_and_came_back_to_the_label_shares_has_collapsed():
    """The schedule takes the rate to zero, so that the loss still falls at the end: too high a rate, not too low a one."""
    rows = rows_of([0.70, 0.84, 0.75, 0.70, 0.695, 0.693], scores=[0.5] * 6, top_share=1.0)
    assert kind(rows) == "collapsed" and "ten times smaller" in diagnose(rows).advice
    only_measured = rows_of([0.7] * 6, [0.70, 0.84, 0.75, 0.70, 0.695, 0.693], scores=[0.5] * 6)
    assert kind(only_measured) == "collapsed"
    peak = rows_of([0.70, 0.699, 0.698, 0.697, 0.696, 0.695], scores=[0.5] * 6, steps=40)  # within one long epoch
    for row in [row for row in peak if row["kind"] == "StepDone"][12:30]:
        row["loss"] = 1.4
    assert kind(peak) == "collapsed"


def test_tags_that_came_down_to_always_o_have_collapsed_and_those_on_their_way_crawl():
    tags = {
        "task": "token_classification",
        "metric": "entity_f1",
        "baseline": 0.0,
        "prior_loss": 0.8,
        "scores": [0.0] * 7,
        "top_share": None,
    }
    assert kind(rows_of([2.0, 1.2, 0.84, 0.805, 0.801, 0.8, 0.799], **tags)) == "collapsed"
    assert kind(rows_of([2.0, 1.8, 1.6, 1.4, 1.2, 1.1, 1.0], **tags)) == "crawling"
    assert kind(rows_of([2.0, 1.4, 0.8, 0.7, 0.6, 0.5, 0.4], **tags | {"scores": [0.0] * 3 + [0.3] * 4})) == "ok"


@pytest.mark.parametrize("share", [0.99, 1.0])
def test_one_label_for_all_is_collapse_however_low_the_loss_of_rare_labels(share):
    losses, scores = [0.4, 0.3, 0.26, 0.27, 0.27, 0.28], [0.9] * 6
    assert (
        kind(rows_of(losses, [0.4, 0.3, 0.28, 0.3, 0.3, 0.31], scores, top_share=share, baseline=0.8, prior_loss=0.33))
        == "collapsed"
    )
    assert (
        kind(rows_of(losses, [0.4, 0.3, 0.28, 0.3, 0.3, 0.31], scores, top_share=0.9, baseline=0.8, prior_loss=0.33))
        == "ok"
    )


def test_exploding_is_four_times_the_best_and_above_where_it_began():
    up = rows_of([0.7, 0.6, 0.9, 3.0, 8.0], [0.7] * 5, scores=[0.5] * 5)
    assert kind(up) == "exploding" and "times its best" in told(up)
    at_once = rows_of([1.0, 900.0, 800.0, 745.0], [1.0, 900.0, 40.0, 3.5], scores=[0.0] * 4, prior_loss=1.0)
    assert kind(at_once) == "exploding"  # before there was a smoothed loss that could be its best
    bump = rows_of([0.7, 0.1, 0.001, 0.001, 0.1], [0.7, 0.3, 0.3, 0.3, 0.3], steps=80)
    assert kind(bump) == "ok"  # many times the best, and far below where it began
    assert kind(rows_of([1.0, 1.1, 1.0, 0.6, 0.5], prior_loss=1.0)) == "ok"


def test_a_validation_loss_that_explodes_counts_unless_the_examples_are_known_by_heart():
    assert kind(rows_of([0.7, 2.0, 0.9, 0.4, 0.19], [0.7, 4.0, 5.0, 6.0, 6.2])) == "exploding"
    assert kind(rows_of([0.7, 0.5, 0.1, 0.01, 0.001], [0.7, 0.6, 1.0, 2.0, 3.0])) == "memorising"


def test_a_rate_that_throws_the_model_off_at_once_is_no_crawling_though_it_comes_back():
    training, validation = [0.7, 0.79, 0.72, 0.71, 0.7], [0.702, 0.705, 0.697, 0.696, 0.694]  # the steps themselves begin high: 0.79 is their first mean
    rows = rows_of(training, validation, scores=[0.5] * 5, top_share=1.0)
    assert kind(rows) == "collapsed" and "higher" not in diagnose(rows).advice
    assert kind(rows_of([0.7, 0.71, 0.7, 0.7, 0.699], validation, scores=[0.5] * 5, top_share=1.0)) == "crawling"


def test_memorising_needs_both_the_examples_by_heart_and_a_validation_loss_that_turned():
    down = [0.7, 0.5, 0.2, 0.05, 0.01]
    assert kind(rows_of(down, [0.7, 0.5, 0.45, 0.5, 0.53])) == "memorising"  # 1.18 times
    assert kind(rows_of(down, [0.7, 0.5, 0.45, 0.5, 0.51])) == "ok"  # 1.13 times
    assert kind(rows_of([0.7, 0.5, 0.3, 0.2, 0.1], [0.7, 0.5, 0.45, 0.5, 0.6])) == "ok"


def test_only_a_run_that_keeps_its_best_model_is_told_so():
    rows = rows_of([0.7, 0.5, 0.2, 0.05, 0.01], [0.7, 0.5, 0.45, 0.5, 0.53])
    assert "What is kept is the best model" in diagnose(rows).advice
    for row in rows:
        row.update(is_best=True)  # as where the last is kept
    assert diagnose(rows).kind == "memorising" and "kept" not in diagnose(rows).advice


def test_scores_on_the_training_examples_count_before_any_guess_from_the_loss():
    rows = rows_of([0.7, 0.5, 0.3, 0.2, 0.1], [0.7, 0.5, 0.45, 0.5, 0.6])
    last = [row for row in rows if row["kind"] == "EvalDone"][-1]
    assert kind(rows) == "ok"
    last["train_metrics"] = {"accuracy": 0.99}
    assert kind(rows) == "memorising"
    last["train_metrics"], last["train_loss"] = {"accuracy": 0.98}, 0.001
    assert kind(rows) == "ok"


def test_a_training_loss_without_dropout_counts_before_the_one_with_it():
    rows = rows_of([0.7, 0.71, 0.7, 0.71, 0.7], [0.7, 0.71, 0.72, 0.75, 0.8], scores=[0.5] * 5)
    assert kind(rows) == "collapsed"
    for row, loss in zip([row for row in rows if row["kind"] == "EvalDone"], np.linspace(0.7, 0.69, 5), strict=True):
        row["train_eval_loss"] = loss
    assert kind(rows) == "crawling"


@pytest.mark.parametrize("error", [not_finite(7, {"head": 1.0}), "validation"])
def test_a_loss_that_is_no_number_is_told_by_the_errors_that_training_raises(error):
    if error == "validation":
        with pytest.raises(TrainingError) as raised:
            conclude(None, TrainingState(step=7), 1.0, Scores(math.nan, {}, {}))
        error = raised.value
    rows = [*rows_of(FALL, ended=False), to_row(to_failed(error))]
    assert kind(rows) == "nan" and told(rows) == "At step 7 the loss was no longer a number."
    assert kind([*rows_of(FALL, ended=False), to_row(Failed("The disk is full."))]) == "ok"


def test_a_sensible_run_is_never_called_anything_bad_while_it_warms_up():
    losses = [0.7, 0.699, 0.69, 0.5, 0.3, 0.2]
    rows, seen = rows_of(losses, scores=[0.5, 0.5, 0.5, 0.8, 0.9, 0.9], total_steps=50), set()
    for i, row in enumerate(row for row in rows if row["kind"] == "StepDone"):
        row["head_learning_rate"] = 1e-3 * min(1.0, (i + 1) / 25)
    for i in range(len(rows) + 1):
        seen.add(kind(rows[:i]))
    assert seen == {None, "ok"}


def test_of_two_evaluations_at_most_the_worst_is_said():
    rows = rows_of([0.7, 0.699, 0.698, 0.697, 0.696, 0.695], scores=[0.5] * 6)
    after = [i + 1 for i, row in enumerate(rows) if row["kind"] == "EvalDone"]
    assert [kind(rows[:i]) for i in after] == [None, None, "crawling", "crawling", "crawling", "crawling"]
    assert kind([*rows[: after[1]], to_row(Finished("stopped"))]) == "crawling"  # no more will come
    assert kind([]) is None and kind(rows[:1]) is None


@pytest.mark.parametrize(
    ("start", "score", "wanted"),
    [
        ({"task": "regression", "metric": "pearson", "baseline": 0.0, "prior_loss": 1.0}, 0.0, "collapsed"),
        ({"task": "question_answering", "metric": "answer_f1", "baseline": 0.4, "prior_loss": None}, 0.3, "ok"),
        ({"task": "masked_words", "metric": "masked_loss", "baseline": 7.0, "prior_loss": None}, 6.5, "ok"),
        ({"task": "masked_words", "metric": "masked_loss", "baseline": 7.0, "prior_loss": None}, 7.5, "collapsed"),
    ],
)
def test_a_trivial_score_counts_where_a_model_can_sit_at_it(start, score, wanted):
    """The first sentence of a context beats many a model that has learnt; of masked words a lower score is better."""
    losses = [1.0, 0.9, 0.8, 0.72, 0.71, 0.70]
    assert kind(rows_of(losses, [1.0, 0.9, 0.93, 0.96, 0.95, 0.95], [score] * 6, top_share=None, **start)) == wanted


def test_old_logs_that_say_neither_label_shares_nor_one_sided_answers_are_still_read():
    for losses, wanted in ((FALL, "ok"), (0.7 - 1e-3 * np.arange(6), "crawling")):
        rows = rows_of(losses)
        for row in rows:
            row.pop("prior_loss", None)
            row.pop("top_share", None)
        assert kind(rows) == wanted


def test_a_loss_of_nothing_is_divided_by_nowhere():
    assert kind(rows_of([0.0] * 6, prior_loss=0.0)) in (None, *KINDS)
    assert kind(rows_of([0.0, 0.0, 0.0, 0.0, 0.0, 1.0], prior_loss=0.0)) == "exploding"


@pytest.mark.thorough
@pytest.mark.parametrize("task", TASKS)
def test_every_prefix_of_a_real_run_of_every_task_is_judged(make_run, task):
    run = make_run(task=task, epochs=4, strategy="full")
    list(worker.carry_out(run))
    rows = run.events()
    found = [diagnose(rows[:i]) for i in range(len(rows) + 1)]
    before = next(i for i, row in enumerate(rows) if row["kind"] == "StepDone")
    assert not any(found[: before + 1]) and all(each is None or each.evidence.format(**each.values) for each in found)
    (start,), last = run.events("Started"), run.events("EvalDone")[-1]
    assert (start["prior_loss"] is None) == (task == "question_answering")
    assert (last["top_share"] is not None) == (task in ("sequence_classification", "sentence_pair"))


def encoded(*labels):
    return [Encoded(i, {"input_ids": [0]}, label) for i, label in enumerate(labels)]


def test_the_loss_of_who_knows_only_the_label_shares():
    assert find_prior_loss(encoded(0, 0, 1, 1), "one per text", ["a", "b"]) == pytest.approx(math.log(2))
    assert find_prior_loss(encoded(0, 0, 0, 1), "one per text", ["a", "b"]) == pytest.approx(0.5623, abs=1e-4)
    tags = encoded([IGNORE_INDEX, 0, 0], [0, IGNORE_INDEX, 1])
    assert find_prior_loss(tags, "one per token", ["O", "B"]) == pytest.approx(0.5623, abs=1e-4)
    assert find_prior_loss(encoded([1, 0], [0, 0]), "one per text", ["a", "b"]) == pytest.approx(math.log(2) / 2)
    assert find_prior_loss(encoded(-1.0, 1.0), "one number", ["0.0", "1.0"]) == pytest.approx(1.0)
    assert find_prior_loss(encoded((1, 2)), "one span", ["start", "end"]) is None
    assert find_prior_loss(encoded([5, 7]), "one per token", []) is None  # masked words


def test_the_share_of_the_most_frequent_answer():
    assert find_top_share({0: "a", 1: "a", 2: "b"}, "one per text") == pytest.approx(2 / 3)
    assert find_top_share({0: ["a"], 1: ["a"]}, "one per text") is None  # several labels
    assert find_top_share({0: ["O"]}, "one per token") is None and find_top_share({0: 0.5}, "one number") is None
