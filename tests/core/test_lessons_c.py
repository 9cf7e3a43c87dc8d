"""Lessons 0, 4 to 4d, 5 to 5c and 6a to 6c: their judges on planted outcomes, and what they measure on planted weights."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mlmtune_core.config import validate
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.experiments import (
    lesson_00_first_run,
    lesson_04_freezing_depth,
    lesson_04b_head_trap,
    lesson_04c_layer_by_layer,
    lesson_04d_extract_or_tune,
    lesson_05_by_heart,
    lesson_05a_dropout_amount,
    lesson_05b_weight_pull,
    lesson_05c_stopping_in_time,
    lesson_06a_warming_up,
    lesson_06b_finder_trust,
    lesson_06c_longer_schedule,
)
from mlmtune_core.lessons.measures import MEASURES
from mlmtune_core.lessons.outcomes import Outcome, Outcomes, best_validation_score
from mlmtune_core.lessons.verdicts import INCONCLUSIVE, NOT_SUPPORTED, SUPPORTED
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.runs.kept_weights import START
from mlmtune_core.workers import worker
from mlmtune_core.workers.costs.memory import PROCESS_BYTES, memory_law
from mlmtune_core.workers.recorder import save_best

SEEDS, EXAMPLES = 5, 200
ALL = (SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE)


def make(lesson, arm, seed, score=0.8, **more):
    """A finished run: `score` of the test examples right, always the same ones first. more: trainable, epochs, losses (of steps),
    validation (losses), validation_score, train_score, train_loss, top_share, measured, baseline.
    """
    told = {
        "trainable": 770,
        "epochs": 4,
        "losses": None,
        "validation": None,
        "validation_score": score,
        "train_score": 0.9,
        "train_loss": 0.4,
    }
    told |= {"top_share": 0.3, "measured": {}, "baseline": 0.2} | more
    validation = told["validation"] or [1.6, *[0.5] * told["epochs"]]
    begin = {
        "kind": "Started",
        "task": "sequence_classification",
        "strategy": "full",
        "trainable": told["trainable"],
        "label_names": ["a", "b"],
    }
    begin |= {
        "metric": "accuracy",
        "baseline": told["baseline"],
        "prior_loss": 1.6,
        "total_steps": 80,
        "steps_per_epoch": 20,
    }
    steps = [
        {"kind": "StepDone", "step": i, "loss": loss, "head_learning_rate": 1e-3, "learning_rate": 1e-4}
        for i, loss in enumerate(told["losses"] or [*np.linspace(1.6, 0.4, 80)], start=1)
    ]
    evaluations = [
        {
            "kind": "EvalDone",
            "step": 20 * i,
            "epoch": float(i),
            "train_loss": told["train_loss"] if i else None,
            "train_eval_loss": told["train_loss"] if i else 1.6,
            "validation_loss": loss,
            "metrics": {"accuracy": told["validation_score"]},
            "train_metrics": {"accuracy": told["train_score"]},
            "top_share": told["top_share"],
            "is_best": i > 0,
        }
        for i, loss in enumerate(validation)
    ]
    tested = {"kind": "Tested", "metrics": {"accuracy": score}, "baseline": {"accuracy": told["baseline"]}}
    rows = [begin, evaluations[0], *steps, *evaluations[1:], tested, {"kind": "Finished"}]
    right = (np.arange(EXAMPLES) < round(score * EXAMPLES)).astype(float)
    config = lesson.config(lesson.arm(arm), seed).model_dump()
    return Outcome(arm, seed, config, "finished", 1.0, rows, [[one, 1.0] for one in right], told["measured"])


def gather(lesson, seeds=SEEDS, **arms):
    """Outcomes of all arms of a lesson; what is planted in an arm (its id, with `_` for signs) is a dict, or a function of the seed."""
    found = []
    for arm in lesson.arms:
        told = arms.get("".join(sign if sign.isalnum() else "_" for sign in arm.id), {})
        found += [make(lesson, arm.id, seed, **(told(seed) if callable(told) else told)) for seed in range(seeds)]
    return Outcomes(tuple(found))


def check(lesson, judge, *cases):
    """Each of the three verdicts is reached by what was planted for it, in the order of ALL."""
    assert [judge(gather(lesson, **case)).kind for case in cases] == list(ALL)


def swing(high, low):
    """A score that depends on the seed."""
    return lambda seed: {"score": high if seed % 2 else low}


def test_the_weights_that_learn_are_counted_exactly():
    plan = [{"first": {}}, {"first": {"trainable": 768}}, {"first": lambda seed: {"trainable": 770 + seed % 2}}]
    check(lesson_00_first_run.LESSON, lesson_00_first_run.judge_count, *plan)
    verdict = lesson_00_first_run.judge_count(gather(lesson_00_first_run.LESSON, first={"trainable": 771}))
    assert verdict.kind == NOT_SUPPORTED  # one too many is as wrong as one too few


def test_adaptation_takes_the_best_by_validation_and_not_by_test():
    lesson, judge = lesson_04_freezing_depth.LESSON, lesson_04_freezing_depth.judge_adaptation
    head = {"head_only_800": {"score": 0.7}}
    check(
        lesson,
        judge,
        head | {"full_800": {"score": 0.8, "validation_score": 0.9}},
        {"head_only_800": {"score": 0.9}},
        head | {"full_800": {"score": 0.71, "validation_score": 0.9}},
    )
    lucky = head | {
        "full_800": {"score": 0.99, "validation_score": 0.1},
        "last_layers_1_800": {"score": 0.7, "validation_score": 0.9},
    }
    assert judge(gather(lesson, **lucky)).effect == pytest.approx(0.0)


def test_overfitting_is_a_difference_of_gaps():
    lesson, judge = lesson_04_freezing_depth.LESSON, lesson_04_freezing_depth.judge_overfitting
    full = {"full_50": {"score": 0.7, "train_score": 1.0}}
    cases = [full | {"head_only_50": {"score": 0.7, "train_score": share}} for share in (0.8, 1.1, 0.98)]
    check(lesson, judge, *cases)
    better = full | {"head_only_50": {"score": 0.8, "train_score": 0.9}}
    assert [judge(gather(lesson, **each)).effect for each in (cases[0], better)] == pytest.approx([0.2, 0.2])


def test_the_trap_needs_a_low_rate_that_fails_and_a_high_one_that_does_not():
    lesson, judge = lesson_04b_head_trap.LESSON, lesson_04b_head_trap.judge_trap
    slow = {"score": 0.25, "validation_score": 0.25, "train_loss": 1.55, "validation": [1.6, 1.59, 1.58, 1.57, 1.56]}
    assert gather(lesson, rate_5e_05=slow).runs[0].run_class == "crawling"
    check(
        lesson,
        judge,
        {"rate_5e_05": slow},
        {},  # the low rate does as well as the others
        {"rate_5e_05": lambda seed: slow if seed else {}},
    )
    useless = {"rate_5e_05": slow, "rate_0_001": {"score": 0.3}, "rate_0_01": {"score": 0.3}}
    assert judge(gather(lesson, **useless)).kind == NOT_SUPPORTED


@pytest.mark.parametrize(
    ("lesson", "judge", "plain", "other"),
    [
        (lesson_04c_layer_by_layer.LESSON, lesson_04c_layer_by_layer.judge_care, "plain", "gradual"),
        (lesson_05a_dropout_amount.LESSON, lesson_05a_dropout_amount.judge_score, "dropout_0", "dropout_0_3"),
        (lesson_05b_weight_pull.LESSON, lesson_05b_weight_pull.judge_score, "decay_0", "back_0_1"),
        (lesson_05c_stopping_in_time.LESSON, lesson_05c_stopping_in_time.judge_score, "last", "stopped"),
    ],
    ids=["4c", "5a", "5b", "5c"],
)
def test_what_is_better_beyond_noise_is_supported_and_what_is_worse_is_not(lesson, judge, plain, other):
    """`other` is the best of its side by validation."""
    chosen = {"validation_score": 0.95}
    check(
        lesson,
        judge,
        {plain: {"score": 0.7}, other: chosen | {"score": 0.8}},
        {plain: {"score": 0.8}, other: chosen | {"score": 0.7}},
        {plain: {"score": 0.76}, other: lambda seed: chosen | swing(0.80, 0.72)(seed)},
    )


def test_tuning_is_held_against_the_best_frozen_vector():
    best = {"mean": {"validation_score": 0.9, "score": 0.75}}
    cases = [best | {"tuned": told} for told in ({"score": 0.85}, {"score": 0.65}, swing(0.8, 0.7))]
    check(lesson_04d_extract_or_tune.LESSON, lesson_04d_extract_or_tune.judge_tuning, *cases)


def test_memorising_is_counted_by_how_far_the_validation_loss_rose():
    lesson, judge = lesson_05_by_heart.LESSON, lesson_05_by_heart.judge_memorising
    heart = {"train_score": 1.0, "train_loss": 0.02, "validation": [1.6, 0.8, 0.9, 1.2]}
    check(lesson, judge, {"wrong": heart}, {"wrong": {}}, {"wrong": lambda seed: heart if seed else {}})
    assert judge(gather(lesson, wrong=heart)).effect == pytest.approx(1.5)
    assert judge(gather(lesson, right=heart)).effect == 1  # the other arm decides nothing


def test_dropout_may_shrink_the_gap_without_being_better():
    lesson, chosen = lesson_05a_dropout_amount.LESSON, {"validation_score": 0.95}
    cases = [
        {"dropout_0": {"train_score": 1.0}, "dropout_0_5": chosen | {"train_score": share}}
        for share in (0.85, 1.1, 0.97)
    ]
    check(lesson, lesson_05a_dropout_amount.judge_gap, *cases)
    assert lesson_05a_dropout_amount.judge_score(gather(lesson, **cases[0])).kind == INCONCLUSIVE


def test_weight_decay_is_asked_whether_it_moved_anything():
    lesson, usual = lesson_05b_weight_pull.LESSON, {"measured": {"body_norm": 100.0}}
    plan = [
        {"measured": {"body_norm": 103.0}},
        {"measured": {"body_norm": 100.1}},
        lambda seed: {"measured": {"body_norm": 103.0 if seed else 100.0}},
    ]
    check(lesson, lesson_05b_weight_pull.judge_size, *[{"decay_0": each, "decay_0_01": usual} for each in plan])
    broken = {"decay_0": lambda seed: plan[0] if seed < SEEDS - 1 else {}, "decay_0_01": usual}
    assert lesson_05b_weight_pull.judge_size(gather(lesson, **broken)).kind == INCONCLUSIVE


def test_epochs_saved_are_a_ratio_in_every_seed():
    lesson, whole = lesson_05c_stopping_in_time.LESSON, {"epochs": 20}
    plan = [{"epochs": 6}, {"epochs": 20}, lambda seed: {"epochs": 6 if seed else 18}]
    verdicts = [lesson_05c_stopping_in_time.judge_saving(gather(lesson, last=whole, stopped=each)) for each in plan]
    assert [verdict.kind for verdict in verdicts] == list(ALL)


def test_failed_runs_are_counted_whatever_they_failed_by():
    lesson, judge = lesson_06a_warming_up.LESSON, lesson_06a_warming_up.judge_all
    one_sided = {"score": 0.3, "top_share": 1.0, "train_loss": 1.7}
    at_majority = {"score": 0.2}
    assert [
        lesson_06a_warming_up.has_failed(make(lesson, "bare", 0, **each)) for each in (one_sided, at_majority, {"score": 0.6})
    ] == [True, True, False]
    cases = [{"bare": one_sided}, {"all": at_majority}, {"bare": lambda seed: at_majority if seed < 2 else {}}]
    assert [judge(gather(lesson, seeds=10, **case)).kind for case in cases] == list(ALL)
    assert lesson_06a_warming_up.judge_warm(gather(lesson, seeds=10, bare=one_sided, warm=one_sided)).effect == 0


def test_a_suggestion_is_held_against_the_best_real_rate():
    lesson, name = lesson_06b_finder_trust.LESSON, lesson_06b_finder_trust.SUGGESTED
    best = {"validation_score": 0.95}
    told = [
        lambda seed: {"measured": {name: 2e-3}},
        lambda seed: {"measured": {name: 4e-4}},
        lambda seed: {"measured": {name: 2e-3 if seed else 4e-4}},
    ]
    check(
        lesson, lesson_06b_finder_trust.judge_suggestion, *[{"rate_0_0003": best, "rate_0_003": each} for each in told]
    )  # asked in another run
    nothing = {"rate_0_0003": best | {"measured": {name: 0.0}}}
    assert lesson_06b_finder_trust.judge_suggestion(gather(lesson, **nothing)).kind == INCONCLUSIVE


def test_the_first_epochs_of_a_long_run_are_compared_step_by_step():
    lesson = lesson_06c_longer_schedule.LESSON
    short, same, far = (
        [*np.linspace(1.6, 0.8, 40)],
        [*np.linspace(1.6, 0.8, 40), *[0.1] * 80],
        [*np.linspace(1.6, 0.5, 40), *[0.1] * 80],
    )
    plan = [far, same, None]
    cases = [{"linear_5": {"losses": short}, "linear_15": {"losses": long}} for long in plan[:2]]
    cases.append({"linear_5": {"losses": short}, "linear_15": lambda seed: {"losses": far if seed else same}})
    check(lesson, lesson_06c_longer_schedule.judge_apart, *cases)
    cases = [
        {name.replace("linear", "constant"): told for name, told in case.items()}
        for case in (cases[1], cases[0], cases[2])
    ]
    check(lesson, lesson_06c_longer_schedule.judge_together, *cases)


def test_where_the_last_model_is_kept_arms_are_chosen_by_the_last_validation_score():
    outcome = make(lesson_05_by_heart.LESSON, "wrong", 0)
    outcome.evaluations[1]["metrics"]["accuracy"] = 0.99
    assert best_validation_score(outcome) == 0.8
    assert best_validation_score(make(lesson_06c_longer_schedule.LESSON, "linear@5", 0, validation_score=0.7)) == 0.7
    usual = Outcome(**vars(outcome) | {"config": outcome.config | {"early_stopping_metric": "metric"}})
    assert best_validation_score(usual) == 0.99


def test_arms_take_about_as_many_steps_and_stopped_runs_begin_alike():
    """Of lesson 4, whatever the number of labels; of lesson 5c, up to the end of the shorter one."""
    lesson = lesson_04_freezing_depth.LESSON
    steps = {
        -(-config.train_examples // config.batch_size) * config.epochs
        for config in (lesson.config(arm, 0) for arm in lesson.arms)
    }
    assert max(steps) - min(steps) <= 2
    one, other = (lesson_05c_stopping_in_time.LESSON.config(arm, 0) for arm in lesson_05c_stopping_in_time.LESSON.arms)
    assert one.model_dump(exclude={"early_stopping_metric", "patience"}) == other.model_dump(
        exclude={"early_stopping_metric", "patience"}
    )


def test_a_planted_pull_of_the_body_is_measured(make_run):
    run = make_run(strategy="last_layers:1")
    save_best(run, {}, ["neg", "pos"], {})  # nothing moved
    start = load_run(run, START).model
    assert MEASURES["body_moved"](run) == 0
    doubled = {name: weight.detach() * 2 for name, weight in start.named_parameters() if ".layer.3." in name}
    save_best(run, doubled, ["neg", "pos"], {})
    assert MEASURES["body_moved"](run) == pytest.approx(1 / 4)  # one of four layers is twice what it was
    layers = find_layers(start.encoder).children()
    squares = [
        sum(float(each.detach().double().square().sum()) for each in layer.parameters() if each.ndim > 1)
        for layer in layers
    ]
    assert MEASURES["body_norm"](run) == pytest.approx((sum(squares[:3]) + 4 * squares[3]) ** 0.5)


def test_a_step_takes_more_memory_the_more_learns(make_run):
    runs = [make_run(strategy=strategy) for strategy in ("head_only", "last_layers:1", "full")]
    for run in runs:
        list(worker.carry_out(run))
    head, last, full = map(MEASURES["memory"], runs)
    for run, told, learning in zip(runs, (head, last, full), (0, 1, 4), strict=True):  # layers of which activations are kept
        config, start, shape = run.config(), run.events("Started")[0], load_run(run).model.encoder.config
        law = memory_law(start["total"], start["trainable"], shape.hidden_size, shape.num_attention_heads, learning)
        assert told == pytest.approx((law.of(config.batch_size, config.max_length) - PROCESS_BYTES) / 2**20)
    assert 0 < head < last < full < 100, "a tiny model, without what a process takes by itself"


def test_gap_and_training_loss_are_those_of_the_kept_model():
    told = [
        {"kind": "EvalDone", "is_best": True, "train_eval_loss": 0.5, "train_metrics": {"accuracy": 0.9}},
        {"kind": "EvalDone", "is_best": False, "train_eval_loss": 0.1, "train_metrics": {"accuracy": 1.0}},
        {"kind": "Tested", "metrics": {"accuracy": 0.75}},
    ]
    run = SimpleNamespace(config=lambda: validate({}), events=lambda kind: [row for row in told if row["kind"] == kind])
    assert MEASURES["gap"](run) == pytest.approx(0.15)
    assert MEASURES["train_loss"](run) == 0.5


def test_the_finder_is_asked_once_for_all_rates_and_never_sees_the_test_set(make_run, monkeypatch):
    asked = []

    def find_rate(examples, settings):
        asked.append((set(examples["split"]), settings))
        return {"suggestions": {"valley": 2e-3} if len(asked) == 1 else {}}

    monkeypatch.setitem(sys.modules, "mlmtune_core.inspecting.trials.rate_finder", SimpleNamespace(find_rate=find_rate))
    runs = [
        make_run(True, learning_rate=rate, head_learning_rate=rate, seed=seed)
        for seed in (0, 1)
        for rate in (1e-4, 1e-3)
    ]
    assert [MEASURES["finder_suggestion"](run) for run in runs] == [2e-3, 2e-3, 0.0, 0.0]
    assert len(asked) == 2
    for splits, settings in asked:
        assert splits == {"train", "validation"} and not {"learning_rate", "head_learning_rate"} & set(settings)


def test_lessons_come_in_the_order_of_their_numbers():
    assert list(LESSONS) == sorted(LESSONS, key=lambda name: (int(name.rstrip("abcd")), name))
