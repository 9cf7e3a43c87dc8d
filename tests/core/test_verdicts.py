"""The verdict engine on planted truths: what is there is found, what is not is not, and nobody's order or luck decides."""

import numpy as np
import pytest
from scipy.stats import norm

from mlmtune_core.language import translator
from mlmtune_core.lessons import verdicts
from mlmtune_core.lessons.verdicts import (
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SUPPORTED,
    compare,
    compare_failures,
    judge_each_seed,
)
from mlmtune_core.names import format_effect

MINIMUM = 0.05
SEEDS, EXAMPLES, TRIALS = 5, 800, 60
MIRRORED = {SUPPORTED: NOT_SUPPORTED}


def simulate(effect, random, seeds=SEEDS, examples=EXAMPLES, base=0.8):
    """Right or wrong of two arms: examples are hard for both alike, every run has its own luck, and one arm is better by `effect`."""
    hardness = random.normal(size=examples)
    arms = []
    for better in (effect, 0.0):
        accuracy = base + better + random.normal(0, 0.01, size=(seeds, 1))
        ease = 0.9 * hardness + np.sqrt(1 - 0.9**2) * random.normal(size=(seeds, examples))
        arms.append(with_count(ease < norm.ppf(accuracy)))
    return arms


def with_count(right):
    return np.stack([np.asarray(right, dtype=float), np.ones(np.shape(right))], axis=-1)


@pytest.mark.thorough
@pytest.mark.parametrize(("share", "wanted"), [(0.0, (INCONCLUSIVE, NOT_SUPPORTED)), (0.5, (INCONCLUSIVE,)), (2.0, (SUPPORTED,))])
def test_error_on_planted_truths_is_below_five_percent(share, wanted):
    random = np.random.default_rng(7)
    found = [compare(*simulate(share * MINIMUM, random), MINIMUM).kind for _ in range(TRIALS)]
    assert sum(kind not in wanted for kind in found) / TRIALS < 0.05


@pytest.mark.thorough
def test_an_effect_at_the_minimum_is_rarely_called_supported_and_the_interval_holds_the_truth():
    """Three seeds, much luck: where a plain bootstrap over three runs would err most."""
    random = np.random.default_rng(8)
    found = [compare(*simulate(MINIMUM, random, seeds=3, examples=300), MINIMUM) for _ in range(TRIALS)]
    assert sum(verdict.kind == SUPPORTED for verdict in found) / TRIALS < 0.05
    assert sum(verdict.low <= MINIMUM <= verdict.high for verdict in found) / TRIALS >= 0.93


def test_swapping_the_arms_swaps_the_verdict():
    one, other = simulate(0.15, np.random.default_rng(1))
    there, back = compare(one, other, MINIMUM), compare(other, one, MINIMUM)
    assert (there.kind, back.kind) == (SUPPORTED, NOT_SUPPORTED)
    assert (back.effect, back.low, back.high) == pytest.approx((-there.effect, -there.high, -there.low))
    assert there.sides == back.sides[::-1] and there.sides[0] - there.sides[1] == pytest.approx(there.effect)


@pytest.mark.parametrize(
    ("low", "language", "told"),
    [(0.0312, "en", "+5.0 points [+3.1, +7.0]"), (0.02005, "en", "+5.000 points [+2.005, +7.000]"), (0.02, "pt-BR", "+5,0 pontos [+2,0, +7,0]")],
)
def test_an_end_that_keeps_away_from_the_limit_never_looks_like_it(low, language, told):
    found = {"effect": 0.05, "low": low, "high": 0.07, "minimum": 0.02, "margin": 0.0}
    assert format_effect(translator(language), language, "points", found) == told


def test_the_same_numbers_always_give_the_same_verdict():
    one, other = simulate(0.06, np.random.default_rng(2))
    assert compare(one, other, MINIMUM) == compare(one.copy(), other.copy(), MINIMUM)


def test_one_seed_decides_nothing_however_large_the_effect():
    one, other = simulate(0.19, np.random.default_rng(3), seeds=1)
    assert compare(one, other, MINIMUM).kind == INCONCLUSIVE


def test_inconclusive_says_how_many_more_seeds_and_those_settle_it():
    random, found = np.random.default_rng(4), []
    for _ in range(20):
        luck = random.normal(0, 0.05, size=(3, 1)) + 0.15
        one, other = (with_count(np.full((3, 400), 0.7) + each) for each in (luck, 0.0))
        found.append(compare(one, other, MINIMUM))
    undecided = [verdict for verdict in found if verdict.kind == INCONCLUSIVE]
    assert undecided and all(1 <= verdict.more_seeds <= 30 for verdict in undecided if verdict.effect > MINIMUM + 0.02)
    few = compare(*simulate(MINIMUM * 1.4, random, examples=60), MINIMUM)
    assert few.kind == INCONCLUSIVE and few.more_seeds is None  # sixty examples do not tell it, whatever the seeds


def test_below_the_stated_margin_is_not_supported():
    one, other = simulate(0.0, np.random.default_rng(5), examples=6000)
    assert compare(one, other, 0.05).kind == INCONCLUSIVE
    assert compare(one, other, 0.05, margin=0.05).kind == NOT_SUPPORTED


@pytest.mark.parametrize(
    ("values", "kind"), [([2.0, 3.5, 9.0], SUPPORTED), ([0.5, 0.9, 0.99], NOT_SUPPORTED), ([0.5, 3.0, 4.0], INCONCLUSIVE), ([8.0], INCONCLUSIVE)]
)  # fmt: skip
def test_a_claim_about_every_seed(values, kind):
    assert judge_each_seed(values, minimum=2.0, margin=1.0).kind == kind


@pytest.mark.parametrize(
    ("before", "after", "kind"), [(10, 0, SUPPORTED), (0, 10, NOT_SUPPORTED), (3, 0, INCONCLUSIVE), (0, 0, INCONCLUSIVE)]
)
def test_failed_runs_are_compared_by_an_exact_test(before, after, kind):
    runs = [[number < failed for number in range(10)] for failed in (before, after)]
    assert compare_failures(*runs, minimum=0.2).kind == kind


def test_scores_come_from_sums_and_agree_with_the_metrics():
    from mlmtune_core.tasks import metrics

    random = np.random.default_rng(6)
    true = random.normal(size=50)
    said = true + random.normal(size=50)
    sums = np.stack([np.ones(50), true, said, true**2, said**2, true * said], axis=1).sum(axis=0)
    assert float(verdicts.pearson(sums)) == pytest.approx(metrics.regression(true, said)["pearson"])
    tags = [["B-PER", "O"], ["O", "B-LOC"]], [["B-PER", "O"], ["B-LOC", "O"]]
    assert float(verdicts.f1(np.array([1.0, 4.0]))) == pytest.approx(metrics.entities(*tags)["entity_f1"])
    assert float(verdicts.pearson(np.array([5.0, 5.0, 5.0, 5.0, 5.0, 5.0]))) == 0.0
