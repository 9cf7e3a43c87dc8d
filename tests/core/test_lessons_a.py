"""Lessons 1, 1b, 1c, 2, 2b, 10 and 12: their judges on outcomes whose truth is planted, and what they are tried on."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import lesson_rates
from mlmtune_core.config import RunConfig
from mlmtune_core.lessons import LESSONS, data
from mlmtune_core.lessons.experiments import (
    lesson_01_labels,
    lesson_01b_word_order,
    lesson_01c_transfer,
    lesson_02_arrival,
    lesson_02b_cost,
    lesson_10_luck,
    lesson_12_length,
)
from mlmtune_core.lessons.outcomes import Outcome, Outcomes
from mlmtune_core.lessons.verdicts import INCONCLUSIVE, NOT_SUPPORTED, SUPPORTED

SEEDS = 3
MAJORITY = 0.25
CONFIG = RunConfig().model_dump()


def made(arm, seed, right=0.5, losses=(), scores=(), every=10, seconds=1.0, examples=400):
    """One run: right about such a share of the test examples; evaluations after each `every` steps and `seconds`, the first before step 1."""
    marks = max(len(losses), len(scores))
    losses, scores = losses or [1.0] * marks, scores or [0.0] * marks
    evaluations = [
        {"kind": "EvalDone", "time": 100 + i * seconds, "step": i * every, "validation_loss": loss, "metrics": {"accuracy": score}}
        for i, (loss, score) in enumerate(zip(losses, scores, strict=True))
    ]
    rows = [{"kind": "Started", "time": 100.0, "steps_per_epoch": every}, *evaluations, {"kind": "Tested", "baseline": {"accuracy": MAJORITY}}]
    random = np.random.default_rng([seed, len(arm)])
    counts = [[float(hit), 1.0] for hit in random.permutation(examples) < round(right * examples)]
    return Outcome(arm, seed, CONFIG, "finished", 1.0, rows, counts)


def outcomes(arms):
    """Arm -> the share that is right, or settings of `made`; one for all seeds, or a list with one a seed."""
    runs = []
    for arm, told in arms.items():
        each = told if isinstance(told, list) else [told] * SEEDS
        runs += [made(arm, seed, **(one if isinstance(one, dict) else {"right": one})) for seed, one in enumerate(each)]
    return Outcomes(tuple(runs))


@pytest.mark.parametrize(
    ("curve", "target", "found"),
    [
        ([(10, 0.2), (100, 0.4), (1000, 0.8)], 0.6, 10**2.5),
        ([(10, 0.2), (100, 0.4), (1000, 0.8)], 0.4, 100),
        ([(10, 0.2), (100, 0.4), (1000, 0.8)], 0.1, 10),
        ([(10, 0.2), (100, 0.6), (1000, 0.5)], 0.6, 100),
        ([(10, 0.2), (100, 0.4), (1000, 0.8)], 0.9, math.inf),
    ],
)
def test_labels_are_read_from_a_line_that_is_straight_over_the_logarithm(curve, target, found):
    assert lesson_01_labels.find_labels_needed(curve, target) == pytest.approx(found)


@pytest.mark.parametrize(
    ("pretrained", "random", "kind", "ratio"),
    [
        ([0.3, 0.4, 0.7, 0.8, 0.85, 0.9], 0.7, SUPPORTED, 10.0),
        ([0.3, 0.35, 0.4, 0.5, 0.7, 0.9], 0.7, NOT_SUPPORTED, 2.0),
        ([0.3, 0.35, 0.4, 0.5, 0.55, 0.6], 0.7, NOT_SUPPORTED, 0.0),
        ([0.3, 0.4, 0.5, 0.7, 0.8, 0.9], [0.5, 0.7, 0.8], INCONCLUSIVE, 5.0),
        ([0.26, 0.26, 0.26, 0.28, 0.3, 0.4], 0.2, NOT_SUPPORTED, 2.0),  # what random weights reach there is not worth it: 5 points above the majority is
    ],
)
def test_saved_labels_are_a_ratio_in_every_seed(pretrained, random, kind, ratio):
    arms = {f"pretrained@{size}": score for size, score in zip(lesson_01_labels.SIZES["pretrained"], pretrained, strict=True)}
    verdict = lesson_01_labels.judge_saving(outcomes({**arms, "random@1000": random}))
    assert verdict.kind == kind and verdict.effect == pytest.approx(ratio, rel=0.01)


def test_every_size_gets_about_as_many_steps():
    for start, sizes in lesson_01_labels.SIZES.items():
        steps = [lesson_01_labels.choose_epochs(lesson_01_labels.STEPS[start], size) * math.ceil(size / lesson_01_labels.BATCH_SIZE) for size in sizes]
        assert all(0.8 <= each / lesson_01_labels.STEPS[start] <= 1.3 for each in steps), (start, steps)
    assert RunConfig().batch_size == lesson_01_labels.BATCH_SIZE


@pytest.mark.parametrize(("right", "kind"), [(0.6, SUPPORTED), (0.25, NOT_SUPPORTED), (0.3, INCONCLUSIVE)])
def test_few_labels_are_compared_with_the_majority_line(right, kind):
    verdict = lesson_01b_word_order.judge_few(outcomes({"pretrained@50": right}))
    assert verdict.kind == kind and verdict.effect == pytest.approx(right - MAJORITY)


@pytest.mark.parametrize(
    ("judge", "one", "other"),
    [
        (lesson_01b_word_order.judge_knowledge, "pretrained@400", "random@400"),
        (lesson_01c_transfer.judge_full, "kept", "shuffled"),
        (lesson_01c_transfer.judge_frozen, "kept_frozen", "shuffled_frozen"),
        (lesson_12_length.judge_gain, "head@64", "head@16"),
    ],
)
def test_two_arms_are_compared_the_right_way_round(judge, one, other):
    assert judge(outcomes({one: 0.8, other: 0.5})).kind == SUPPORTED
    assert judge(outcomes({one: 0.5, other: 0.8})).kind == NOT_SUPPORTED
    assert judge(outcomes({one: 0.54, other: 0.5})).kind == INCONCLUSIVE


@pytest.mark.parametrize(("both", "kind"), [(0.7, SUPPORTED), (0.48, INCONCLUSIVE), (0.3, NOT_SUPPORTED)])
def test_keeping_the_end_may_cost_a_little(both, kind):
    assert lesson_12_length.judge_parts(outcomes({"both@32": both, "head@32": 0.5})).kind == kind


@pytest.mark.parametrize(
    ("pretrained", "random", "kind", "ratio"),
    [
        ([1.6, 0.9, 0.8, 0.7, 0.6], [1.6, 1.4, 1.2, 1.1, 1.0], SUPPORTED, 4.0),
        ([1.6, 1.5, 1.4, 1.3, 1.2], [1.6, 1.4, 1.0, 1.1, 1.2], NOT_SUPPORTED, 0.4),  # never there: one evaluation beyond the last
        ([1.6, 1.4, 1.2, 1.0, 0.9], [1.6, 1.4, 1.2, 1.1, 1.0], INCONCLUSIVE, 4 / 3),
        ([1.6, 1.7, 1.8], [1.6, 1.7, 1.8], INCONCLUSIVE, 1.0),  # nobody learns anything
    ],
)
def test_arrival_counts_steps_to_the_loss_of_the_random_start(pretrained, random, kind, ratio):
    told = outcomes({"pretrained": {"losses": pretrained}, "random": {"losses": random}, "shuffled": {"losses": random}})
    for start in ("random", "shuffled"):
        verdict = lesson_02_arrival.judge_arrival(told, start=start)
        assert verdict.kind == kind and verdict.effect == pytest.approx(ratio)


def test_the_target_loss_is_averaged_over_seeds():
    told = outcomes({"random": [{"losses": [2.0, low]} for low in (0.8, 1.0, 1.2)]})
    assert lesson_02_arrival.find_target(told) == pytest.approx(lesson_02_arrival.SLACK)


FAST, SLOW, NEVER = [0.2, 0.6, 0.7, 0.7], [0.2, 0.3, 0.4, 0.62], [0.2, 0.3, 0.3, 0.3]


@pytest.mark.parametrize(
    ("arms", "kind", "ratio"),
    [
        ({"head_only": FAST, "last_layers:1": FAST, "full": FAST}, SUPPORTED, 3.0),
        ({"head_only": FAST, "last_layers:1": FAST, "full": [0.2, 0.5, 0.6, 0.7]}, INCONCLUSIVE, 1.5),  # the dearest decides
        ({"head_only": NEVER, "last_layers:1": FAST, "full": FAST}, NOT_SUPPORTED, 0.0),
    ],
)
def test_cost_is_that_of_the_dearest_strategy(arms, kind, ratio):
    told = outcomes({arm: {"scores": scores} for arm, scores in {**arms, lesson_02b_cost.SCRATCH: SLOW}.items()})
    for read in (lesson_02b_cost.read_seconds, lesson_02b_cost.read_steps):
        verdict = lesson_02b_cost.judge_cost(told, read=read)
        assert verdict.kind == kind and verdict.effect == pytest.approx(ratio)


def test_seconds_and_steps_are_two_costs():
    fast = {arm: {"scores": FAST, "seconds": 4.0} for arm in lesson_02b_cost.STRATEGIES}
    told = outcomes({**fast, lesson_02b_cost.SCRATCH: {"scores": SLOW}})
    found = [lesson_02b_cost.judge_cost(told, read=read) for read in (lesson_02b_cost.read_seconds, lesson_02b_cost.read_steps)]
    assert [(verdict.kind, verdict.effect) for verdict in found] == [(NOT_SUPPORTED, 0.75), (SUPPORTED, 3.0)]


def test_a_seed_from_random_weights_that_misses_the_target_counts_up_to_its_end():
    told = outcomes({**{arm: {"scores": FAST} for arm in lesson_02b_cost.STRATEGIES}, lesson_02b_cost.SCRATCH: [{"scores": SLOW}, {"scores": SLOW}, {"scores": [0.2, 0.3, 0.4, 0.45]}]})
    verdict = lesson_02b_cost.judge_cost(told, read=lesson_02b_cost.read_steps)
    assert verdict.low == verdict.high == pytest.approx(3.0)


@pytest.mark.parametrize(("spread", "kind"), [(0.06, SUPPORTED), (0.02, INCONCLUSIVE), (0.004, NOT_SUPPORTED), (0.0, NOT_SUPPORTED)])
def test_spread_is_twice_the_deviation_with_an_interval_that_holds_the_truth(spread, kind):
    scores = 0.7 + spread / 2 * np.array([1, -1] * 5) * math.sqrt(9 / 10)
    verdict = lesson_10_luck.find_spread(list(scores), lesson_10_luck.SMALLEST_CLAIM)
    assert verdict.kind == kind and verdict.effect == pytest.approx(spread) and verdict.low <= spread <= verdict.high
    assert lesson_10_luck.find_spread([0.7], lesson_10_luck.SMALLEST_CLAIM).kind == INCONCLUSIVE


def test_the_interval_of_the_spread_holds_a_planted_deviation_nineteen_times_of_twenty():
    random = np.random.default_rng(5)
    found = [lesson_10_luck.find_spread(list(random.normal(0.7, 0.02, size=10)), lesson_10_luck.SMALLEST_CLAIM) for _ in range(400)]
    assert 0.925 <= np.mean([verdict.low <= 0.04 <= verdict.high for verdict in found]) <= 0.975


def test_more_seeds_are_named_where_they_would_settle_it():
    verdict = lesson_10_luck.find_spread(list(0.7 + 0.013 * np.array([1, -1] * 5)), lesson_10_luck.SMALLEST_CLAIM)
    assert verdict.kind == INCONCLUSIVE and verdict.more_seeds
    more = lesson_10_luck.find_spread(list(0.7 + 0.013 * np.array([1, -1] * 50)), lesson_10_luck.SMALLEST_CLAIM)
    assert more.kind == SUPPORTED


def test_no_claim_elsewhere_is_smaller_than_what_luck_is_compared_with():
    least = [lesson_01b_word_order.MIN_GAIN, lesson_01c_transfer.MIN_GAIN, lesson_12_length.MIN_GAIN, lesson_12_length.MAX_LOSS]
    assert min(least) >= lesson_10_luck.SMALLEST_CLAIM


def test_starts_that_are_compared_differ_in_weights_and_rate_alone():
    lesson = LESSONS["2"]
    first, *others = [lesson.config(arm, 0).model_dump() for arm in lesson.arms]
    for other in others:
        assert {name for name in first if first[name] != other[name]} <= {"initial_weights", "learning_rate"}


@pytest.mark.thorough
def test_few_news_are_the_same_for_every_seed_and_long_news_go_on_where_the_short_end():
    news, few, long = (data.open_lesson_data(name) for name in ("news", "news_few", "long_news"))
    assert (few["split"] == "train").sum() == lesson_10_luck.LABELS
    assert set(few.loc[few["split"] == "train", "text"]) < set(news.loc[news["split"] == "train", "text"])
    assert few.loc[few["split"] == "test", "text"].tolist() == news.loc[news["split"] == "test", "text"].tolist()
    assert set(few["label"]) == set(few.loc[few["split"] == "train", "label"])
    assert max(len(text.split()) for text in long["text"]) <= 120
    assert all(whole.startswith(start) for whole, start in zip(long["text"], news["text"], strict=True))


@pytest.mark.thorough
def test_rates_are_found_on_the_validation_set_with_seeds_of_no_lesson(tiny_checkpoint, text_frame, monkeypatch):
    monkeypatch.setattr(lesson_rates, "open_lesson_data", lambda name: text_frame)
    monkeypatch.setattr(lesson_rates, "describe_data", lambda lesson: {"name": "news", "id": "", "fingerprint": "0", "columns": {}})
    settings = {"checkpoint": tiny_checkpoint, "strategy": "full", "epochs": 1}
    lesson = replace(LESSONS["2"], settings=settings, arms=LESSONS["2"].arms[:1])
    rows = list(lesson_rates.try_rates(lesson, (1e-6, 1e-2), lesson_rates.SEEDS[:1]))
    assert [(row["start"], row["rate"]) for row in rows] == [(arm.id, rate) for arm in lesson.arms for rate in (1e-6, 1e-2)]
    assert all(row["loss"] > 0 and 0 <= row["score"] <= 1 for row in rows)
    assert lesson_rates.write_table(rows).count("*") >= len(lesson.arms)
    assert min(lesson_rates.SEEDS) >= max(each.seeds for each in LESSONS.values())
