"""From a lesson and its seeds to a sweep whose runs can be queued: every arm with every seed, on data that were split before"""

from collections.abc import Iterable, Sequence
from typing import Any

from mlmtune_core.data.report import find_fingerprint
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.data import open_lesson_data
from mlmtune_core.lessons.lesson import Arm, Lesson
from mlmtune_core.people import Person
from mlmtune_core.runs.sweeps import Member, Sweep, create_sweep

VERDICTS = "verdicts"  # under which name a lesson's sweep keeps what its runs came to


def plan(lesson: Lesson, seeds: Sequence[int], arms: Iterable[Arm] | None = None, data: str = "") -> list[Member]:
    """Every arm (or these alone) with every seed. data: what the lesson is tried on instead of its own (see lessons.data)."""
    chosen = list(lesson.arms if arms is None else arms)
    tables = {name: open_lesson_data(name) for name in {_data_of(lesson, arm, data) for arm in chosen}}
    return [Member(lesson.config(arm, seed), tables[_data_of(lesson, arm, data)], arm.id) for arm in chosen for seed in seeds]


def create_lesson(lesson: Lesson, seeds: Sequence[int], person: Person, arm: str = "", data: str = "", estimate: float | None = None) -> Sweep:
    """The runs of a lesson, or of one of its arms, as a sweep that remembers whose lesson it is."""
    arms = [lesson.arm(arm)] if arm else None
    return create_sweep(plan(lesson, seeds, arms, data), describe_data(data or lesson.data), {}, person, estimate, lesson.id, {"arm": arm})


def describe_data(name: str) -> dict[str, Any]:
    """Name and fingerprint of lesson data, as runs remember what they learnt from."""
    return {"name": name, "id": "", "fingerprint": find_fingerprint(open_lesson_data(name)), "columns": {}}


def prepare_lesson(lesson_id: str, seeds: Sequence[int], person: Person, arm: str, data: str, estimate: float | None) -> str:
    """As `create_lesson`, for a page that asks a worker: the id of the sweep, not yet queued."""
    return create_lesson(LESSONS[lesson_id], seeds, person, arm, data, estimate).id


def describe_seeds(first: int, count: int) -> list[int]:
    """So many seeds from the first one on."""
    return list(range(first, first + count))


def _data_of(lesson: Lesson, arm: Arm, data: str) -> str:
    own = arm.data or lesson.data
    return data if data and own == lesson.data else own


def find_time(report: dict[str, Any], arm: str = "") -> float:
    """Seconds that one seed of a recorded lesson (or of one of its arms) took."""
    outcomes = [outcome for outcome in report["outcomes"] if arm in ("", outcome["arm"])]
    seeds = {outcome["seed"] for outcome in outcomes}
    return sum(outcome["seconds"] for outcome in outcomes) / max(1, len(seeds))
