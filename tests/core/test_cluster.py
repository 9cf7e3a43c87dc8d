"""A scheduler and workers in processes of their own: runs go on beside each other, survive every death, and none is carried out twice."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import torch
from distributed.protocol.pickle import dumps

from mlmtune_core.__main__ import main
from mlmtune_core.runs.heartbeats import beating, is_alive, who
from mlmtune_core.runs.shelf import list_runs
from mlmtune_core.workers import cores, engine
from mlmtune_core.workers.cluster import Cluster, can_reach, make_task
from mlmtune_core.workers.queue import RunQueue

ROOT = Path(__file__).parent.parent.parent
LONG = {"strategy": "full", "epochs": 200, "patience": 0, "batch_size": 1}
STEPS = 1200


def wait_until(true, seconds=240):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited too long: {[(run.state(), dict(counted(run))) for run in list_runs()]}"
        time.sleep(0.05)


def counted(run):
    """How many events of each kind the log of a run holds, those of interrupted attempts too."""
    lines = run.log.path.read_text().splitlines() if run.log.path.exists() else []
    return Counter(json.loads(line)["kind"] for line in lines)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Machines:
    """A scheduler and workers as a person starts them, each a process that a test can end by its id."""

    def __init__(self, home):
        self.address, self.home = f"tcp://127.0.0.1:{free_port()}", home
        self.scheduler, self.begun = None, []

    def start_scheduler(self):
        """In a folder from which mlmtune cannot be imported: a scheduler may know nothing of it."""
        port = self.address.rpartition(":")[2]
        self.scheduler = self._begin(
            self.home,
            "-m",
            "dask",
            "scheduler",
            "--host",
            "127.0.0.1",
            "--port",
            port,
            "--dashboard-address",
            "127.0.0.1:0",
        )
        wait_until(lambda: can_reach(self.address))

    def start_worker(self, slots=1):
        return self._begin(ROOT, "-m", "mlmtune_core", "worker", self.address, "--slots", str(slots))

    def kill(self, process):
        process.kill()
        process.wait()

    def end(self):
        for process in self.begun:
            self.kill(process)

    def _begin(self, folder, *command):
        self.home.mkdir(exist_ok=True)
        with (self.home / f"log-{len(self.begun)}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=folder, stdout=log, stderr=log, env={**os.environ, "MLMTUNE_HOME": str(self.home), "MLMTUNE_THREADS": "1"}
            )  # fmt: skip
        self.begun.append(process)
        return process


@pytest.fixture
def machines(home, monkeypatch):
    them = Machines(home)
    monkeypatch.setenv("MLMTUNE_SCHEDULER", them.address)
    yield them
    engine.close()
    them.end()


def steps(run):
    return [row["step"] for row in run.events("StepDone")]


def finished_once(run):
    kinds = counted(run)
    return run.state() == "finished" and kinds["Finished"] == kinds["Started"] == 1


def is_under_way(run):
    return is_alive(run.heartbeat_file) and len(steps(run)) > 3 and run.last_file.is_file()


def trained(make_run, count):
    return [make_run(**LONG, seed=i) for i in range(count)]


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_runs_survive_their_workers_and_their_scheduler(machines, make_run):
    """Without a scheduler the server starts all the same; then two at a time; a worker dies; the scheduler dies and comes back."""
    started = engine.start()
    assert not started.cluster.connected and started.queue.workers == 0
    runs = trained(make_run, 3)
    for run in runs:
        started.queue.submit(run)
    assert started.queue.length() == 3 and started.queue.expected_wait(runs[0]) is None
    machines.start_scheduler()
    started.queue.hold()  # until both are there: they take their time to start
    first, second = machines.start_worker(), machines.start_worker()
    wait_until(lambda: started.queue.workers == 2)
    started.queue.release()
    wait_until(lambda: all(map(is_under_way, runs[:2])))
    assert started.cluster.connected and started.queue.order() == [runs[2].id]
    assert who(runs[0].heartbeat_file) != who(runs[1].heartbeat_file)
    wait_until(lambda: {row.run for row in started.workers() if row.role == "train"} == {run.id for run in runs[:2]})

    machines.kill(first)  # and the process that it led, with it
    wait_until(lambda: not all(is_alive(run.heartbeat_file) or run.summary() for run in runs[:2]))
    machines.start_worker()
    wait_until(lambda: any(run.events("Resumed") for run in runs[:2]))

    machines.kill(machines.scheduler)
    wait_until(lambda: not started.cluster.connected)
    machines.start_scheduler()
    wait_until(lambda: started.cluster.connected)
    wait_until(lambda: all(map(finished_once, runs)))
    wait_until(lambda: not started.queue.under_way() and started.queue.workers == 2)
    assert all(steps(run) == list(range(1, STEPS + 1)) for run in runs)
    assert second.poll() is None


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_run_goes_on_without_its_server_and_is_adopted_by_the_next(machines, make_run):
    started = engine.start()
    machines.start_scheduler()
    machines.start_worker()
    run, later = trained(make_run, 2)
    started.queue.submit(run)
    wait_until(lambda: is_under_way(run))
    holder = who(run.heartbeat_file)
    engine.close()
    assert is_alive(run.heartbeat_file) and who(run.heartbeat_file) == holder
    later_server = engine.start()
    assert later_server.queue.under_way() == [run.id]
    later_server.queue.submit(later)
    assert later_server.queue.order() == [later.id]
    wait_until(lambda: len(steps(later)) > 3 or not is_alive(run.heartbeat_file))
    assert finished_once(run) and not run.events("Resumed")
    later_server.queue.stop(later)
    wait_until(lambda: later.state() == "stopped" and not later_server.queue.under_way())


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_killed_worker_process_is_replaced_where_it_was(machines, make_run):
    started = engine.start()
    machines.start_scheduler()
    machines.start_worker()
    (run,) = trained(make_run, 1)
    started.queue.submit(run)
    wait_until(lambda: is_under_way(run))
    os.kill(who(run.heartbeat_file)[1], signal.SIGKILL)
    wait_until(lambda: finished_once(run))
    assert len(run.events("Resumed")) == 1


@pytest.fixture
def cluster():
    return Cluster(f"tcp://127.0.0.1:{free_port()}", None)


def test_without_a_scheduler_a_run_at_work_elsewhere_is_watched_to_its_end(cluster, make_run):
    run, queue = make_run(), RunQueue(0, cluster.begin)
    with beating([run.heartbeat_file]):
        queue.adopt(run)
        cluster.start(queue.resize)
        wait_until(lambda: queue.workers == 1)
        assert queue.under_way() == [run.id] and not cluster.connected and not cluster.workers()
    wait_until(
        lambda: queue.order() == [run.id] and queue.workers == 0
    )  # it died: the first that begins when there is a worker
    cluster.close()


def test_a_scheduler_unpacks_an_errand_without_mlmtune(tmp_path):
    code = "import sys, pickle; pickle.load(sys.stdin.buffer); sys.exit('mlmtune_core' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], input=dumps(make_task()), cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1", "127.0.0.1:1", "tcp://127.0.0.1:99999", "tcp://[", "nonsense", ""]
)
def test_an_address_that_is_none_is_not_reached(address):
    assert not can_reach(address)


def test_a_worker_on_another_machine_has_threads_of_its_own(home, monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.setenv("MLMTUNE_THREADS", "3")
    try:
        (home / "workers").mkdir(parents=True)
        cores.share(8, 1)
        cores.follow(cores.QUIET_EVENTS)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_a_worker_says_what_it_does_not_see(home, capsys):
    assert main(["worker", "tcp://127.0.0.1:1"]) == 2
    assert f"“{home}” is not the folder of a server" in capsys.readouterr().err
    (home / "workers").mkdir(parents=True)
    assert main(["worker", "tcp://127.0.0.1:1"]) == 2
    assert "There is no scheduler at “tcp://127.0.0.1:1”" in capsys.readouterr().err
