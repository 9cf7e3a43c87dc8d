"""The outcomes of a lesson's runs: the plain numbers that figures and verdicts are made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from mlmtune_core.config import RANKED_BY
from mlmtune_core.lessons import verdicts
from mlmtune_core.runs.diagnosis import diagnose
from mlmtune_core.runs.event_log import find_best, find_start

Row = dict[str, Any]
SCORES = {"entity_f1": verdicts.f1, "pearson": verdicts.pearson}  # metric -> score; all others are means


@dataclass(frozen=True)
class Outcome:
    """The outcome of one run.

    ended: finished, stopped or failed. rows: its events. counts: (examples, k) terms of the test score (see running.to_score_terms).
    measured: measure -> value, as lessons.measures computes it.
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
        """Returns the name of the metric that ranks runs of its task."""
        return RANKED_BY[self.config["task"]]

    @property
    def score(self) -> float:
        """Returns the test score of the best model; nan if there is none."""
        return float(_score_of(self.metric)(np.array(self.counts).sum(axis=0))) if self.counts else float("nan")

    @property
    def baseline_score(self) -> float:
        """Returns the trivial predictor's score on the test set; on the validation set if the run ended before its test."""
        return float(self.test_event.get("baseline", {}).get(self.metric, self.start_event.get("baseline", 0.0)))

    @property
    def start_event(self) -> Row:
        """Returns the event Started (examples, trainable weights, baseline, device); empty if there is none."""
        return find_start(self.rows)

    @property
    def evaluations(self) -> list[Row]:
        """Returns the events EvalDone, including the one before the first step."""
        return [row for row in self.rows if row["kind"] == "EvalDone"]

    @property
    def steps(self) -> list[Row]:
        """Returns the events StepDone."""
        return [row for row in self.rows if row["kind"] == "StepDone"]

    @property
    def test_event(self) -> Row:
        """Returns the event Tested; empty if there is none."""
        return next((row for row in self.rows if row["kind"] == "Tested"), {})

    @property
    def best_evaluation(self) -> Row:
        """Returns the evaluation whose weights were kept and tested; empty if there is none."""
        return find_best(self.rows)

    @property
    def train_score(self) -> float:
        """Returns the best model's score on training examples (needs the setting measure_training); 0 if no model was kept."""
        return float(self.best_evaluation["train_metrics"][self.metric]) if self.best_evaluation else 0.0

    @property
    def gap(self) -> float:
        """Returns the generalisation gap: training score minus test score."""
        return self.train_score - self.score

    @property
    def run_class(self) -> str:
        """Returns the kind of the run's diagnosis (see runs.diagnosis); `ok` if there is none."""
        diagnosis = diagnose(self.rows)
        return diagnosis.kind if diagnosis else "ok"


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of all runs of a lesson, and the comparisons that claims use."""

    runs: tuple[Outcome, ...]

    @property
    def seeds(self) -> list[int]:
        """Returns the seeds with a run in every arm, sorted."""
        arms = {outcome.arm for outcome in self.runs}
        seeds = {outcome.seed for outcome in self.runs}
        return sorted(seed for seed in seeds if all(self._find(arm, seed) for arm in arms))

    def runs_of(self, arm: str) -> list[Outcome]:
        """Returns the runs of an arm, in the order of `seeds`."""
        return [run for seed in self.seeds if (run := self._find(arm, seed))]

    def arms(self) -> list[str]:
        """Returns the arms, each once, in order."""
        return list(dict.fromkeys(outcome.arm for outcome in self.runs))

    def scores(self, arm: str) -> list[float]:
        """Returns the test scores of an arm, one per seed."""
        return [outcome.score for outcome in self.runs_of(arm)]

    def best_of(self, arms: Sequence[str]) -> str:
        """Returns the arm with the highest mean score on the VALIDATION set: choosing on the test set would be biased."""
        return max(arms, key=lambda arm: float(np.mean([best_validation_score(outcome) for outcome in self.runs_of(arm)])))

    def compare(self, one: str, other: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Judges whether arm `one` scores higher on the test set than arm `other` (see verdicts.compare)."""
        first, second = (np.array([outcome.counts for outcome in self.runs_of(arm)]) for arm in (one, other))
        return _name_sides(one, other, verdicts.compare(first, second, minimum, margin, _score_of(self.runs[0].metric)))

    def compare_to_baseline(self, arm: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Judges whether the runs of `arm` score higher on the test set than the trivial predictor of their task.

        The trivial score is taken as exact, so arms of any task, metric and number of examples can be judged, each by itself.
        """
        runs = self.runs_of(arm)
        counts, score = np.array([run.counts for run in runs]), _score_of(runs[0].metric)
        baseline = np.array([run.baseline_score for run in runs])[:, None, None] * np.ones((*counts.shape[:2], 1))
        both = np.concatenate([counts, baseline, np.ones_like(baseline)], axis=-1)
        verdict = verdicts.compare(both, np.zeros_like(both), minimum, margin, lambda sums: score(sums[..., :-2]) - verdicts.mean(sums[..., -2:]))
        mean_baseline = float(np.mean([run.baseline_score for run in runs]))
        return _name_sides(arm, "trivial", replace(verdict, sides=(verdict.effect + mean_baseline, mean_baseline)))

    def compare_gaps(self, one: str, other: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Judges whether training score minus test score is larger in `one` than in `other`; for scores that are means over examples."""
        first, second = (_gap_terms(self.runs_of(arm)) for arm in (one, other))
        return _name_sides(one, other, verdicts.compare(first, second, minimum, margin))

    def compare_measures(self, arm: str, one: str, other: str, minimum: float, margin: float = 0.0) -> verdicts.Verdict:
        """Judges whether measure `one` is higher than measure `other` in the same runs, paired by run and example."""
        first, second = (self._measured(arm, name) for name in (one, other))
        return _name_sides(one, other, verdicts.compare(_mean_terms(first), _mean_terms(second), minimum, margin))

    def compare_ratios(self, one: str, other: str, find: Callable[[Outcome], float], minimum: float, margin: float = 1.0) -> verdicts.Verdict:
        """Judges, in each seed, the ratio of `find` on the run of arm `one` to `find` on the run of arm `other`."""
        first, second = ([find(outcome) for outcome in self.runs_of(arm)] for arm in (one, other))
        verdict = verdicts.judge_each_seed([top / bottom for top, bottom in zip(first, second, strict=True)], minimum, margin)
        return _name_sides(one, other, replace(verdict, sides=(float(np.mean(first)), float(np.mean(second)))))

    def _measured(self, arm: str, name: str) -> np.ndarray:
        """Returns the values (seeds, values per run) of a measure; zeros for a run without it."""
        values = [np.atleast_1d(np.asarray(run.measured[name], dtype=float)) if name in run.measured else None for run in self.runs_of(arm)]
        shape = next((each.shape for each in values if each is not None), (1,))
        return np.array([np.zeros(shape) if each is None else each for each in values])

    def _find(self, arm: str, seed: int) -> Outcome | None:
        return next((outcome for outcome in self.runs if (outcome.arm, outcome.seed) == (arm, seed)), None)


def best_validation_score(outcome: Outcome) -> float:
    """Returns the validation score of the kept model: the highest after the first step, or the last if the settings keep the last.

    -inf if there was no evaluation.
    """
    scores = [row["metrics"][outcome.metric] for row in outcome.evaluations if row["step"]]
    candidates = scores[-1:] if outcome.config.get("early_stopping_metric") == "last" else scores
    return max(candidates, default=float("-inf"))


def steps_to_loss(outcome: Outcome, loss: float) -> float:
    """Returns the step at which the validation loss is first at most `loss`; one epoch beyond the last evaluation if it never is."""
    evaluations = outcome.evaluations
    reached = next((row["step"] for row in evaluations if row["validation_loss"] <= loss), None)
    return float(reached if reached is not None else evaluations[-1]["step"] + outcome.start_event["steps_per_epoch"])


def read_outcomes(report: Mapping[str, Any]) -> Outcomes:
    """Returns the outcomes in a report of `running.judge_sweep`."""
    names = [each.name for each in fields(Outcome)]
    return Outcomes(tuple(Outcome(**{name: each[name] for name in names}) for each in report["outcomes"]))


def _gap_terms(runs: Sequence[Outcome]) -> np.ndarray:
    """Returns (seeds, examples, 2): training score minus correct (1 or 0), and 1."""
    counts = np.array([outcome.counts for outcome in runs])
    train_scores = np.array([outcome.train_score for outcome in runs])[:, None]
    return np.stack([train_scores - counts[..., 0], counts[..., 1]], axis=-1)


def _mean_terms(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones_like(values)], axis=-1)


def _name_sides(one: str, other: str, verdict: verdicts.Verdict) -> verdicts.Verdict:
    return replace(verdict, between=(one, other))


def _score_of(metric: str) -> verdicts.Score:
    return SCORES.get(metric, verdicts.mean)
