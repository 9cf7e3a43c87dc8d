"""Runs that wait for a free train worker, in a fair order between people."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlmtune_core.errors import repeated_deaths_error
from mlmtune_core.runs.event_log import find_best, summarise
from mlmtune_core.runs.heartbeats import is_alive
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import find_group, find_group_leader, leave, list_runs
from mlmtune_core.storage import home

LOOK_AGAIN_SECONDS = 2.0  # for how long the remaining times of runs under way are cached
UNKNOWN_SECONDS = 60.0  # of a run without an estimate


class TimeLeft:
    """Seconds that the runs under way still need, cached: forty pages ask every two seconds."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._looked = 0.0

    def of(self, going: Sequence[Run]) -> list[float]:
        """Returns one number per run."""
        if time.monotonic() - self._looked > LOOK_AGAIN_SECONDS:
            self._seconds, self._looked = [_left_of(run) for run in going], time.monotonic()
        return self._seconds


def find_wait(left: Sequence[float], ahead: Sequence[Run], workers: int) -> float:
    """Returns the seconds until the run behind `ahead` starts, if so many workers take one run after the other."""
    free = sorted([*left, *[0.0] * workers])[-workers:]
    for run in ahead:
        free.sort()
        free[0] += run.about().get("estimate") or UNKNOWN_SECONDS
    return min(free)


def _left_of(run: Run) -> float:
    known = run.about().get("estimate")
    seconds = summarise(run.events(), known).seconds_left
    return (known or UNKNOWN_SECONDS) if seconds is None else seconds


log = logging.getLogger(__name__)
MOST_DEATHS = 10  # deaths of a worker after which a run is not retried automatically

Begin = Callable[[Run, Callable[[Exception | None], None]], object]


@dataclass
class Turn:
    """A run in the queue: its owner, since when, its batch (runs of a sweep count as one), and how many workers died on it."""

    run: Run
    owner: str
    since: float
    batch: str = ""
    first: bool = False
    deaths: int = 0


class RunQueue:
    """Hands runs to `begin(run, ended)`, so many at a time. `begin` calls `ended`, from any thread, with an error or None."""

    def __init__(self, workers: int, begin: Begin) -> None:
        self.workers, self._begin = workers, begin
        self._lock = threading.RLock()
        self._waiting: list[Turn] = []
        self._going: dict[str, Turn] = {}
        self._served: dict[str, float] = {}
        self._left = TimeLeft()
        self._closed = False

    def submit(self, run: Run) -> None:
        """Queues a run with those that it leads (see runs/shelf). A run that is queued or under way is not queued twice."""
        with self._lock:
            if run.id not in self._going and self._find(run) is None and _is_unended(run):
                self._waiting.append(Turn(run, run.owner(), time.time(), run.sweep() or run.id))
                log.info("run %s is queued", run.id)
            self._start_waiting()

    def adopt(self, run: Run) -> None:
        """Takes in a run that another process carries out; this queue only hears when it has ended."""
        with self._lock:
            self._going[run.id] = Turn(run, run.owner(), time.time(), run.sweep() or run.id)
        self._begin(run, lambda error: self._settle(run, error))

    def stop(self, run: Run) -> None:
        """Ends a run for good and keeps its best model; a run without a worker ends at once."""
        self._ask(run, "stop")
        if run.summary() is None and not self._is_going(run) and not is_alive(run.heartbeat_file):
            best = find_best(run.events("EvalDone"))
            kept = {name: best[name] for name in ("step", "epoch", "validation_loss", "metrics") if name in best}
            run.finish({"reason": "stopped", "best": kept, "seconds": 0.0})

    def pause(self, run: Run) -> None:
        """Makes a run give its worker back after the current step; a waiting run leaves the queue."""
        self._ask(run, "pause")

    def resume(self, run: Run) -> None:
        """Queues a run that was paused, interrupted or failed; it continues from its last snapshot."""
        with self._lock:
            if self._is_going(run):
                run.request("")  # its worker may or may not have seen the request to pause (see _settle)
            elif not is_alive(run.heartbeat_file):
                leave(run)
                for each in find_group(run):
                    each.reset()
                self.submit(run)

    def drop(self, run: Run) -> None:
        """Removes a run for good, before it is deleted."""
        with self._lock:
            self._waiting = [turn for turn in self._waiting if turn.run.id != run.id]
            if run.id in self._going:
                run.request("stop")

    def move_up(self, run: Run) -> None:
        """Makes a waiting run the next one."""
        with self._lock:
            turn = self._find(run)
            if turn is not None:
                self._waiting.remove(turn)
                turn.first = True
                self._waiting.insert(0, turn)

    @property
    def held(self) -> bool:
        """Whether the queue starts no more runs for now. This survives a restart of the server."""
        return self._hold_file.exists()

    def hold(self) -> None:
        """Starts no more runs; those under way continue."""
        self._hold_file.parent.mkdir(parents=True, exist_ok=True)
        self._hold_file.touch()

    def release(self) -> None:
        """Starts runs again."""
        self._hold_file.unlink(missing_ok=True)
        with self._lock:
            self._start_waiting()

    def order(self) -> list[str]:
        """Returns the ids of the waiting runs, the next one first."""
        with self._lock:
            return [turn.run.id for turn in self._in_order()]

    def under_way(self) -> list[str]:
        """Returns the ids of the runs that have a worker."""
        with self._lock:
            return list(self._going)

    def place(self, run: Run) -> int | None:
        """Returns the place in the queue, from 1; None for a run that does not wait."""
        order = self.order()
        return order.index(run.id) + 1 if run.id in order else None

    def waiting(self, owner: str) -> int:
        """Returns how many runs of a person wait; those of one sweep count as one."""
        with self._lock:
            return len({turn.batch for turn in self._waiting if turn.owner == owner})

    def length(self) -> int:
        """Returns how many runs wait."""
        return len(self._waiting)

    def expected_wait(self, run: Run) -> float | None:
        """Returns the seconds until a waiting run starts, by the estimates of those before it.

        None if it does not wait, or if there is no worker.
        """
        with self._lock:
            turns = self._in_order()
            ahead = [turn.run for turn in turns]
            place = next((i for i, each in enumerate(ahead) if each.id == run.id), None)
        if place is None or not self.workers:
            return None
        with self._lock:
            going = [turn.run for turn in self._going.values()]
        return find_wait(self._left.of(going), ahead[:place], self.workers)

    def resize(self, workers: int) -> None:
        """Sets the number of workers."""
        with self._lock:
            self.workers = workers
            self._start_waiting()

    def close(self) -> None:
        """Starts nothing any more: the server ends, and the next one takes over the runs under way."""
        with self._lock:
            self._closed = True

    @property
    def _hold_file(self) -> Path:
        return home() / "queue-held"

    def _ask(self, run: Run, wish: str) -> None:
        with self._lock:
            if run.summary() is None:
                run.request(wish)
                log.info("run %s is asked to %s", run.id, wish)
            concerned = {run.id, (find_group_leader(run) or run).id}
            self._waiting = [turn for turn in self._waiting if turn.run.id not in concerned or _is_wanted(turn.run)]

    def _is_going(self, run: Run) -> bool:
        leader = find_group_leader(run) or run
        with self._lock:
            return leader.id in self._going

    def _find(self, run: Run) -> Turn | None:
        return next((turn for turn in self._waiting if turn.run.id == run.id), None)

    def _in_order(self) -> list[Turn]:
        """Returns the turns in order: those moved up, then everybody's first run, everybody's second, ...; ties go to who was served longer ago."""
        turns = {turn.owner: sum(going.owner == turn.owner for going in self._going.values()) for turn in self._waiting}
        keys = []
        for turn in self._waiting:
            nth = turns[turn.owner]
            served = self._served.get(turn.owner, 0.0) if nth == 0 else 0.0
            keys.append((-1, 0.0, 0.0) if turn.first else (nth, served, turn.since))
            turns[turn.owner] += not turn.first
        return [turn for _, turn in sorted(zip(keys, self._waiting, strict=True), key=lambda pair: pair[0])]

    def _start_waiting(self) -> None:
        while self._waiting and len(self._going) < self.workers and not self.held and not self._closed:
            turn = self._in_order()[0]
            self._waiting.remove(turn)
            self._going[turn.run.id] = turn
            self._served[turn.owner] = time.time()
            self._begin(turn.run, partial(self._settle, turn.run))

    def _settle(self, run: Run, error: Exception | None) -> None:
        """Handles a run that gave its worker back. If it neither ended nor was to pause, it is the next again, but not forever."""
        with self._lock:
            if self._closed:
                return
            turn = self._going.pop(run.id, None)
            ended = not run.folder.is_dir() or not any(each.control() != "pause" for each in find_group(run) if each.summary() is None)
            if turn is not None and not ended:
                turn.deaths += error is not None
                log.warning("run %s gave its worker back before its end (%s)", run.id, error)
                if turn.deaths < MOST_DEATHS:
                    turn.first = True
                    self._waiting.insert(0, turn)
                else:
                    run.fail(repeated_deaths_error(turn.deaths))
            self._left = TimeLeft()
            self._start_waiting()


def requeue_unfinished(queue: RunQueue, adopt: bool = False) -> None:
    """Queues the unfinished runs of an earlier server. Those of a living process are left to it, or adopted."""
    unended = sorted((run for run in list_runs() if run.summary() is None), key=lambda run: run.about()["created"])
    living = [run for run in unended if is_alive(run.heartbeat_file)]
    for run in living if adopt else ():
        queue.adopt(run)
    for run in unended:
        if run not in living and run.state() in ("queued", "interrupted") and find_group_leader(run) is None:
            run.heartbeat_file.unlink(missing_ok=True)
            queue.submit(run)


def _is_unended(run: Run) -> bool:
    return any(each.summary() is None for each in find_group(run))


def _is_wanted(run: Run) -> bool:
    """Returns whether the run, or one that it leads, is unfinished and not paused."""
    return any(each.summary() is None and not each.control() for each in find_group(run))
