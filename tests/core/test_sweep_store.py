"""Sweeps on disk and in the queue: started, paused, stopped and resumed as one, and found again by their id."""

import pytest

from mlmtune_core.errors import RunError
from mlmtune_core.people import Person
from mlmtune_core.runs.shelf import find_group, find_run
from mlmtune_core.runs.sweeps import Member, create_sweep, find_sweep, list_sweeps, make_grid
from mlmtune_core.workers import worker
from mlmtune_core.workers.queue import RunQueue, requeue_unfinished

ABOUT = {"name": "test", "fingerprint": "0", "columns": {}}
ANNA = Person(id="anna")


class Hands:
    """Carries out what the queue begins, when told."""

    def __init__(self):
        self.begun = []

    def begin(self, run, ended):
        self.begun.append((run, ended))

    def work(self):
        run, ended = self.begun.pop(0)
        worker.run(str(run.folder))
        ended(None)


@pytest.fixture
def hands(home):
    return Hands()


@pytest.fixture
def queue(hands):
    return RunQueue(1, hands.begin)


@pytest.fixture
def make_sweep(text_frame, tiny_checkpoint):
    """make_sweep(settings, choices) -> a sweep on the eight texts."""

    def make(settings, choices):
        base = {"checkpoint": tiny_checkpoint, "epochs": 2, "batch_size": 4, **settings}
        members = [Member(config, text_frame) for config in make_grid(base, choices)]
        return create_sweep(members, ABOUT, choices, ANNA)

    return make


RATES = {"head_learning_rate": [1e-3, 1e-2], "seed": [0, 1]}


def test_heads_are_trained_together_and_count_as_one_in_the_queue(make_sweep, queue, hands, monkeypatch):
    sweep = make_sweep({}, RATES)
    together = []
    real = worker.carry_out_together
    monkeypatch.setattr(worker, "carry_out_together", lambda runs: together.append(len(runs)) or real(runs))
    queue.submit(other := make_sweep({}, {"seed": [5]}).runs()[0])  # holds the only worker
    sweep.start(queue)
    assert (sweep.state(), queue.waiting("anna"), queue.length()) == ("queued", 1, 1)
    hands.work()
    hands.work()
    assert together == [4] and sweep.state() == "finished" and not queue.under_way()
    assert all(run.state() == "finished" for run in [other, *sweep.runs()])


def test_a_sweep_is_found_again_with_what_was_swept(make_sweep):
    sweep = make_sweep({}, RATES)
    again = find_sweep(sweep.id)
    assert again.about()["choices"] == RATES and len(again.runs()) == 4
    assert [run.sweep() for run in again.runs()] == [sweep.id] * 4
    assert [s.id for s in list_sweeps("anna")] == [sweep.id] and list_sweeps("bob") == []
    with pytest.raises(RunError, match="no sweep"):
        find_sweep("nowhere")
    again.runs()[0].delete()
    assert len(again.runs()) == 3
    again.delete()
    assert not sweep.folder.exists() and list_sweeps() == []


def test_runs_on_the_same_examples_share_one_file(make_sweep):
    files = [(run.folder / "data.parquet").stat() for run in make_sweep({}, RATES).runs()]
    assert len({file.st_ino for file in files}) == 1


def test_runs_that_differ_in_more_than_their_head_stand_alone(make_sweep, queue):
    sweep = make_sweep({"strategy": "full"}, {"learning_rate": [1e-4, 1e-3]})
    assert [len(find_group(run)) for run in sweep.runs()] == [1, 1]
    sweep.start(queue)
    assert (len(queue.under_way()), queue.length(), queue.waiting("anna")) == (1, 1, 1)


def test_paused_while_it_waits_and_resumed(make_sweep, queue, hands):
    queue.hold()
    sweep = make_sweep({}, RATES)
    sweep.start(queue)
    sweep.pause(queue)
    assert sweep.state() == "paused" and queue.length() == 0
    queue.release()
    assert not hands.begun
    sweep.resume(queue)
    hands.work()
    assert sweep.state() == "finished"


def test_paused_while_it_learns_and_resumed_without_a_trace(make_sweep, queue, hands):
    sweep, alone = make_sweep({}, RATES), make_sweep({}, RATES)
    sweep.start(queue)
    run, ended = hands.begun.pop()
    seen = []
    for i, event in worker.carry_out_together(find_group(run)):
        seen.append((i, event))
        if type(event).__name__ == "StepDone" and event.step == 2:
            sweep.pause(queue)
    ended(None)
    assert sweep.state() == "paused" and queue.length() == 0 and not queue.under_way()
    sweep.resume(queue)
    hands.work()
    alone.start(queue)
    hands.work()
    for one, other in zip(sweep.runs(), alone.runs(), strict=True):
        rows = [[row["loss"] for row in run.events("StepDone")] for run in (one, other)]
        assert rows[0] == rows[1] and len(rows[0]) == 4


def test_stopped_before_it_begins_and_one_run_alone(make_sweep, queue, hands):
    queue.hold()
    sweep = make_sweep({}, RATES)
    sweep.start(queue)
    leader, *others = sweep.runs()
    queue.stop(leader)  # the others still have their turn
    assert queue.length() == 1
    queue.release()
    hands.work()
    assert [run.state() for run in sweep.runs()] == ["stopped", "finished", "finished", "finished"]
    queue.hold()
    other = make_sweep({}, RATES)
    other.start(queue)
    other.stop(queue)
    assert {run.state() for run in other.runs()} == {"stopped"} and queue.length() == 0 and other.state() == "finished"


def test_one_run_goes_on_without_the_others(make_sweep, queue, hands):
    sweep = make_sweep({}, RATES)
    sweep.start(queue)
    hands.begun.clear()
    queue._going.clear()  # the server died
    sweep.pause(queue)
    last = sweep.runs()[-1]
    queue.resume(last)
    hands.work()
    assert [run.state() for run in sweep.runs()] == ["paused"] * 3 + ["finished"]
    sweep.resume(queue)
    hands.work()
    assert sweep.state() == "finished" and not queue.under_way()


def test_a_new_server_takes_up_the_leader_for_all(make_sweep, hands):
    sweep = make_sweep({}, RATES)
    queue = RunQueue(1, hands.begin)
    requeue_unfinished(queue)
    assert [run.id for run, _ in hands.begun] == [sweep.runs()[0].id] and queue.length() == 0
    hands.work()
    assert sweep.state() == "finished"


def test_followers_of_a_leader_that_has_ended_are_taken_up_alone(make_sweep, hands):
    sweep = make_sweep({}, RATES)
    find_run(sweep.runs()[0].id).finish({"reason": "epochs_done", "seconds": 1.0})
    queue = RunQueue(2, hands.begin)
    requeue_unfinished(queue)
    assert len(hands.begun) == 2 and queue.length() == 1
