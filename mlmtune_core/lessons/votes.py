"""What a class predicts before a lesson is run: one vote per person, the last one counts."""

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
    """Stores a person's prediction. Raises ValueError if the lesson has no such option."""
    if option not in {each.id for each in lesson.options}:
        raise ValueError(option)
    line = json.dumps({"person": person.id, "option": option}) + "\n"
    file = _file(lesson)
    with _lock:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


def find_vote(lesson: Lesson, person: Person) -> str:
    """Returns the option that a person voted for, or an empty string."""
    return _read(lesson).get(person.id, "")


def count_votes(lesson: Lesson) -> dict[str, int]:
    """Returns option -> number of votes, in the order of the lesson, including options without votes."""
    counts = Counter(_read(lesson).values())
    return {option.id: counts[option.id] for option in lesson.options}


def clear_votes(lesson: Lesson) -> None:
    """Deletes all votes on a lesson, for the next class."""
    with _lock:
        write_atomically(_file(lesson), b"")


def _read(lesson: Lesson) -> dict[str, str]:
    votes: dict[str, str] = {}
    with suppress(FileNotFoundError):
        for line in _file(lesson).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            votes[entry["person"]] = entry["option"]
    known = {option.id for option in lesson.options}
    return {person: option for person, option in votes.items() if option in known}


def _file(lesson: Lesson) -> Path:
    return home() / "votes" / f"{lesson.id}.jsonl"


_lock = threading.Lock()
