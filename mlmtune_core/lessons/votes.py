"""What a class predicts before a lesson is run: one vote a person, the last one counts"""

import json
import os
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.people import Person
from mlmtune_core.storage import home, write_atomically


def vote(lesson: Lesson, person: Person, option: str) -> None:
    """Keeps what a person predicts. Raises ValueError for an option that the lesson does not have."""
    if option not in {each.id for each in lesson.options}:
        raise ValueError(option)
    line = json.dumps({"person": person.id, "option": option}) + "\n"
    file = _file(lesson)
    with _writing:
        file.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(log, line.encode())
        finally:
            os.close(log)


def find_vote(lesson: Lesson, person: Person) -> str:
    """What a person has predicted, or an empty text."""
    return _read(lesson).get(person.id, "")


def count_votes(lesson: Lesson) -> dict[str, int]:
    """option -> how many persons predict it, in the order of the lesson, those without a vote too."""
    counts = Counter(_read(lesson).values())
    return {option.id: counts[option.id] for option in lesson.options}


def forget_votes(lesson: Lesson) -> None:
    """Begins anew: for the next class."""
    with _writing:
        write_atomically(_file(lesson), b"")


def _read(lesson: Lesson) -> dict[str, str]:
    votes: dict[str, str] = {}
    with suppress(FileNotFoundError):
        for line in _file(lesson).read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            votes[told["person"]] = told["option"]
    known = {option.id for option in lesson.options}
    return {person: option for person, option in votes.items() if option in known}


def _file(lesson: Lesson) -> Path:
    return home() / "votes" / f"{lesson.id}.jsonl"


_writing = threading.Lock()
