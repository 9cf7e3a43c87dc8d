"""Gradual unfreezing: which weights move in which epoch, to the bit, and what is said of it."""

from itertools import pairwise

import pytest
import torch

from mlmtune_core.config import validate
from mlmtune_core.events import EvalDone, FrozenChecked, Started, StepDone, Unfrozen
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.runs.kept_weights import list_kept_weights
from mlmtune_core.strategies import plan_unfreezing, trainable_share
from mlmtune_core.training import assembly
from mlmtune_core.workers import worker
from mlmtune_core.workers.costs.estimate import estimate
from tests.core.test_estimating import FREE, SIZES, Law, replace

HEAD = 32 * 2 + 2
GRADUAL = {"strategy": "gradual", "learning_rate": 1e-2, "patience": 0, "weight_decay": 0.5, "dropout": 0.2}


def follow(run, monkeypatch):
    """(events, the whole encoder as it was at each evaluation)"""
    models, snapshots, events = [], [], []
    make_model = assembly.make_model
    monkeypatch.setattr(assembly, "make_model", lambda *args: models.append(make_model(*args)) or models[-1])
    for event in worker.carry_out(run):
        events.append(event)
        if isinstance(event, EvalDone):
            snapshots.append({name: weight.detach().clone() for name, weight in models[-1].named_parameters()})
    return events, snapshots


def moved(before, after):
    """Parts of which a weight is another one: head, 0 to 3 for the layers, embeddings."""
    names = [name for name in before if not torch.equal(before[name], after[name])]
    return {name.split(".layer.")[1].split(".")[0] if ".layer." in name else name.split(".")[0 if "head" in name else 1] for name in names}


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_with_each_epoch_one_more_layer_moves_and_the_others_stay_to_the_bit(make_run, monkeypatch):
    run = make_run(epochs=6, **GRADUAL)
    events, snapshots = follow(run, monkeypatch)
    found = [moved(before, after) for before, after in pairwise(snapshots)]
    assert found == [{"head"}, {"head", "3"}, {"head", "3", "2"}, {"head", "3", "2", "1"}, *[{"head", "3", "2", "1", "0"}] * 2]
    said = of(events, Unfrozen)
    assert [(each.step, each.layers) for each in said] == [(3, 1), (6, 2), (9, 3), (12, 4)]  # three steps an epoch
    layer = sum(weight.numel() for weight in find_layers(load_run(run).model.encoder)[0].parameters())
    assert [each.trainable for each in said] == [HEAD + count * layer for count in (1, 2, 3, 4)]
    assert of(events, Started)[0].trainable == said[-1].trainable
    rates = [step.learning_rate for step in of(events, StepDone)]
    assert rates[:3] == [0.0] * 3 and all(rates[3:])


def test_what_is_frozen_is_proved_at_each_moment_and_a_layer_that_moved_too_soon_is_reported(make_run, monkeypatch):
    run = make_run(epochs=5, **GRADUAL)
    events, snapshots = follow(run, monkeypatch)
    checks = of(events, FrozenChecked)
    assert [check.step for check in checks] == [1, 3, 6, 9, 12, 15] and all(check.unchanged for check in checks)
    embeddings = sum(weight.numel() for name, weight in snapshots[0].items() if "embeddings" in name or "pooler" in name)
    assert checks[-1].weights == embeddings and [later.weights < check.weights for check, later in pairwise(checks[1:])]
    models, make_model = [], assembly.make_model
    monkeypatch.setattr(assembly, "make_model", lambda *args: models.append(make_model(*args)) or models[-1])
    for event in worker.carry_out(run := make_run(epochs=5, **GRADUAL)):
        if isinstance(event, Unfrozen):
            layers = find_layers(models[-1].encoder)
            assert [layer.training for layer in layers] == [False] * (4 - event.layers) + [True] * event.layers  # dropout where it learns
            if event.layers == 1:
                with torch.no_grad():
                    next(layers[0].parameters()).add_(1e-3)
    assert [row["unchanged"] for row in run.events("FrozenChecked")] == [True, True, False, True, True, True]
    assert run.summary()["frozen_unchanged"] is False


def test_a_layer_begins_as_adam_would_have_it_begin(make_run):
    """Its first step is the first step of its own moments, at the rate of that moment; before, nothing decays it."""
    run = make_run(epochs=5, **GRADUAL | {"dropout": 0.0, "schedule": "constant", "warmup_ratio": 0.0, "batch_size": 6})
    setup, sets, _ = worker.assemble_run(run)
    top = find_layers(setup.model.encoder)[3].output.dense.weight
    before = top.detach().clone()
    for event in worker.train(setup, sets["train"], sets["validation"]):
        if isinstance(event, StepDone) and event.step == 2:
            break
        assert torch.equal(top, before)
    optimizer = torch.optim.AdamW([reference := torch.nn.Parameter(before)], lr=1e-2, weight_decay=0.5)
    reference.grad = top.grad.clone()
    optimizer.step()
    torch.testing.assert_close(top.detach(), reference.detach(), atol=1e-6, rtol=0)


def test_kept_moments_are_whole_and_the_test_measures_the_best_of_them(make_run, monkeypatch):
    """The best model is one of before the lowest layer moved; it has when the test comes."""
    run = make_run(with_test=True, epochs=5, **GRADUAL | {"learning_rate": 0.1})  # too much: accuracy stays where it was, and the first is kept
    _, snapshots = follow(run, monkeypatch)
    best = list_kept_weights(run)[-1]
    for moment in list_kept_weights(run)[1:]:
        model = load_run(run, moment.name).model.state_dict()
        assert all(torch.equal(model[name], weight) for name, weight in snapshots[moment.epoch].items()), moment
    assert best.epoch < 4 and "0" in moved(snapshots[best.epoch], snapshots[-1])  # the lowest layer learns from the fifth epoch on
    (tested,), measured = run.events("Tested"), [row for row in run.events("EvalDone") if row["is_best"]][-1]
    assert tested["loss"] == pytest.approx(measured["validation_loss"], abs=1e-6)  # the same texts


def test_the_moments_are_epochs_or_equal_shares():
    assert plan_unfreezing("gradual", [10] * 7, 6) == [10, 20, 30, 40, 50, 60]
    assert plan_unfreezing("gradual", [8, 9, 10, 9], 2) == [8, 17]
    assert plan_unfreezing("gradual", [35, 35], 6) == [10, 20, 30, 40, 50, 60]
    assert plan_unfreezing("gradual", [3], 4) == [1, 1, 1, 2]  # the head is alone for a step whatever happens
    assert plan_unfreezing("full", [10], 6) == plan_unfreezing("lora:8", [10], 6) == []


def test_the_estimate_counts_resting_layers_as_measured():
    config = validate({"strategy": "gradual", "epochs": 7, "batch_size": 10})
    assert trainable_share("gradual", [10] * 7, 6) == pytest.approx(0.5) and trainable_share("full", [10] * 7, 6) == 1
    assert trainable_share("gradual", [10] * 14, 6) == pytest.approx((7 * 0.5 + 7) / 14)
    costs = replace(FREE, learn=Law(3, 0, 0))
    assert estimate(costs, config, SIZES) == pytest.approx(7 * 10 * 1.5)
    assert estimate(costs, config.model_copy(update={"strategy": "full"}), SIZES) == 7 * 10 * 3
