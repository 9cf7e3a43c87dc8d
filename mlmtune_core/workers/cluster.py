"""Connects to an existing Dask scheduler, which may come and go, and runs on its workers."""

import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from distributed import Client, Future, WorkerPlugin, fire_and_forget

from mlmtune_core.errors import RunError, UserError
from mlmtune_core.runs.heartbeats import is_alive
from mlmtune_core.runs.run import Run

LOOK_SECONDS = 1.0
ASK_SECONDS = 30.0  # a scheduler on a crowded machine may be slow to answer
LONGEST_PAUSE_SECONDS = 30.0  # between attempts to connect
CLOSE_SECONDS = 2
RUN_ID = re.compile(r"[0-9a-f]{24}")

Ended = Callable[[Exception | None], None]


@dataclass(frozen=True)
class WorkerRow:
    """One worker process: `role` (train, inspect, data), the id of its run or "", `memory` in bytes, `since` in unix seconds."""

    name: str
    role: str
    machine: str
    run: str
    memory: int
    since: float


@dataclass
class _Going:
    """A run under way. `future` exists only while the scheduler that has the run is connected; without it the run is known by its folder."""

    run: Run
    ended: Ended
    future: Future | None


class Cluster:
    """Runs on an external scheduler. All waiting happens in a thread of its own: `begin` and `close` return at once.

    The heartbeat file says whether a run is under way, not the connection: losing the scheduler ends nothing.
    """

    def __init__(self, address: str, plugin: WorkerPlugin) -> None:
        self.address = address
        self.connected = False
        self._plugin = plugin
        self._client: Client | None = None
        self._going: dict[str, _Going] = {}
        self._rows: list[WorkerRow] = []
        self._since: dict[str, float] = {}
        self._closed = threading.Event()
        self._pause, self._next_try = LOOK_SECONDS, 0.0

    def start(self, resize: Callable[[int], None]) -> None:
        """Starts connecting. Calls `resize` with the number of runs that can go on at the same time, whenever it changes."""
        logging.getLogger("distributed.client").setLevel(
            logging.CRITICAL
        )  # a lost scheduler is shown, not logged as a fault
        self._thread = threading.Thread(target=self._keep_up, args=(resize,), daemon=True)
        self._thread.start()

    def begin(self, run: Run, ended: Ended) -> None:
        """Sends a run to the scheduler, or only watches it if a process is already at work on it."""
        future = None
        if self._client is not None and not is_alive(run.heartbeat_file):
            with suppress(Exception):  # the connection broke just now: the next look finds the run without a worker
                future = self._client.submit(
                    make_task(),
                    run.id,
                    resources={"train": 1},
                    pure=False,
                    key=f"{run.id}-{os.urandom(4).hex()}",
                )
                fire_and_forget(future)  # it continues when this server ends
        self._going[run.id] = _Going(run, ended, future)

    def workers(self) -> list[WorkerRow]:
        """Returns the workers of the last look."""
        return self._rows

    def close(self) -> None:
        """Disconnects from the scheduler; its runs continue."""
        self._closed.set()
        self._thread.join(CLOSE_SECONDS)
        self._leave()

    def _keep_up(self, resize: Callable[[int], None]) -> None:
        capacity = 0
        while not self._closed.wait(LOOK_SECONDS):
            try:
                if self._client is None and time.monotonic() >= self._next_try:
                    self._connect()
                slots = self._look()
                if slots != capacity:
                    capacity = slots
                    resize(slots)
                self._settle()
            except Exception:  # only this thread hears of the runs
                logging.getLogger(__name__).exception("a look at %s failed", self.address)

    def _connect(self) -> None:
        if can_reach(self.address):
            with suppress(Exception):  # a scheduler that cannot be used is shown as absent
                client = Client(self.address, timeout=ASK_SECONDS, set_as_default=False)
                self._client, self.connected, self._pause = client, True, LOOK_SECONDS
                threading.Thread(target=self._warm, args=(client,), daemon=True).start()  # this waits for every worker
                return
        self._next_try = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def _warm(self, client: Client) -> None:
        with suppress(Exception):  # the connection broke; the next one repeats this
            client.register_plugin(self._plugin)

    def _look(self) -> int:
        """Returns how many runs can go on: one per slot of the scheduler, and those that continue without it."""
        told: dict[str, Any] = {}
        busy: dict[str, Any] = {}
        if self._client is not None:
            try:
                told, busy = self._ask(self._client)
            except Exception:  # whatever it was, connect again
                self._leave()
        self._rows = [self._row(address, worker, busy.get(address, [])) for address, worker in told.items()]
        self._since = {address: self._since[address] for address in told}
        on_slots = {run for runs in busy.values() for run in runs}
        others = [going.run for going in list(self._going.values()) if going.future is None]
        without = [run for run in others if run.id not in on_slots and is_alive(run.heartbeat_file)]
        return round(sum(map(_slots, told.values()))) + len(without)

    def _ask(self, client: Client) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Returns (address -> what the scheduler says of a worker, address -> ids of its runs)."""
        if client.status != "running":
            raise OSError(client.status)
        told = client.sync(client.scheduler.identity, callback_timeout=ASK_SECONDS)["workers"]
        busy = client.sync(client.scheduler.processing, workers=None, callback_timeout=ASK_SECONDS)
        runs = {address: [RUN_ID.match(str(key)) for key in keys] for address, keys in busy.items()}
        return (
            {address: worker for address, worker in told.items() if _slots(worker)},
            {address: [found[0] for found in matches if found] for address, matches in runs.items()},
        )

    def _leave(self) -> None:
        """Drops a connection; its runs are then known by their folders."""
        client, self._client, self.connected = self._client, None, False
        for going in list(self._going.values()):
            going.future = None
        if client is not None:
            with suppress(Exception):
                client.close(timeout=CLOSE_SECONDS)

    def _settle(self) -> None:
        """Reports the runs that have no worker any more. A run whose worker was refused because another process holds it still has one."""
        for going in list(self._going.values()):
            run, future = going.run, going.future
            if future is not None and not future.done():
                continue
            error = RuntimeError(future.status) if future is not None and future.status == "error" else None
            if future is not None and future.status == "finished":
                _refuse(run, future)
            going.future = None
            if run.summary() is None and is_alive(run.heartbeat_file):
                continue
            del self._going[run.id]
            going.ended(error)

    def _row(self, address: str, worker: dict[str, Any], runs: list[str]) -> WorkerRow:
        since = self._since.setdefault(address, time.time())
        memory = int(worker.get("metrics", {}).get("memory", 0))
        return WorkerRow(str(worker["name"]), "train", worker["host"], runs[0] if runs else "", memory, since)


def make_task() -> Callable[[str], Any]:
    """Returns the function that is sent to carry out a run. A nested function is pickled whole, so that the scheduler needs no mlmtune."""

    def carry_out(name: str) -> Any:
        from mlmtune_core.workers.processes import call

        return call("mlmtune_core.workers.worker:run", name)

    return carry_out


def can_reach(address: str) -> bool:
    """Returns whether something listens at tcp://host:port."""
    try:
        told = urlsplit(address)
        with socket.create_connection((told.hostname or "", told.port or 0), timeout=CLOSE_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def _slots(worker: dict[str, Any]) -> float:
    return worker.get("resources", {}).get("train", 0) if worker.get("status") == "running" else 0


def _refuse(run: Run, future: Future) -> None:
    """Ends a run that its worker could not even open."""
    answer = None
    with suppress(Exception):  # the worker left together with its answer
        answer = future.result(timeout=ASK_SECONDS)
    if isinstance(answer, UserError) and run.folder.is_dir() and run.summary() is None:
        run.fail(
            RunError(
                "A worker of the cluster does not see the folder of this run. Every machine needs the server's $MLMTUNE_HOME on a shared file system."
            )
        )
