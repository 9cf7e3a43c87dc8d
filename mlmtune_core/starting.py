"""From settings and examples to a run in the queue: within the limits, and once even if Start was pressed twice."""

import hashlib
import json
import threading
import time
from typing import Any, Protocol

import pandas as pd

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.limits import find_problems
from mlmtune_core.people import Person
from mlmtune_core.run_shelf import create_run, open_run
from mlmtune_core.run_store import Run
from mlmtune_core.runs_kept import find_use

TWICE_SECONDS = 3.0


class Queue(Protocol):
    """What a start needs of the queue of runs."""

    def submit(self, run: Run) -> None:
        """Takes a run in."""

    def waiting(self, owner: str) -> int:
        """How many runs of a person wait."""


def start_run(
    person: Person,
    queue: Queue,
    config: RunConfig,
    examples: pd.DataFrame,
    data: dict[str, Any],
    estimate: float | None = None,
) -> Run:
    """A new run of this person in the queue; or the one that they began a moment ago with the same settings and data.

    Raises LimitError where they may not have one more.
    """
    key = _key(person, config, data, len(examples))
    with _starting:  # two tabs that start at once: the second sees what the first did
        run = _find_recent(key)
        if run is not None:
            return run
        problems = find_problems(find_use(person, queue.waiting(person.id)))
        if problems:
            raise problems[0]
        run = create_run(config, examples, data, estimate=estimate, owner=person.id)
        queue.submit(run)
        _recent[key] = time.monotonic(), run.id
        return run


def _find_recent(key: str) -> Run | None:
    for old in [old for old, (moment, _) in _recent.items() if time.monotonic() - moment > TWICE_SECONDS]:
        del _recent[old]
    if key not in _recent:
        return None
    try:
        return open_run(_recent[key][1])
    except RunError:  # deleted meanwhile
        return None


def _key(person: Person, config: RunConfig, data: dict[str, Any], examples: int) -> str:
    told = [person.id, config.model_dump(), data, examples]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


_recent: dict[str, tuple[float, str]] = {}
_starting = threading.Lock()
