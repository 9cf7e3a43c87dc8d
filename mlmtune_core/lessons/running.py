"""The runs of a lesson: carried out, read when they have ended, measured and judged"""

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
import transformers

from mlmtune_core.config import RANKED_BY, RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.events import Failed, Finished
from mlmtune_core.inspecting.review import read_measured
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.measures import MEASURES
from mlmtune_core.lessons.outcomes import Outcome, Outcomes, read_outcomes
from mlmtune_core.lessons.planning import VERDICTS, create_lesson
from mlmtune_core.lessons.records import as_shipped, write_recorded
from mlmtune_core.models.devices import choose_device, describe_device
from mlmtune_core.people import PROGRAM
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.sweeps import Sweep, find_sweep
from mlmtune_core.tasks import TASKS, metrics
from mlmtune_core.workers import worker


def count(config: RunConfig, true: Sequence[Any], said: Sequence[Any]) -> list[list[float]]:
    """For every example the numbers of whose sums its score is made (see verdicts: mean, f1, pearson)."""
    metric = RANKED_BY[config.task]
    if metric == "entity_f1":
        pairs = [(set(metrics.find_entities(one)), set(metrics.find_entities(other))) for one, other in zip(true, said, strict=True)]
        return [[float(len(want & got)), float(len(want) + len(got))] for want, got in pairs]
    if metric == "pearson":
        return [[1.0, x, y, x * x, y * y, x * y] for x, y in zip(map(float, true), map(float, said), strict=True)]
    if metric == "answer_f1":
        return [[metrics.answers([one], [other])["answer_f1"], 1.0] for one, other in zip(true, said, strict=True)]
    return [[float(one == other), 1.0] for one, other in zip(true, said, strict=True)]


def carry_out_sweep(sweep: Sweep) -> Iterator[tuple[Run, Any]]:
    """(run, event) of all its runs in this process, those together that can be."""
    for run in sweep.runs():
        yield from worker.carry_out_led(run)


def carry_out_lesson(lesson: Lesson, seeds: Iterable[int], say: Callable[[int, int], None]) -> dict[str, Any]:
    """All runs of a lesson in this process, judged; nothing of them is kept. `say` hears how many runs of how many have ended."""
    sweep = create_lesson(lesson, list(seeds), PROGRAM)
    total, done = len(sweep.runs()), 0
    try:
        say(done, total)
        for _, event in carry_out_sweep(sweep):
            if isinstance(event, Finished | Failed):
                done += 1
                say(done, total)
        return judge_sweep(sweep.id)
    finally:
        sweep.delete()


def record(report: Mapping[str, Any]) -> dict[str, Any]:
    """Ships a report as the lesson's recording, judged from what is shipped; returns it."""
    shipped = as_shipped(report)
    shipped["verdicts"] = judge(LESSONS[shipped["lesson"]], read_outcomes(shipped))
    write_recorded(shipped)
    return shipped


def read_outcome(lesson: Lesson, run: Run, arm: str) -> Outcome:
    """What came out of one ended run. A run that broke off is right about nothing. Raises RunError for one that goes on."""
    summary, config = run.summary(), run.config()
    if summary is None:
        raise RunError("Not all runs of this lesson have ended yet.")
    if run.has_predictions("test"):
        measured = read_measured(run, "test")
        counts = count(config, [each.true for each in measured], [each.said for each in measured])
        beside = {name: MEASURES[name](run) for name in lesson.measures}
    else:
        frame, task = run.data(), TASKS[config.task]
        examples = task.to_examples(frame[frame["split"] == "test"].to_dict("records"))
        counts, beside = count(config, [task.find_truth(each) for each in examples], _nothing(config.task, len(examples))), {}
    ended = {"failed": "failed", "stopped": "stopped"}.get(summary["reason"], "finished")
    return Outcome(arm, config.seed, config.model_dump(), ended, summary["seconds"], run.events(), counts, beside)


def judge(lesson: Lesson, outcomes: Outcomes) -> list[dict[str, Any]]:
    """The verdict of each claim, as plain values with its `claim`; the same outcomes always give the same."""
    return [{"claim": claim.id, **vars(claim.judge(outcomes))} for claim in lesson.claims]


def judge_sweep(sweep_id: str) -> dict[str, Any]:
    """What a lesson's runs came to, kept with the sweep: `lesson`, `about` (machine, versions), `outcomes`, `verdicts`."""
    sweep = find_sweep(sweep_id)
    about = sweep.about()
    lesson, arms = LESSONS[about["lesson"]], sweep.arms()
    outcomes = Outcomes(tuple(read_outcome(lesson, run, arms[run.id]) for run in sweep.runs()))
    report = {
        "lesson": lesson.id,
        "about": {"data": about["data"], "created": about["created"], **describe_machine()},
        "outcomes": describe_outcomes(outcomes),
        "verdicts": judge(lesson, outcomes),
    }
    sweep.keep(VERDICTS, report)
    return report


def describe_outcomes(outcomes: Outcomes) -> list[dict[str, Any]]:
    """As plain values, with what is derived from each: its score, and what its run is like."""
    return [{**vars(outcome), "score": outcome.score, "run_class": outcome.run_class} for outcome in outcomes.all]


def describe_machine() -> dict[str, Any]:
    """Where this process runs, and with what."""
    versions = {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__}
    return {"device": describe_device(choose_device()), "cores": torch.get_num_threads(), "versions": versions}


def _nothing(task: str, examples: int) -> list[Any]:
    """Answers that are never right."""
    empty: dict[str, Any] = {"regression": 0.0, "question_answering": "\0", "token_classification": []}
    return [empty.get(task)] * examples
