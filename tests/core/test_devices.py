"""What a graphics card changes, as far as that shows without one."""

import pytest
import torch
from safetensors.torch import load_file

from mlmtune_core.errors import ConfigError
from mlmtune_core.events import EvalDone, Failed, Progress, Started, StepDone
from mlmtune_core.models import devices, model
from mlmtune_core.training import evaluation, steps
from mlmtune_core.workers import worker
from tests.conftest import KINDS


def test_a_card_is_taken_where_there_is_one_and_a_missing_one_is_named(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert devices.choose_device() == torch.device("cpu")
    for missing in ("cuda", "cuda:1", "mps", "gpu"):
        monkeypatch.setattr(devices, "DEVICE", missing)
        with pytest.raises(ConfigError, match=missing):
            devices.choose_device()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(devices, "DEVICE", "auto")
    assert devices.choose_device() == torch.device("cuda")
    monkeypatch.setattr(devices, "DEVICE", "cuda:1")
    assert devices.choose_device() == torch.device("cuda:1")


def test_a_device_is_called_what_people_call_it(monkeypatch, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    monkeypatch.setattr(devices, "CPUINFO", cpuinfo)
    assert devices.describe_device(torch.device("cpu"))  # an architecture at least
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Chalk 3000\nmodel name\t: Chalk 3000\n")
    assert devices.describe_device(torch.device("cpu")) == "Chalk 3000"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card {device.index}")
    assert devices.describe_device(torch.device("cuda:1")) == "card 1"


def test_a_batch_goes_to_a_card_from_pinned_memory_without_waiting():
    class Tensor:
        def pin_memory(self):
            return self

        def to(self, device, non_blocking):
            return device.type, non_blocking

    assert devices.move_batch({"input_ids": Tensor()}, torch.device("cuda")) == {"input_ids": ("cuda", True)}
    batch = {"input_ids": torch.ones(1)}
    assert devices.move_batch(batch, torch.device("cpu")) is batch


@pytest.mark.parametrize("strategy", ["full", "head_only"])
def test_losses_read_back_later_are_the_same_events(make_run, monkeypatch, strategy):
    settings = {"strategy": strategy, "epochs": 3, "batch_size": 1, "dropout": 0.2}
    told = []
    for limit in (1, 3):
        monkeypatch.setattr(steps, "loss_read_interval", lambda device, limit=limit: limit)
        told.append([e for e in worker.carry_out(make_run(**settings)) if not isinstance(e, Started | Progress)])
    assert told[0] == told[1]


def test_a_loss_that_is_no_number_is_named_with_its_step_even_when_read_later(make_run, monkeypatch):
    monkeypatch.setattr(steps, "loss_read_interval", lambda device: 3)
    forward = model.Model.forward
    passes = []

    def poisoned(self, batch):
        passes.append(torch.is_grad_enabled())
        return forward(self, batch) * (float("nan") if sum(passes) == 2 else 1.0)

    monkeypatch.setattr(model.Model, "forward", poisoned)
    events = list(worker.carry_out(make_run(strategy="full", batch_size=1, epochs=1)))
    assert isinstance(events[-1], Failed) and events[-1].values["step"] == 2
    assert len([event for event in events if isinstance(event, StepDone)]) == 1


@pytest.mark.parametrize("strategy", ["full", "last_layers:2"])
@pytest.mark.parametrize("task", KINDS)
def test_bfloat16_products_give_nearly_the_same_run_and_weights_in_float32(make_run, monkeypatch, task, strategy):
    settings = {"task": task, "strategy": strategy, "epochs": 2, "dropout": 0.0, "patience": 0}
    losses = []
    for _ in range(2):
        run = make_run(**settings)
        events = list(worker.carry_out(run))
        losses.append([e.loss for e in events if isinstance(e, StepDone)] + [e.validation_loss for e in events if isinstance(e, EvalDone)])  # fmt: skip
        for module in (steps, evaluation, model):
            monkeypatch.setattr(module, "precision", lambda device: torch.autocast("cpu", torch.bfloat16))
    assert losses[1] == pytest.approx(losses[0], rel=0.05, abs=0.05) and losses[1] != losses[0]
    assert {weight.dtype for weight in load_file(run.weights_file).values()} == {torch.float32}
