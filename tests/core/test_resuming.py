"""An interrupted run goes on as if there had been no interruption: the same events, the same weights, to the bit."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from mlmtune_core.errors import TrainingError
from mlmtune_core.events import EvalDone, Failed, Finished, PhaseStarted, Resumed, StepDone
from mlmtune_core.runs.event_log import EventLog
from mlmtune_core.runs.run import Run
from mlmtune_core.training.faster import prefix_cache
from mlmtune_core.workers import checkpointing, worker
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough

SETTINGS = {"epochs": 3, "batch_size": 2, "dropout": 0.2, "patience": 0}
SAID_BY_THE_WAY = ("Progress", "Resumed")


@pytest.fixture(autouse=True)
def keep_after_every_step(monkeypatch):
    monkeypatch.setattr(checkpointing, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(checkpointing, "EVERY_SECONDS", 0.0)
    monkeypatch.setattr(checkpointing, "MOST_TIME_SHARE", 1e9)


def told(run: Run) -> list[dict]:
    """What the run says of itself, but for the time it was said."""
    rows = [row for row in run.events() if row["kind"] not in SAID_BY_THE_WAY]
    return [{name: value for name, value in row.items() if name != "time"} for row in rows]


def assert_same(run: Run, whole: Run) -> None:
    assert told(run) == told(whole)
    mine, wanted = load_file(run.weights_file), load_file(whole.weights_file)
    assert mine.keys() == wanted.keys() and all(torch.equal(mine[name], wanted[name]) for name in wanted)
    assert run.predictions("validation") == whole.predictions("validation")
    plain = [{k: v for k, v in each.summary().items() if k != "seconds"} for each in (run, whole)]
    assert plain[0] == plain[1]
    assert not run.last_file.parent.exists() and not (run.folder / "attempts").exists()


def break_off(run: Run, after: int) -> bool:
    """Carries the run out until it has said `after` more events, then drops it as a killed worker would; True if it ended before."""
    going = worker.carry_out(run)
    for _ in range(after):
        if next(going, None) is None:
            return True
    going.close()
    return run.summary() is not None


@pytest.mark.parametrize(
    ("task", "strategy"),
    [
        *((task, "full") for task in KINDS),
        ("sequence_classification", "head_only"),
        ("token_classification", "last_layers:1"),
        ("sequence_classification", "gradual"),
        ("sequence_classification", "lora:2"),
    ],
)
def test_broken_off_at_any_moment_it_ends_the_same(make_run, task, strategy):
    settings = SETTINGS | {"task": task, "strategy": strategy}
    whole, run = make_run(**settings), make_run(**settings)
    list(worker.carry_out(whole))
    after = 9
    while not break_off(run, after):
        after = after % 7 + 12  # enough to get on each time, at other places
    assert_same(run, whole)
    assert len(run.log.read()[0]) > len(whole.log.read()[0])


@pytest.mark.parametrize("strategy", ["head_only", "full", "gradual"])
def test_pausing_at_every_step_changes_nothing(make_run, strategy):
    whole, run = make_run(strategy=strategy, **SETTINGS), make_run(strategy=strategy, **SETTINGS)
    list(worker.carry_out(whole))
    attempts = 0
    while run.summary() is None:
        seen = 0
        for event in worker.carry_out(run):
            if isinstance(event, StepDone):
                seen += 1
                run.request("pause")
        assert seen <= 1 and run.state() in ("paused", "finished")
        if seen:
            assert run.last_file.is_file() or run.summary()
        (run.folder / "control").unlink(missing_ok=True)
        attempts += 1
    assert_same(run, whole)
    assert attempts > whole.events("Started")[0]["total_steps"]


def test_what_the_optimizer_was_told_holds_after_an_interruption(make_run):
    """Weights go back to the checkpoint's, not to those of the interruption; each layer has its rate; nothing is corrected anew."""
    settings = SETTINGS | {"strategy": "full", "learning_rate": 1e-2, "layer_decay": 0.5, "decay_towards": "pretrained", "weight_decay": 0.9, "bias_correction": False, "max_grad_norm": 0}  # fmt: skip
    whole, run = make_run(**settings), make_run(**settings)
    list(worker.carry_out(whole))
    while not break_off(run, 12):
        pass
    assert_same(run, whole)


@pytest.mark.parametrize("with_test", [True, False])
def test_mapped_activations_are_brought_along(make_run, monkeypatch, with_test):
    monkeypatch.setattr(prefix_cache, "MEMORY_MB", 0)
    settings = SETTINGS | {"strategy": "last_layers:1", "with_test": with_test}
    whole, run = make_run(**settings), make_run(**settings)
    list(worker.carry_out(whole))
    for file in whole.folder.glob("prefix-*"):  # or it would be borrowed from
        file.unlink()
    break_off(run, 8)
    assert run.cache_file.is_file()
    list(worker.carry_out(run))
    assert_same(run, whole)
    assert not run.cache_file.exists()


def test_without_its_mapped_file_nothing_is_taken_for_known(make_run, monkeypatch):
    monkeypatch.setattr(prefix_cache, "MEMORY_MB", 0)
    run = make_run(strategy="last_layers:1", **SETTINGS)
    break_off(run, 8)
    run.cache_file.unlink()
    list(worker.carry_out(run))
    losses = [row["loss"] for row in run.events("StepDone")]
    whole = make_run(strategy="last_layers:1", **SETTINGS)
    list(worker.carry_out(whole))
    assert losses == pytest.approx([row["loss"] for row in whole.events("StepDone")], abs=1e-5)


def test_early_stopping_knows_its_patience_again(make_run):
    settings = {"strategy": "full", "epochs": 12, "batch_size": 2, "patience": 2, "learning_rate": 1e-2, "head_learning_rate": 1e-2}  # fmt: skip
    whole, run = make_run(**settings), make_run(**settings)
    list(worker.carry_out(whole))
    assert whole.summary()["reason"] == "early_stopping"
    while not break_off(run, 9):
        pass
    assert_same(run, whole)


def test_what_is_kept_of_another_format_or_not_readable_begins_anew(make_run):
    for damage in (lambda file: file.write_bytes(b"{"), lambda file: file.write_bytes(file.read_bytes().replace(b'\\"format\\": 1', b'\\"format\\": 0'))):  # fmt: skip
        run = make_run(**SETTINGS)
        break_off(run, 12)
        damage(run.last_file)
        list(worker.carry_out(run))
        assert run.state() == "finished" and not run.events("Resumed")


def test_a_run_that_never_gets_further_fails_with_a_sentence_and_can_be_continued(make_run, monkeypatch):
    monkeypatch.setattr(checkpointing, "FIRST_SECONDS", 60.0)
    run = make_run(**SETTINGS)
    for _ in range(worker.MOST_ATTEMPTS):
        assert not break_off(run, 6)
    (last,) = worker.carry_out(run)
    assert isinstance(last, Failed) and "died 5 times" in last.template.format(**last.values)
    assert run.state() == "failed"
    run.reset()
    list(worker.carry_out(run))
    assert run.state() == "finished"


def test_attempts_that_get_further_are_not_counted(make_run):
    run = make_run(**SETTINGS | {"epochs": 12})
    times = 0
    while not break_off(run, 14):
        times += 1
    assert times > worker.MOST_ATTEMPTS and run.state() == "finished"


def test_a_finished_run_is_not_carried_out_twice(make_run):
    run = make_run(**SETTINGS)
    list(worker.carry_out(run))
    before = run.log.read()[0]
    assert list(worker.carry_out(run)) == [] and run.log.read()[0] == before


def test_a_failed_run_goes_on_from_where_it_was_kept(make_run, monkeypatch):
    whole, run = make_run(strategy="full", **SETTINGS), make_run(strategy="full", **SETTINGS)
    list(worker.carry_out(whole))
    take, calls = worker.Recorder.take, []

    def full_disk(self, event, *args):
        calls.append(event)
        if len(calls) == 14:
            raise OSError(28, "No space left on device")
        return take(self, event, *args)

    with monkeypatch.context() as patch:
        patch.setattr(worker.Recorder, "take", full_disk)
        with pytest.raises(OSError, match="No space"):
            list(worker.carry_out(run))
    assert run.state() == "failed" and "disk of the server is full" in run.summary()["template"]
    run.reset()
    list(worker.carry_out(run))
    assert_same(run, whole)


def test_a_disk_without_room_for_keeping_does_not_end_the_run(make_run, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Run, "save_last", refuse)
    run = make_run(**SETTINGS)
    list(worker.carry_out(run))
    assert run.state() == "finished"
    run = make_run(**SETTINGS)
    events = []
    with pytest.raises(OSError, match="No space"):
        for event in worker.carry_out(run):
            events.append(event)
            if isinstance(event, StepDone):
                run.request("pause")
    assert isinstance(events[-1], Failed)


def test_stopping_after_an_interruption_keeps_the_best(make_run):
    run = make_run(strategy="full", **SETTINGS | {"epochs": 6})
    going = worker.carry_out(run)
    while not (isinstance(event := next(going), EvalDone) and event.is_best):
        pass
    next(going), next(going), next(going)
    going.close()
    run.request("stop")
    assert isinstance(list(worker.carry_out(run))[-1], Finished)
    assert run.state() == "stopped"


def test_a_line_half_written_is_taken_away_and_a_write_that_fails_adds_nothing(tmp_path, monkeypatch):
    log = EventLog(tmp_path / "events.jsonl")
    log.append(PhaseStarted("training"), PhaseStarted("saving"))
    whole = log.path.read_bytes()
    for cut in range(len(whole)):
        log.path.write_bytes(whole[:cut])
        log.repair()
        kept = log.path.read_bytes()
        assert whole.startswith(kept) and (not kept or kept.endswith(b"\n")) and cut - len(kept) < len(whole) // 2 + 1
    log.path.write_bytes(b"x" * 9000)
    log.repair()
    assert log.path.read_bytes() == b""
    log.append(PhaseStarted("training"))
    before = log.path.read_bytes()
    import os

    write, calls = os.write, []

    def half(file, content):
        calls.append(content)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(file, content[:10])

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(OSError, match="No space"):
        log.append(StepDone(1, 0.1, 1.0, 1, 0.0, 0.0, 1.0))
    assert log.path.read_bytes() == before


def test_current_rows_leave_out_what_was_said_in_vain(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    step = StepDone(1, 0.1, 1.0, 1, 0.0, 0.0, 1.0)
    rows = [{"kind": "Started"}, {"kind": "StepDone", "step": 1}, {"kind": "StepDone", "step": 2}]
    log.path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    log.append(PhaseStarted("preparing"), Resumed(1, 2), replace(step, step=2), replace(step, step=3))
    kinds = [(row["kind"], row.get("step")) for row in log.current()]
    assert kinds == [("Started", None), ("StepDone", 1), ("Resumed", 1), ("StepDone", 2), ("StepDone", 3)]
    assert log.phase() == "training"


def test_a_loss_that_is_no_number_still_fails(make_run, monkeypatch):
    def not_finite(*_):
        raise TrainingError("Step {step}: no number", step=1)

    monkeypatch.setattr(worker, "train", not_finite)
    run = make_run(**SETTINGS)
    list(worker.carry_out(run))
    assert run.state() == "failed"
