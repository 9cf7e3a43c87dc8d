"""Runs a lesson: carries out its runs, reads, measures and judges them."""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
import transformers

from mlmtune_core.config import RANKED_BY, RunConfig
from mlmtune_core.data.columns import to_records
from mlmtune_core.errors import RunError
from mlmtune_core.events import Failed, Finished
from mlmtune_core.inspecting.review import read_measured
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.measures import MEASURES
from mlmtune_core.lessons.outcomes import Outcome, Outcomes, read_outcomes
from mlmtune_core.lessons.planning import VERDICTS, create_lesson_sweep
from mlmtune_core.lessons.records import compact_report, write_recorded
from mlmtune_core.models.devices import choose_device, describe_device
from mlmtune_core.people import PROGRAM
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.sweeps import Sweep, find_sweep
from mlmtune_core.tasks import TASKS, metrics
from mlmtune_core.workers import worker


def to_score_terms(config: RunConfig, true: Sequence[Any], predicted: Sequence[Any]) -> list[list[float]]:
    """Returns, for every example, the terms whose sums over examples give the score (see verdicts.mean, f1, pearson)."""
    metric = RANKED_BY[config.task]
    if metric == "entity_f1":
        pairs = [(set(metrics.find_entities(one)), set(metrics.find_entities(other))) for one, other in zip(true, predicted, strict=True)]
        return [[float(len(want & found)), float(len(want) + len(found))] for want, found in pairs]
    if metric == "pearson":
        return [[1.0, x, y, x * x, y * y, x * y] for x, y in zip(map(float, true), map(float, predicted), strict=True)]
    if metric == "answer_f1":
        return [[metrics.answers([one], [other])["answer_f1"], 1.0] for one, other in zip(true, predicted, strict=True)]
    return [[float(one == other), 1.0] for one, other in zip(true, predicted, strict=True)]


def carry_out_sweep(sweep: Sweep) -> Iterator[tuple[Run, Any]]:
    """Trains all runs of a sweep in this process, together where possible; yields (run, event)."""
    for run in sweep.runs():
        yield from worker.carry_out_group(run)


def carry_out_lesson(lesson: Lesson, seeds: Iterable[int], on_progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Trains all runs of a lesson in this process, deletes them, and returns the report (see judge_sweep).

    on_progress: called with the number of ended runs and of all runs.
    """
    sweep = create_lesson_sweep(lesson, list(seeds), PROGRAM)
    total, done = len(sweep.runs()), 0
    try:
        on_progress(done, total)
        for _, event in carry_out_sweep(sweep):
            if isinstance(event, Finished | Failed):
                done += 1
                on_progress(done, total)
        return judge_sweep(sweep.id)
    finally:
        sweep.delete()


def record_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """Writes a report as the lesson's recording, with verdicts judged from the rounded numbers; returns what was written."""
    compact = compact_report(report)
    compact["verdicts"] = judge_claims(LESSONS[compact["lesson"]], read_outcomes(compact))
    write_recorded(compact)
    return compact


def read_outcome(lesson: Lesson, run: Run, arm: str) -> Outcome:
    """Returns the outcome of an ended run; a run without test predictions counts as wrong on every example.

    Raises RunError if the run has not ended.
    """
    summary, config = run.summary(), run.config()
    if summary is None:
        raise RunError("Not all runs of this lesson have ended yet.")
    if run.has_predictions("test"):
        predicted = read_measured(run, "test")
        counts = to_score_terms(config, [each.true for each in predicted], [each.said for each in predicted])
        measured = {name: MEASURES[name](run) for name in lesson.measures}
    else:
        frame, task = run.data(), TASKS[config.task]
        examples = task.to_examples(to_records(frame[frame["split"] == "test"]))
        counts = to_score_terms(config, [task.find_truth(each) for each in examples], _wrong_predictions(config.task, len(examples)))
        measured = {}
    ended = {"failed": "failed", "stopped": "stopped"}.get(summary["reason"], "finished")
    return Outcome(arm, config.seed, config.model_dump(), ended, summary["seconds"], run.events(), counts, measured)


def judge_claims(lesson: Lesson, outcomes: Outcomes) -> list[dict[str, Any]]:
    """Returns the verdict of each claim as a dict with its `claim`; deterministic in the outcomes."""
    return [{"claim": claim.id, **vars(claim.judge(outcomes))} for claim in lesson.claims]


def judge_sweep(sweep_id: str) -> dict[str, Any]:
    """Judges the ended runs of a lesson's sweep; stores and returns a report: `lesson`, `about` (machine, versions), `outcomes`, `verdicts`.

    Raises RunError if a run has not ended.
    """
    sweep = find_sweep(sweep_id)
    about = sweep.about()
    lesson, arms = LESSONS[about["lesson"]], sweep.arms()
    outcomes = Outcomes(tuple(read_outcome(lesson, run, arms[run.id]) for run in sweep.runs()))
    report = {
        "lesson": lesson.id,
        "about": {"data": about["data"], "created": about["created"], **describe_machine()},
        "outcomes": describe_outcomes(outcomes),
        "verdicts": judge_claims(lesson, outcomes),
    }
    sweep.save(VERDICTS, report)
    return report


def describe_outcomes(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Returns each outcome as a dict, with its score and its diagnosis (`run_class`)."""
    return [{**vars(outcome), "score": outcome.score, "run_class": outcome.run_class} for outcome in outcomes.runs]


def describe_machine() -> dict[str, Any]:
    """Returns device, CPU cores and library versions of this process."""
    versions = {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__}
    return {"device": describe_device(choose_device()), "cores": torch.get_num_threads(), "versions": versions}


def _wrong_predictions(task: str, examples: int) -> list[Any]:
    """Returns predictions that are never right."""
    empty: dict[str, Any] = {"regression": 0.0, "question_answering": "\0", "token_classification": []}
    return [empty.get(task)] * examples
