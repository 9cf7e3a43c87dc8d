"""From a lesson and its seeds to a sweep: a run for every arm with every seed."""

from collections.abc import Iterable, Sequence
from typing import Any

from mlmtune_core.data.report import find_fingerprint
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.data import open_lesson_data
from mlmtune_core.lessons.lesson import Arm, Lesson
from mlmtune_core.people import Person
from mlmtune_core.runs.sweeps import Member, Sweep, create_sweep

VERDICTS = "verdicts"  # the name under which a sweep stores the report of its lesson


def plan_runs(lesson: Lesson, seeds: Sequence[int], arms: Iterable[Arm] | None = None, data: str = "") -> list[Member]:
    """Returns a sweep member for every arm (or only `arms`) with every seed. data: replaces the lesson's data (a name from lessons.data)."""
    chosen = list(lesson.arms if arms is None else arms)
    tables = {name: open_lesson_data(name) for name in {_find_data_name(lesson, arm, data) for arm in chosen}}
    return [Member(lesson.config(arm, seed), tables[_find_data_name(lesson, arm, data)], arm.id) for arm in chosen for seed in seeds]


def create_lesson_sweep(lesson: Lesson, seeds: Sequence[int], person: Person, arm: str = "", data: str = "", estimate: float | None = None) -> Sweep:
    """Creates a sweep with the runs of a lesson, or of one of its arms; the sweep stores the lesson's id."""
    arms = [lesson.arm(arm)] if arm else None
    return create_sweep(plan_runs(lesson, seeds, arms, data), describe_data(data or lesson.data), {}, person, estimate, lesson.id, {"arm": arm})


def describe_data(name: str) -> dict[str, Any]:
    """Returns name and fingerprint of lesson data, as runs store them."""
    return {"name": name, "id": "", "fingerprint": find_fingerprint(open_lesson_data(name)), "columns": {}}


def prepare_lesson(lesson_id: str, seeds: Sequence[int], person: Person, arm: str, data: str, estimate: float | None) -> str:
    """Creates the sweep in a worker for a page and returns its id; its runs are not queued yet."""
    return create_lesson_sweep(LESSONS[lesson_id], seeds, person, arm, data, estimate).id


def list_seeds(first: int, count: int) -> list[int]:
    """Returns `count` consecutive seeds, starting at `first`."""
    return list(range(first, first + count))


def _find_data_name(lesson: Lesson, arm: Arm, data: str) -> str:
    own = arm.data or lesson.data
    return data if data and own == lesson.data else own


def find_seconds_per_seed(report: dict[str, Any], arm: str = "") -> float:
    """Returns the mean seconds per seed of a recorded lesson, or of one of its arms."""
    outcomes = [outcome for outcome in report["outcomes"] if arm in ("", outcome["arm"])]
    seeds = {outcome["seed"] for outcome in outcomes}
    return sum(outcome["seconds"] for outcome in outcomes) / max(1, len(seeds))
