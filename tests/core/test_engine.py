"""Real worker processes: a run is carried out, a killed worker is replaced, questions are answered."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlmtune_core.errors import CheckpointError, RunError
from mlmtune_core.runs.run import Run
from mlmtune_core.storage import home as home_folder
from mlmtune_core.workers import engine

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def running(home):
    started = engine.start()
    yield started
    engine.close()


def wait_until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def train_process(run: Run) -> int:
    """The process that has the run's events file in its worker: found by its name in the engine."""
    nannies = engine.current()._cluster.workers
    return nannies["train-0"].pid


def test_runs_queue_finish_and_can_be_asked(running, make_run):
    first, second = make_run(strategy="full"), make_run(seed=1)
    running.queue.submit(first)
    running.queue.submit(second)
    running.queue.submit(first)
    wait_until(lambda: first.state() == second.state() == "finished")
    assert len(first.events("Started")) == 1
    answer = running.ask("mlmtune_core.inspecting.predicting:predict", first.id, "best", "a good film")
    assert set(answer["probabilities"]) == {"pos", "neg"}
    with pytest.raises(RunError, match="There is no run"):
        running.ask("mlmtune_core.inspecting.predicting:predict", "nowhere", "best", "x")
    with pytest.raises(CheckpointError, match="There is no folder"):
        running.ask(
            "mlmtune_core.inspecting.trials.preview:describe_model", "/nowhere/x", "sequence_classification", 2, "full", "linear"
        )


def test_a_killed_worker_is_replaced_and_its_run_finishes(running, make_run):
    run = make_run(strategy="full", epochs=30, patience=0)
    running.queue.submit(run)
    wait_until(lambda: len(run.events("StepDone")) > 5)
    os.kill(train_process(run), signal.SIGKILL)
    wait_until(lambda: run.state() == "finished", 90)
    steps = [row["step"] for row in run.events("StepDone")]
    assert steps == list(range(1, 91))


def test_a_worker_that_dask_gave_up_is_replaced(running):
    """As it does with one that dies in its first moments, before it was known to be up."""
    inspect = running._cluster.workers["inspect"]
    running._cluster.sync(inspect.close)
    wait_until(lambda: running.health()["workers"]["inspect"] == 0)
    wait_until(lambda: running.health()["workers"]["inspect"] == 1)
    assert running.ask("os:getpid") != inspect.pid


def test_a_long_answer_says_how_far_it_is_and_can_be_given_up(running):
    slow = running.begin("tests.core.slow_answers:count", 400, 0.02)
    after = running.begin("tests.core.slow_answers:count", 1, 0.0)
    wait_until(lambda: slow.share() > 0.02)
    assert not slow.done() and not after.done()
    earlier = slow.share()
    wait_until(lambda: slow.share() > earlier)
    slow.give_up()
    assert slow.done()
    with pytest.raises(RunError, match="Cancelled"):
        slow.result()
    assert after.result(seconds=5) == 1, "the worker went on at once with the next question"
    assert not list((home_folder() / "workers" / "questions").glob("*")), "whoever was done has cleaned up"


def test_stop_reaches_a_run_in_its_worker(running, make_run):
    run = make_run(strategy="full", epochs=200, patience=0)
    running.queue.submit(run)
    wait_until(lambda: len(run.events("StepDone")) > 5)
    run.request("stop")
    wait_until(lambda: run.state() == "stopped", 10)
    assert (run.best_folder / "weights.safetensors").is_file()


def test_queued_runs_of_an_earlier_server_are_queued_again(home, make_run):
    run = make_run()
    engine.start()
    try:
        wait_until(lambda: run.state() == "finished")
    finally:
        engine.close()


def test_a_killed_server_takes_its_workers_along(home):
    code = "import sys, time\nfrom mlmtune_core.workers import engine\nif __name__ == '__main__':\n    e = engine.start()\n    print(*[n.pid for n in e._cluster.workers.values()], flush=True)\n    time.sleep(60)"
    script = home.parent / "server.py"
    script.write_text(code)
    server = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    pids = [int(pid) for pid in server.stdout.readline().split()]
    server.kill()
    server.wait()
    server.stdout.close()
    wait_until(
        lambda: (
            not any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)
        ),
        30,
    )
