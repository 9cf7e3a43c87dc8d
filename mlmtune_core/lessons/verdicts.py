"""Supported, not supported or inconclusive: what measured numbers say of a claim, by a rule written down before

A claim names the smallest effect that would matter (`minimum`) and the one below which it is not supported (`margin`). Uncertainty
is that of the examples and of the seeds at once: both are drawn again, with the pairs kept together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE = "supported", "not_supported", "inconclusive"
CONFIDENCE = 0.95
DRAWS = 2000
MOST_SEEDS = 100

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Verdict:
    """What came out. effect, low, high: estimate and 95 % interval, in the unit of the claim; seeds, examples: how many were compared.

    more_seeds: about how many further seeds would settle an inconclusive one; None where none are needed, or would help.
    sides: what both sides came to, averaged over seeds; between: which they were (arms, or what was measured). None where there are no two.
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
    """(..., 2) sums of a value and of its count -> mean (...): accuracy from (right, 1), say."""
    return sums[..., 0] / np.maximum(sums[..., 1], 1e-12)


def f1(sums: np.ndarray) -> np.ndarray:
    """(..., 2) sums of hits and of what was wanted plus what was said -> F1 (...)."""
    return 2 * sums[..., 0] / np.maximum(sums[..., 1], 1e-12)


def pearson(sums: np.ndarray) -> np.ndarray:
    """(..., 6) sums of 1, x, y, x², y², xy -> Pearson's correlation (...); 0 where one side is constant."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    spread = (n * xx - x * x) * (n * yy - y * y)
    return np.where(spread > 1e-12, (n * xy - x * y) / np.sqrt(np.maximum(spread, 1e-12)), 0.0)


def compare(one: np.ndarray, other: np.ndarray, minimum: float, margin: float = 0.0, score: Score = mean) -> Verdict:
    """Whether `one` scores higher than `other` by at least `minimum`.

    one, other: (seeds S, examples N, k) numbers that `score` takes sums of over examples; row s and column n of both belong
    together. Interval: percentiles of the paired bootstrap over examples x seeds (Owen 2007: rows and columns drawn
    independently), widened for few seeds: a spread found in S seeds is understated by (S - 1) / S and needs Student's quantile,
    with degrees of freedom after Satterthwaite. One seed alone decides nothing.
    """
    seeds, examples = one.shape[:2]

    def scores(of_examples: np.ndarray) -> list[np.ndarray]:
        """(D or 1, N) counts of draws -> (D or 1, S) scores of both sides."""
        sums = [(of_examples @ each.transpose(1, 0, 2).reshape(examples, -1)).reshape(-1, *each.shape[::2]) for each in (one, other)]
        return [score(each) for each in sums]

    def effect(of_seeds: np.ndarray, of_examples: np.ndarray) -> np.ndarray:
        """(D or 1, S) and (D or 1, N) counts of draws -> (D,) difference of the scores, averaged over seeds."""
        first, second = scores(of_examples)
        return (of_seeds * (first - second)).sum(axis=1) / of_seeds.sum(axis=1)

    random = np.random.default_rng(0)
    every = [np.ones((1, count)) for count in (seeds, examples)]
    drawn = [_draw(random, count) for count in (seeds, examples)]
    found = float(effect(*every)[0])
    of_seeds = float(effect(drawn[0], every[1]).var()) * seeds / max(1, seeds - 1)
    of_examples = float(effect(every[0], drawn[1]).var())
    low, high = np.quantile(effect(*drawn), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    wider = _widening(of_seeds, of_examples, seeds, examples)
    low, high = found - (found - float(low)) * wider, found + (float(high) - found) * wider
    kind = decide(low, high, minimum, margin) if seeds > 1 else INCONCLUSIVE
    more = _find_more(found, of_seeds, of_examples, seeds, minimum, margin) if kind == INCONCLUSIVE else None
    first, second = (float(side.mean()) for side in scores(every[1]))
    return Verdict(kind, found, low, high, minimum, margin, seeds, examples, more, (first, second))


def in_all_seeds(values: Sequence[float], minimum: float, margin: float) -> Verdict:
    """For a claim that must hold in each seed by itself, such as a ratio of steps: low and high are the lowest and highest seed.

    A seed of which nothing is known (nan) leaves it undecided.
    """
    low, high = float(np.min(values)), float(np.max(values))
    kind = decide(low, high, minimum, margin, touching=True) if len(values) > 1 else INCONCLUSIVE
    return Verdict(kind, float(np.median(values)), low, high, minimum, margin, len(values), 0)


def find_weakest(found: Sequence[Verdict]) -> Verdict:
    """Of a claim that several comparisons must bear out, the one that speaks for all: where one is not supported, neither is the claim; it is
    supported only where all are. Among alike the one whose interval reaches lowest, measured from its minimum.
    """
    order = (NOT_SUPPORTED, INCONCLUSIVE, SUPPORTED)
    return min(found, key=lambda verdict: (order.index(verdict.kind), verdict.low - verdict.minimum))


def compare_failures(one: Sequence[bool], other: Sequence[bool], minimum: float, margin: float = 0.0) -> Verdict:
    """Whether fewer runs fail in `other` than in `one`: difference of the shares with Newcombe's interval (1998, method 10).

    Supported needs Fisher's exact test on top (one-sided, 5 %).
    """
    from scipy import stats  # a second to import, and pages only read what was judged

    fails, counts = (sum(one), sum(other)), (len(one), len(other))
    shares = [fail / count for fail, count in zip(fails, counts, strict=True)]
    spans = [stats.binomtest(fail, count).proportion_ci(CONFIDENCE, "wilson") for fail, count in zip(fails, counts, strict=True)]
    found = shares[0] - shares[1]
    low = found - float(np.hypot(shares[0] - spans[0].low, spans[1].high - shares[1]))
    high = found + float(np.hypot(spans[0].high - shares[0], shares[1] - spans[1].low))
    table = [[fails[0], counts[0] - fails[0]], [fails[1], counts[1] - fails[1]]]
    exact = stats.fisher_exact(table, alternative="greater").pvalue <= 1 - CONFIDENCE
    kind = decide(low, high, minimum, margin)
    return Verdict(INCONCLUSIVE if kind == SUPPORTED and not exact else kind, found, low, high, minimum, margin, min(counts), 0)


def decide(low: float, high: float, minimum: float, margin: float, touching: bool = False) -> str:
    """The rule: supported where the whole interval lies above `minimum`, not supported where it lies below `margin`."""
    if low > minimum or (touching and low >= minimum):
        return SUPPORTED
    return NOT_SUPPORTED if high < margin else INCONCLUSIVE


def _draw(random: np.random.Generator, count: int) -> np.ndarray:
    """(DRAWS, count): how often each of so many things is drawn, so many times with replacement."""
    drawn = random.integers(count, size=(DRAWS, count)) + count * np.arange(DRAWS)[:, None]
    return np.bincount(drawn.ravel(), minlength=DRAWS * count).reshape(DRAWS, count).astype(float)


def _widening(of_seeds: float, of_examples: float, seeds: int, examples: int) -> float:
    """What the deviations of the bootstrap are multiplied with; `of_seeds`, `of_examples`: the variance that each brings."""
    if seeds < 2 or of_seeds + of_examples == 0:
        return 1.0
    whole, seen = of_seeds + of_examples, of_seeds * (seeds - 1) / seeds + of_examples
    return float(np.sqrt(whole / seen) * _quantile(of_seeds, of_examples, seeds, examples) / ndtri((1 + CONFIDENCE) / 2))


def _quantile(of_seeds: float, of_examples: float, seeds: int, examples: int) -> float:
    """Student's, with Satterthwaite's degrees of freedom for a sum of two variances."""
    freedom = (of_seeds + of_examples) ** 2 / (of_seeds**2 / (seeds - 1) + of_examples**2 / max(1, examples - 1))
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def _find_more(found: float, of_seeds: float, of_examples: float, seeds: int, minimum: float, margin: float) -> int | None:
    """Further seeds after which the same estimate would be decided; None where more seeds would not do it."""
    away = found - minimum if found > minimum else margin - found
    if away <= 0:
        return None
    for more in range(1, MOST_SEEDS - seeds):
        now = of_seeds * seeds / (seeds + more)
        if _quantile(now, of_examples, seeds + more, 10**6) * np.sqrt(now + of_examples) < away:
            return more
    return None
