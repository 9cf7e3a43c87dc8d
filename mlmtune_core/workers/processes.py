"""A worker process: its role, what it preloads, its priority, its memory limit, its restart."""

import logging
import os
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

from distributed import SpecCluster, Worker, WorkerPlugin

from mlmtune_core.errors import UserError
from mlmtune_core.workers import logs
from mlmtune_core.workers.costs.memory import bound
from mlmtune_core.workers.progress import following

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
LOOK_SECONDS = 3.0
CLOSE_SECONDS = 10.0
BACKGROUND = ("train", "rehearse")  # pages come first; a rehearsal must be as slow as a run
NICENESS = 10  # niceness of these roles, if the system has nothing better
WARM = {
    "train": "mlmtune_core.workers.worker:warm",
    "inspect": "mlmtune_core.inspecting.trials.preview:warm",
    "rehearse": "mlmtune_core.inspecting.trials.preview:warm",
    "data": "mlmtune_core.data.preparation:warm_up",
}
DASK_SETTINGS = {
    "distributed.worker.daemon": True,
    "distributed.scheduler.allowed-failures": 0,  # the queue decides about retries
    "distributed.admin.tick.limit": "30s",  # importing torch blocks the worker's loop for seconds
    "distributed.deploy.lost-worker-timeout": "1 hour",  # else Dask gives up a worker that is slow to restart; see WorkerReplacer
    "distributed.logging.distributed": "error",
    "distributed.admin.tick.interval": "500ms",  # else five of its parts wake the server fifty times a second each
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.scheduler.work-stealing": False,  # there is one worker per role, or the queue balances the work
    "distributed.diagnostics.nvml": False,
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 2
    ** 29,  # Dask's 64 KB makes a step of training 45 % slower
}

_warm: set[str] = set()  # in a worker process: the roles that it has warmed up for


class WarmUp(WorkerPlugin):
    """Imports and loads what a worker will need, in the thread that runs tasks, so that the first Start does not wait for it."""

    def __init__(self, role: str, memory: int = 0) -> None:
        self.role, self.memory = role, memory
        self.name = f"warm-{role}"

    def setup(self, worker: Worker) -> None:
        """Called by distributed in each new worker process."""
        logs.begin(f"worker-{worker.name}")
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        if self.role in BACKGROUND:
            _step_back()
        if self.memory:
            bound(self.memory)
        if self.role not in _warm:  # a restarted server sends it again
            _warm.add(self.role)
            worker.executors["default"].submit(call, WARM[self.role])


class WorkerReplacer(threading.Thread):
    """Restarts workers that Dask has given up: those that die right after their start, or are slow to come up."""

    def __init__(self, cluster: SpecCluster) -> None:
        super().__init__(daemon=True)
        self._cluster, self._closed = cluster, threading.Event()
        self._missed: set[str] = set()

    def run(self) -> None:
        """Checks the workers until it is closed."""
        while not self._closed.wait(LOOK_SECONDS):
            try:
                self._look()
            except Exception:  # the next check tries again
                log.exception("a worker process could not be replaced")

    def close(self) -> None:
        """Stops checking."""
        self._closed.set()

    def _look(self) -> None:
        """Replaces workers that were already missing at the last check: Dask has had the time to restart them."""
        nannies = dict(self._cluster.workers)
        missed = {name for name in self._cluster.worker_spec if name not in nannies or not nannies[name].is_alive()}
        lost = missed & self._missed
        for name in lost & {*nannies}:
            log.warning("worker %s is gone and is replaced", name)
            with suppress(TimeoutError):
                self._cluster.sync(nannies[name].close, callback_timeout=CLOSE_SECONDS)
            self._cluster.workers.pop(name, None)
        if lost and not self._closed.is_set():
            self._cluster.scale(len(self._cluster.worker_spec))  # starts the missing ones
        self._missed = missed


def worker_options(name: str, role: str, folder: str, memory: int = 0) -> dict[str, Any]:
    """Returns Dask's options for a worker process; `memory`: bytes that it may use, 0 for no limit."""
    return {
        "name": name,
        "nthreads": 1,
        "host": HOST,
        "resources": {role: 1},
        "memory_limit": 0,
        "dashboard": False,
        "dashboard_address": f"{HOST}:0",
        "local_directory": folder,
        "plugins": [WarmUp(role, memory)],
        "silence_logs": logging.ERROR,
    }


def _step_back() -> None:
    """Gives this process and its future threads idle priority. Niceness is not enough: a process that wakes up waits for a nice one's time slice, and a
    server wakes up thousands of times a second.
    """
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)  # not os.nice, which would add up on a second setup


def answer(question: str, path: str, *args: Any) -> Any:
    """As `call`, for a question that somebody waits for: it can report progress and be cancelled (see progress)."""
    with following(question):
        return call(path, *args)


def call(path: str, *args: Any) -> Any:
    """Imports and calls a function in the worker process. A UserError is returned as a value.

    Of other errors only the text is returned: the server must not import torch to read one.
    """
    module, _, name = path.partition(":")
    try:
        return getattr(import_module(module), name)(*args)
    except UserError as error:
        return error
    except Exception as error:
        log.exception("%s failed", path)
        raise RuntimeError(f"{type(error).__name__}: {error}") from None
