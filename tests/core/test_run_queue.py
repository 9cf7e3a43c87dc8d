"""Who is next: fair, one run at a time where there is one worker, and nothing is lost when a worker dies."""

import os
import time

import pytest

from mlmtune_core.config import validate
from mlmtune_core.runs.heartbeats import beating
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers import queue as run_queue
from mlmtune_core.workers.queue import RunQueue, requeue_unfinished


class Workers:
    """Notes which runs begin, and ends them when told."""

    def __init__(self):
        self.begun, self.ends = [], {}

    def begin(self, run, ended):
        self.begun.append(run)
        self.ends[run.id] = ended

    def end(self, run, error=None, reason="epochs_done"):
        if error is None:
            run.finish({"reason": reason, "seconds": 1.0})
        self.ends[run.id](error)


@pytest.fixture
def workers():
    return Workers()


@pytest.fixture
def queue(workers, home):
    return RunQueue(1, workers.begin)


@pytest.fixture
def of(text_frame):
    """of(owner, estimate) -> a new run of theirs."""

    def make(owner="", estimate=None):
        about = {"name": "test", "fingerprint": "0", "columns": {}}
        return create_run(validate({}), text_frame, about, estimate=estimate, owner=owner)

    return make


def test_a_second_run_waits_behind_everybodys_first(queue, workers, of):
    first, second, third = of("anna"), of("anna"), of("anna")
    for run in (first, second, third):
        queue.submit(run)
    bob, carla, bob2 = of("bob"), of("carla"), of("bob")
    for run in (bob, carla, bob2):
        queue.submit(run)
    assert queue.under_way() == [first.id]
    assert queue.order() == [bob.id, carla.id, second.id, bob2.id, third.id]
    assert (queue.place(first), queue.place(bob), queue.place(third)) == (None, 1, 5)
    assert (queue.waiting("anna"), queue.waiting("bob"), queue.length()) == (2, 2, 5)
    for _ in range(6):
        workers.end(workers.begun[-1])
    assert workers.begun == [first, bob, carla, second, bob2, third] and not queue.under_way()


def test_who_was_served_longer_ago_comes_first(queue, workers, of):
    first = of("anna")
    queue.submit(first)
    workers.end(first)
    going, again, newcomer = of("x"), of("anna"), of("bob")
    for run in (going, again, newcomer):
        queue.submit(run)
    assert queue.order() == [newcomer.id, again.id]


def test_a_run_is_queued_once_and_a_finished_one_not_at_all(queue, workers, of):
    going, waits, done = of(), of(), of()
    done.finish({"reason": "epochs_done", "seconds": 1.0})
    for run in (going, waits, going, waits, done):
        queue.submit(run)
    assert workers.begun == [going] and queue.order() == [waits.id]


def test_a_run_whose_worker_died_is_the_next_but_not_for_ever(queue, workers, of, monkeypatch):
    monkeypatch.setattr(run_queue, "MOST_DEATHS", 3)
    unlucky, other = of("a"), of("b")
    queue.submit(unlucky)
    queue.submit(other)
    for _ in range(3):
        assert queue.under_way() == [unlucky.id]
        workers.end(unlucky, RuntimeError("killed"))
    assert unlucky.state() == "failed" and "died {times} times" in unlucky.summary()["template"]
    assert queue.under_way() == [other.id]


def test_a_closed_queue_begins_nothing_and_leaves_the_runs_to_the_next_server(queue, workers, of):
    at_work, waits = of("anna"), of("bob")
    queue.submit(at_work), queue.submit(waits)
    queue.close()
    workers.end(at_work, RuntimeError("lost"))
    assert workers.begun == [at_work] and at_work.summary() is None and waits.summary() is None
    later = RunQueue(2, workers.begin)
    requeue_unfinished(later)
    assert [run.id for run in workers.begun] == [at_work.id, at_work.id, waits.id]


def test_pausing_gives_the_worker_to_the_next_and_resuming_queues_again(queue, workers, of):
    run, other = of("a"), of("b")
    queue.submit(run)
    queue.submit(other)
    queue.pause(run)
    assert run.control() == "pause"
    workers.ends[run.id](None)  # the worker saw it and left
    assert run.state() == "paused" and queue.under_way() == [other.id] and queue.order() == []
    queue.resume(run)
    assert run.state() == "queued" and queue.order() == [run.id]
    queue.pause(run)
    assert run.state() == "paused" and queue.order() == []
    queue.resume(run)
    queue.pause(other)
    queue.resume(other)  # before its worker saw the wish, or after: it goes on in any case
    workers.ends[other.id](None)
    assert queue.under_way() == [other.id] and queue.order() == [run.id]


def test_stopping_a_run_without_a_worker_ends_it_at_once(queue, workers, of):
    going, waits, paused = of(), of(), of()
    for run in (going, waits, paused):
        queue.submit(run)
    queue.pause(paused)
    for run in (waits, paused, going):
        queue.stop(run)
    assert waits.state() == paused.state() == "stopped" and waits.summary()["best"] == {}
    assert going.state() == "queued" and going.control() == "stop"
    queue.stop(waits)
    assert queue.length() == 0


def test_held_nothing_begins_until_it_is_released_also_after_a_restart(queue, workers, of):
    queue.hold()
    run, urgent = of(), of()
    queue.submit(run)
    queue.submit(urgent)
    later = RunQueue(1, workers.begin)
    assert not workers.begun and later.held
    queue.move_up(urgent)
    assert queue.order() == [urgent.id, run.id]
    queue.release()
    assert workers.begun == [urgent] and not later.held
    queue.drop(run)
    assert queue.length() == 0


def test_more_workers_more_runs(queue, workers, of):
    runs = [of() for _ in range(4)]
    for run in runs:
        queue.submit(run)
    queue.resize(3)
    assert workers.begun == runs[:3]


def test_the_wait_adds_up_what_is_ahead(queue, of):
    queue.resize(2)
    runs = [of(estimate=seconds) for seconds in (30.0, 50.0, 10.0, 20.0, 5.0)]
    for run in runs:
        queue.submit(run)
    waits = [queue.expected_wait(run) for run in runs]
    assert waits == [None, None, 30.0, 40.0, 50.0]
    assert queue.expected_wait(of()) is None


def test_what_an_earlier_server_left_is_taken_up_in_its_order(queue, workers, of):
    first, paused, done, elsewhere, interrupted = (of() for _ in range(5))
    paused.request("pause")
    done.finish({"reason": "epochs_done", "seconds": 1.0})
    interrupted.heartbeat_file.write_text('{"host": "gone", "pid": 1, "began": 1}')
    os.utime(interrupted.heartbeat_file, (time.time() - 60,) * 2)
    with beating([elsewhere.heartbeat_file]):
        requeue_unfinished(queue)
        assert queue.under_way() == [first.id] and queue.order() == [interrupted.id]
    assert interrupted.state() == "queued"
