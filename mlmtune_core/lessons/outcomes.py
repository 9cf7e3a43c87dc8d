"""What came out of the runs of a lesson: plain numbers, from which alone its figure is drawn and its verdict judged"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from mlmtune_core.config import RANKED_BY
from mlmtune_core.lessons import verdicts
from mlmtune_core.runs.diagnosis import diagnose
from mlmtune_core.runs.event_log import find_best, find_start

Row = dict[str, Any]
SCORES = {"entity_f1": verdicts.f1, "pearson": verdicts.pearson}  # all others are means


@dataclass(frozen=True)
class Outcome:
    """One run: its arm, seed and settings, its events, and, for every test example, the numbers of which a score takes sums.

    ended: finished, stopped or failed. measured: name -> what was measured on its model beside (see lessons.measuring).
    """

    arm: str
    seed: int
    config: dict[str, Any]
    ended: str
    seconds: float
    rows: list[Row] = field(repr=False)
    counts: list[list[float]] = field(repr=False, default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """What ranks runs of its task."""
        return RANKED_BY[self.config["task"]]

    @property
    def score(self) -> float:
        """On the test set, of the model that was kept. nan where there is none."""
        return float(_score_of(self.metric)(np.array(self.counts).sum(axis=0))) if self.counts else float("nan")

    @property
    def trivial(self) -> float:
        """What the trivial predictor of its task scores on the test set; of a run that broke off before its test, on the validation set."""
        return float(self.tested.get("baseline", {}).get(self.metric, self.start.get("baseline", 0.0)))

    @property
    def start(self) -> Row:
        """The event Started: examples, weights that learn, baseline, device. Empty where it never came so far."""
        return find_start(self.rows)

    @property
    def evaluations(self) -> list[Row]:
        """The events EvalDone, the one before the first step included."""
        return [row for row in self.rows if row["kind"] == "EvalDone"]

    @property
    def steps(self) -> list[Row]:
        """The events StepDone."""
        return [row for row in self.rows if row["kind"] == "StepDone"]

    @property
    def tested(self) -> Row:
        """The event Tested, empty where it never came."""
        return next((row for row in self.rows if row["kind"] == "Tested"), {})

    @property
    def kept(self) -> Row:
        """The evaluation whose weights were kept and tested; empty where there is none."""
        return find_best(self.rows)

    @property
    def train_score(self) -> float:
        """The kept model's on training examples, which the settings must ask for (measure_training); 0 where no model was kept."""
        return float(self.kept["train_metrics"][self.metric]) if self.kept else 0.0

    @property
    def gap(self) -> float:
        """Score on training examples minus score on the test set."""
        return self.train_score - self.score

    @property
    def run_class(self) -> str:
        """What the diagnosis calls it (see diagnosis); `ok` where it says nothing."""
        found = diagnose(self.rows)
        return found.kind if found else "ok"


@dataclass(frozen=True)
class Outcomes:
    """All runs of a lesson."""

    all: tuple[Outcome, ...]

    @property
    def seeds(self) -> list[int]:
        """Those of which every arm has a run."""
        arms = {outcome.arm for outcome in self.all}
        found = {outcome.seed for outcome in self.all}
        return sorted(seed for seed in found if all(self._find(arm, seed) for arm in arms))

    def of(self, arm: str) -> list[Outcome]:
        """The runs of an arm, in the order of `seeds`."""
        return [self._find(arm, seed) for seed in self.seeds]

    def arms(self) -> list[str]:
        """Each once, in order."""
        return list(dict.fromkeys(outcome.arm for outcome in self.all))

    def scores(self, arm: str) -> list[float]:
        """The test scores of an arm, a seed each."""
        return [outcome.score for outcome in self.of(arm)]

    def best_of(self, arms: Sequence[str]) -> str:
        """The arm with the highest mean score on the VALIDATION set: choosing on the test set would flatter."""
        return max(arms, key=lambda arm: float(np.mean([best_validation(outcome) for outcome in self.of(arm)])))

    def compare(self, one: str, other: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Whether the arm `one` scores higher on the test set than `other` (see verdicts.compare)."""
        sides = [np.array([outcome.counts for outcome in self.of(arm)]) for arm in (one, other)]
        return _between(one, other, verdicts.compare(*sides, minimum, margin, _score_of(self.all[0].metric)))

    def compare_trivial(self, arm: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Whether the runs of `arm` score higher on the test set than the trivial predictor of their task. What that scores is taken as known,
        so that arms of any task, metric and number of examples can be judged, each by itself.
        """
        runs = self.of(arm)
        counts, score = np.array([run.counts for run in runs]), _score_of(runs[0].metric)
        known = np.array([run.trivial for run in runs])[:, None, None] * np.ones((*counts.shape[:2], 1))
        both = np.concatenate([counts, known, np.ones_like(known)], axis=-1)
        verdict = verdicts.compare(both, np.zeros_like(both), minimum, margin, lambda sums: score(sums[..., :-2]) - verdicts.mean(sums[..., -2:]))
        reached = float(np.mean([run.trivial for run in runs]))
        return _between(arm, "trivial", replace(verdict, sides=(verdict.effect + reached, reached)))

    def compare_gaps(self, one: str, other: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Whether training score minus test score is larger in `one` than in `other`; for scores that are means over examples."""
        sides = []
        for runs in (self.of(one), self.of(other)):
            counts = np.array([outcome.counts for outcome in runs])  # (seeds, examples, 2): right, 1
            learnt = np.array([outcome.train_score for outcome in runs])[:, None]
            sides.append(np.stack([learnt - counts[..., 0], counts[..., 1]], axis=-1))
        return _between(one, other, verdicts.compare(*sides, minimum, margin))

    def compare_within(self, arm: str, one: str, other: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Of the same runs, whether what was measured as `one` is higher than what was measured as `other`, run by run, example by example."""
        sides = [self._measured(arm, name) for name in (one, other)]
        return _between(one, other, verdicts.compare(*[np.stack([side, np.ones_like(side)], axis=-1) for side in sides], minimum, margin))

    def ratios(self, one: str, other: str, find: Callable[[Outcome], float], minimum: float, margin: float = 1.0) -> verdicts.Verdict:
        """Of two numbers of the runs of each seed, `one` over `other`: a claim about every seed."""
        found = [[find(outcome) for outcome in self.of(arm)] for arm in (one, other)]
        verdict = verdicts.in_all_seeds([first / second for first, second in zip(*found, strict=True)], minimum, margin)
        return _between(one, other, replace(verdict, sides=(float(np.mean(found[0])), float(np.mean(found[1])))))

    def _measured(self, arm: str, name: str) -> np.ndarray:
        """(seeds, numbers); of a run that broke off, zeros."""
        found = [np.atleast_1d(np.asarray(run.measured[name], dtype=float)) if name in run.measured else None for run in self.of(arm)]
        shape = next((each.shape for each in found if each is not None), (1,))
        return np.array([np.zeros(shape) if each is None else each for each in found])

    def _find(self, arm: str, seed: int) -> Outcome | None:
        return next((outcome for outcome in self.all if (outcome.arm, outcome.seed) == (arm, seed)), None)


def best_validation(outcome: Outcome) -> float:
    """The highest score on the validation set after the first step, or the last where that is kept; -inf where nothing was measured."""
    measured = [row["metrics"][outcome.metric] for row in outcome.evaluations if row["step"]]
    kept = measured[-1:] if outcome.config.get("early_stopping_metric") == "last" else measured
    return max(kept, default=float("-inf"))


def steps_to(outcome: Outcome, loss: float) -> float:
    """The step at which the validation loss was first at most `loss`; one evaluation beyond the last where it never was."""
    evaluations = outcome.evaluations
    reached = next((row["step"] for row in evaluations if row["validation_loss"] <= loss), None)
    return float(reached if reached is not None else evaluations[-1]["step"] + outcome.start["steps_per_epoch"])


def read_outcomes(report: Mapping[str, Any]) -> Outcomes:
    """The outcomes of a report, as `running.judge_sweep` made them."""
    names = [each.name for each in fields(Outcome)]
    return Outcomes(tuple(Outcome(**{name: each[name] for name in names}) for each in report["outcomes"]))


def _between(one: str, other: str, verdict: verdicts.Verdict) -> verdicts.Verdict:
    return replace(verdict, between=(one, other))


def _score_of(metric: str) -> verdicts.Score:
    return SCORES.get(metric, verdicts.mean)
