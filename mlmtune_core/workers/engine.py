"""Who runs what, where: this server's workers, and those of a cluster."""

import logging
import os
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import dask
import psutil
from distributed import Client, Future, KilledWorker, Nanny, Scheduler, SpecCluster
from distributed import TimeoutError as TookTooLong
from distributed.system import MEMORY_LIMIT

from mlmtune_core.errors import RunError, UserError
from mlmtune_core.runs.heartbeats import who
from mlmtune_core.runs.run import Run
from mlmtune_core.storage import home
from mlmtune_core.workers.cluster import Cluster, WorkerRow
from mlmtune_core.workers.cores import share
from mlmtune_core.workers.costs.memory import worker_limit
from mlmtune_core.workers.processes import (
    DASK_SETTINGS,
    HOST,
    WARM,
    WarmUp,
    WorkerReplacer,
    answer,
    call,
    worker_options,
)
from mlmtune_core.workers.progress import Progress, given_up
from mlmtune_core.workers.queue import RunQueue, requeue_unfinished

log = logging.getLogger(__name__)
ASK_SECONDS = 60.0


class Engine:
    """An embedded Dask cluster, alive from start to close.

    `train-0..n-1` carry out runs, `inspect` opens models, `rehearse` times what runs will cost, `data` reads files: neither a large file
    nor a class that sets up its runs holds up anybody's model. If a scheduler is named, its workers carry out the runs.
    """

    def __init__(self, train_workers: int, cores: int, scheduler_address: str = "") -> None:
        self.cluster = Cluster(scheduler_address, WarmUp("train")) if scheduler_address else None
        train_workers = 0 if self.cluster else train_workers
        self.queue = RunQueue(train_workers, self.cluster.begin if self.cluster else self._carry_out)
        self.worker_memory = worker_limit(MEMORY_LIMIT, max(1, train_workers))
        self._cores, self._futures = cores, dict[str, Future]()
        folder = home() / "workers"
        shutil.rmtree(folder / "questions", ignore_errors=True)  # workers of an earlier server
        folder.mkdir(parents=True, exist_ok=True)
        names = [(f"train-{i}", "train") for i in range(train_workers)]
        names += [(role, role) for role in WARM if role != "train"]
        workers = {name: {"cls": Nanny, "options": worker_options(name, role, str(folder), self.worker_memory)} for name, role in names}
        scheduler = {
            "cls": Scheduler,
            "options": {"host": HOST, "port": 0, "dashboard": False, "dashboard_address": f"{HOST}:0"},
        }
        self._cluster = SpecCluster(scheduler=scheduler, workers=workers, silence_logs=logging.ERROR)
        self._client = Client(self._cluster, set_as_default=False)
        self._revival = WorkerReplacer(self._cluster)
        self._revival.start()

    def ask(self, path: str, *args: Any, role: str = "inspect", seconds: float = ASK_SECONDS) -> Any:
        """Calls `module:function` on the worker of a role and waits. Raises its UserError, or RunError if it takes too long."""
        return self.begin(path, *args, role=role).result(seconds)

    def begin(self, path: str, *args: Any, role: str = "inspect") -> "Question":
        """As `ask`, without waiting."""
        progress = Progress()
        return Question(self._client.submit(answer, progress.name, path, *args, resources={role: 1}, pure=False), progress)

    def expect_threads(self) -> int:
        """Returns how many threads a run would have if it started now. Of a cluster this is unknown: assumes this machine."""
        if self.cluster:
            return self._cores
        return max(1, self._cores // min(self.queue.workers, len(self._futures) + 1))

    def health(self) -> dict[str, Any]:
        """Returns how many workers of each role are alive, and how many runs are queued and under way."""
        roles = Counter(role for worker in list(self._cluster.scheduler.workers.values()) for role in worker.resources)
        if self.cluster:
            roles["train"] = self.queue.workers
        runs = {"queued": self.queue.length(), "under_way": len(self.queue.under_way())}
        return {"workers": {role: roles[role] for role in WARM}, "runs": runs}

    def workers(self) -> list[WorkerRow]:
        """Returns all worker processes: this server's, then the cluster's."""
        pids = {nanny.pid: name for name, nanny in list(self._cluster.workers.items()) if nanny.pid}
        at_work = {who(Run(home() / "runs" / name).heartbeat_file): name for name in self.queue.under_way()}
        rows = []
        for pid, name in pids.items():
            with suppress(psutil.Error):  # it died just now
                process, here = psutil.Process(pid), socket.gethostname()
                memory, since = process.memory_info().rss, process.create_time()
                rows.append(WorkerRow(name, name.split("-")[0], here, at_work.get((here, pid), ""), memory, since))
        return rows + (self.cluster.workers() if self.cluster else [])

    def close(self) -> None:
        """Ends the workers at once. Runs under way are interrupted, which their folders survive at any moment; those of a cluster continue."""
        self.queue.close()
        self._revival.close()
        if self.cluster:
            self.cluster.close()
        for nanny in self._cluster.workers.values():
            nanny.auto_restart = False
            if nanny.pid:
                os.kill(nanny.pid, signal.SIGKILL)
        self._client.close(timeout=2)
        with suppress(TimeoutError):
            self._cluster.close(timeout=3)

    def _carry_out(self, run: Run, ended: Callable[[Exception | None], None]) -> None:
        future = self._client.submit(
            call,
            "mlmtune_core.workers.worker:run",
            str(run.folder),
            resources={"train": 1},
            pure=False,
            key=f"{run.id}-{os.urandom(4).hex()}",
        )
        self._futures[run.id] = future
        self._share_cores()
        future.add_done_callback(lambda done: self._settle(run, done, ended))

    def _settle(self, run: Run, future: Future, ended: Callable[[Exception | None], None]) -> None:
        if self._futures.get(run.id) is future:
            del self._futures[run.id]
        ended(None if future.status == "finished" else RuntimeError(future.status))
        self._share_cores()

    def _share_cores(self) -> None:
        share(self._cores, min(self.queue.workers, len(self._futures)))


class Question:
    """A question to a worker: how far it is, whether it is done, and its answer."""

    def __init__(self, future: Future, progress: Progress) -> None:
        self._future: Future | None = future
        self._progress = progress
        self._answer: Any = None

    def done(self) -> bool:
        """Returns True when the answer is there."""
        return self._future is None or self._future.done()

    def share(self) -> float:
        """Returns the share that is done, 0 to 1, as last reported."""
        return self._progress.share()

    def give_up(self) -> None:
        """Cancels the work if it still waits or asks now and then; `result` says so."""
        self._progress.give_up()
        if self._future is not None:
            self._future.cancel()
        self._future, self._answer = None, given_up()

    def result(self, seconds: float = ASK_SECONDS) -> Any:
        """Waits for the answer. Raises the worker's UserError, or RunError if it takes too long."""
        future = self._future
        if future is not None:
            try:
                self._answer = future.result(timeout=seconds)
            except TookTooLong:
                future.cancel()
                raise RunError(
                    "No answer after {seconds} seconds. Wait a moment and try again.", seconds=round(seconds)
                ) from None
            except KilledWorker:
                raise RunError(
                    "The worker process died over this question, most likely for want of memory. Wait a moment and try again."
                ) from None
            except RuntimeError as error:
                raise RunError(
                    "This did not work, by a fault of mlmtune ({error}). If it comes back, report it.", error=error
                ) from None
            self._future = None  # lets the worker free it
        if isinstance(self._answer, UserError):
            raise self._answer
        return self._answer


def start() -> Engine:
    """Starts the engine of this process, once, and queues the runs that an earlier server left unfinished."""
    global _current
    if _current is None:
        dask.config.set(DASK_SETTINGS)
        cores = os.cpu_count() or 1
        train_workers = int(os.environ.get("MLMTUNE_TRAIN_WORKERS") or max(1, cores // 2))
        _current = Engine(train_workers, cores, os.environ.get("MLMTUNE_SCHEDULER", ""))
        requeue_unfinished(_current.queue, adopt=_current.cluster is not None)
        if _current.cluster:
            _current.cluster.start(_current.queue.resize)
    return _current


def current() -> Engine:
    """Returns the engine of this process. Raises RunError if none was started."""
    if _current is None:
        raise RunError("The workers are not running. Start the app with “make run”.")
    return _current


def close() -> None:
    """Closes the engine of this process, if there is one."""
    global _current
    if _current is not None:
        _current.close()
        _current = None


_current: Engine | None = None
