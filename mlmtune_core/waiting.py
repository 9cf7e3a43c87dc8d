"""How long a run will wait: what those under way still need, and what those before it were expected to take."""

import time
from collections.abc import Sequence

from mlmtune_core.run_store import Run
from mlmtune_core.run_summary import summarise

LOOK_AGAIN_SECONDS = 2.0  # how long what is left of the runs under way is taken to hold
UNKNOWN_SECONDS = 60.0  # of a run about which nothing is known


class Left:
    """Seconds that the runs under way still need, looked up now and then: forty pages ask every two seconds."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._looked = 0.0

    def of(self, going: Sequence[Run]) -> list[float]:
        """One number for each of these runs."""
        if time.monotonic() - self._looked > LOOK_AGAIN_SECONDS:
            self._seconds, self._looked = [_left_of(run) for run in going], time.monotonic()
        return self._seconds


def find_wait(left: Sequence[float], ahead: Sequence[Run], workers: int) -> float:
    """Seconds until the run behind `ahead` begins, where so many workers take one after the other."""
    free = sorted([*left, *[0.0] * workers])[-workers:]
    for run in ahead:
        free.sort()
        free[0] += run.about().get("estimate") or UNKNOWN_SECONDS
    return min(free)


def _left_of(run: Run) -> float:
    known = run.about().get("estimate")
    seconds = summarise(run.events(), known).seconds_left
    return (known or UNKNOWN_SECONDS) if seconds is None else seconds
