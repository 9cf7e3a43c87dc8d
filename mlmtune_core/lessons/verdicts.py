"""Verdicts: supported, not supported or inconclusive, by a rule fixed before the runs.

A claim names the smallest effect that matters (`minimum`) and the one below which it is not supported (`margin`). Intervals cover the
uncertainty of test examples and seeds together: a paired bootstrap resamples both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE = "supported", "not_supported", "inconclusive"
CONFIDENCE = 0.95
DRAWS = 2000
MAX_SEEDS = 100

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Verdict:
    """The result of judging a claim. kind: SUPPORTED, NOT_SUPPORTED or INCONCLUSIVE.

    effect, low, high: estimate and 95 % interval, in the unit of the claim. seeds, examples: how many were compared.
    more_seeds: about how many further seeds would settle an inconclusive verdict; None if none are needed or none would help.
    sides: the value of each compared side, averaged over seeds; between: their names (arms or measures). None if nothing was compared.
    """

    kind: str
    effect: float
    low: float
    high: float
    minimum: float
    margin: float
    seeds: int
    examples: int
    more_seeds: int | None = None
    sides: tuple[float, float] | None = None
    between: tuple[str, str] | None = None


def mean(sums: np.ndarray) -> np.ndarray:
    """Returns the mean (...) from sums (..., 2) of values and counts, for example accuracy from (correct, 1)."""
    return sums[..., 0] / np.maximum(sums[..., 1], 1e-12)


def f1(sums: np.ndarray) -> np.ndarray:
    """Returns F1 (...) from sums (..., 2) of true positives and of true plus predicted items."""
    return 2 * sums[..., 0] / np.maximum(sums[..., 1], 1e-12)


def pearson(sums: np.ndarray) -> np.ndarray:
    """Returns Pearson's correlation (...) from sums (..., 6) of 1, x, y, x², y², xy; 0 if x or y is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    spread = (n * xx - x * x) * (n * yy - y * y)
    return np.where(spread > 1e-12, (n * xy - x * y) / np.sqrt(np.maximum(spread, 1e-12)), 0.0)


def compare(one: np.ndarray, other: np.ndarray, minimum: float, margin: float = 0.0, score: Score = mean) -> Verdict:
    """Judges whether `one` scores higher than `other` by more than `minimum`. A single seed is always inconclusive.

    one, other: (S seeds, N examples, k) terms; `score` takes their sums over examples. Row s and column n of both are a pair.
    Interval: percentiles of the paired bootstrap over examples x seeds (Owen 2007: rows and columns resampled independently), widened
    for few seeds: the bootstrap variance of S seeds is too small by (S - 1) / S, and the normal quantile is replaced by Student's, with
    Satterthwaite's degrees of freedom.
    """
    seeds, examples = one.shape[:2]

    def scores(example_counts: np.ndarray) -> list[np.ndarray]:
        """Returns the (D or 1, S) scores of both sides for (D or 1, N) counts of how often each example was drawn."""
        sums = [(example_counts @ each.transpose(1, 0, 2).reshape(examples, -1)).reshape(-1, *each.shape[::2]) for each in (one, other)]
        return [score(each) for each in sums]

    def effect(seed_counts: np.ndarray, example_counts: np.ndarray) -> np.ndarray:
        """Returns the (D,) score differences, averaged over seeds, for (D or 1, S) and (D or 1, N) counts of draws."""
        first, second = scores(example_counts)
        return (seed_counts * (first - second)).sum(axis=1) / seed_counts.sum(axis=1)

    rng = np.random.default_rng(0)
    all_seeds, all_examples = (np.ones((1, count)) for count in (seeds, examples))
    drawn_seeds, drawn_examples = (_resample(rng, count) for count in (seeds, examples))
    estimate = float(effect(all_seeds, all_examples)[0])
    seed_variance = float(effect(drawn_seeds, all_examples).var()) * seeds / max(1, seeds - 1)
    example_variance = float(effect(all_seeds, drawn_examples).var())
    low, high = map(float, np.quantile(effect(drawn_seeds, drawn_examples), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
    factor = _widening_factor(seed_variance, example_variance, seeds, examples)
    low, high = estimate - (estimate - low) * factor, estimate + (high - estimate) * factor
    kind = decide(low, high, minimum, margin) if seeds > 1 else INCONCLUSIVE
    more = _estimate_more_seeds(estimate, seed_variance, example_variance, seeds, minimum, margin) if kind == INCONCLUSIVE else None
    first, second = (float(side.mean()) for side in scores(all_examples))
    return Verdict(kind, estimate, low, high, minimum, margin, seeds, examples, more, (first, second))


def judge_each_seed(values: Sequence[float], minimum: float, margin: float) -> Verdict:
    """Judges a claim that must hold in each seed, such as a ratio of steps: low and high are the lowest and the highest seed.

    nan (a seed without a value) or a single seed makes it inconclusive.
    """
    low, high = float(np.min(values)), float(np.max(values))
    kind = decide(low, high, minimum, margin, inclusive=True) if len(values) > 1 else INCONCLUSIVE
    return Verdict(kind, float(np.median(values)), low, high, minimum, margin, len(values), 0)


def find_weakest(found: Sequence[Verdict]) -> Verdict:
    """Returns the verdict that decides a claim about several comparisons: the worst kind, and of those the lowest `low - minimum`.

    So the claim is supported only if all comparisons are, and not supported if one is not.
    """
    order = (NOT_SUPPORTED, INCONCLUSIVE, SUPPORTED)
    return min(found, key=lambda verdict: (order.index(verdict.kind), verdict.low - verdict.minimum))


def compare_failures(one: Sequence[bool], other: Sequence[bool], minimum: float, margin: float = 0.0) -> Verdict:
    """Judges whether fewer runs fail in `other` than in `one`: difference of the shares with Newcombe's interval (1998, method 10).

    Supported also requires Fisher's exact test (one-sided, 5 %).
    """
    from scipy import stats  # takes a second to import, and pages only read verdicts

    fails, counts = (sum(one), sum(other)), (len(one), len(other))
    shares = [fail / count for fail, count in zip(fails, counts, strict=True)]
    intervals = [stats.binomtest(fail, count).proportion_ci(CONFIDENCE, "wilson") for fail, count in zip(fails, counts, strict=True)]
    difference = shares[0] - shares[1]
    low = difference - float(np.hypot(shares[0] - intervals[0].low, intervals[1].high - shares[1]))
    high = difference + float(np.hypot(intervals[0].high - shares[0], shares[1] - intervals[1].low))
    table = [[fails[0], counts[0] - fails[0]], [fails[1], counts[1] - fails[1]]]
    significant = stats.fisher_exact(table, alternative="greater").pvalue <= 1 - CONFIDENCE
    kind = decide(low, high, minimum, margin)
    return Verdict(INCONCLUSIVE if kind == SUPPORTED and not significant else kind, difference, low, high, minimum, margin, min(counts), 0)


def decide(low: float, high: float, minimum: float, margin: float, inclusive: bool = False) -> str:
    """Returns the kind of verdict: supported if the whole interval lies above `minimum`, not supported if it lies below `margin`.

    inclusive: an interval that begins exactly at `minimum` is supported, too.
    """
    if low > minimum or (inclusive and low >= minimum):
        return SUPPORTED
    return NOT_SUPPORTED if high < margin else INCONCLUSIVE


def _resample(rng: np.random.Generator, count: int) -> np.ndarray:
    """Returns (DRAWS, count): how often each of `count` items is drawn when `count` are drawn with replacement."""
    drawn = rng.integers(count, size=(DRAWS, count)) + count * np.arange(DRAWS)[:, None]
    return np.bincount(drawn.ravel(), minlength=DRAWS * count).reshape(DRAWS, count).astype(float)


def _widening_factor(seed_variance: float, example_variance: float, seeds: int, examples: int) -> float:
    """Returns the factor that widens the bootstrap interval for few seeds (see compare)."""
    if seeds < 2 or seed_variance + example_variance == 0:
        return 1.0
    corrected, bootstrapped = seed_variance + example_variance, seed_variance * (seeds - 1) / seeds + example_variance
    return float(np.sqrt(corrected / bootstrapped) * _quantile(seed_variance, example_variance, seeds, examples) / ndtri((1 + CONFIDENCE) / 2))


def _quantile(seed_variance: float, example_variance: float, seeds: int, examples: int) -> float:
    """Returns Student's quantile with Satterthwaite's degrees of freedom for a sum of two variances."""
    freedom = (seed_variance + example_variance) ** 2 / (seed_variance**2 / (seeds - 1) + example_variance**2 / max(1, examples - 1))
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def _estimate_more_seeds(estimate: float, seed_variance: float, example_variance: float, seeds: int, minimum: float, margin: float) -> int | None:
    """Returns how many more seeds would decide the same estimate; None if no number up to MAX_SEEDS would."""
    distance = estimate - minimum if estimate > minimum else margin - estimate
    if distance <= 0:
        return None
    for more in range(1, MAX_SEEDS - seeds):
        variance = seed_variance * seeds / (seeds + more)
        if _quantile(variance, example_variance, seeds + more, 10**6) * np.sqrt(variance + example_variance) < distance:
            return more
    return None
