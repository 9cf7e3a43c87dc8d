"""The loop: it learns, it repeats itself, it leaves frozen weights alone, it stops when asked."""

import math

import pytest
import torch

from mlmtune_core import tasks
from mlmtune_core.config import validate
from mlmtune_core.events import EvalDone, Failed, Finished, FrozenChecked, Progress, Started, StepDone
from mlmtune_core.runs.run import Run
from mlmtune_core.training import assembly
from mlmtune_core.training.optimizer import make_optimizer, make_schedule
from mlmtune_core.workers import worker

TASKS = ("sequence_classification", "token_classification")


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.thorough
@pytest.mark.parametrize("task", TASKS)
def test_few_rows_are_memorised(make_run, text_frame, task):
    text_frame["split"] = ["train"] * 4 + ["validation"] * 4
    text_frame["label"] = ["pos", "pos", "neg", "neg"] * 2
    run = make_run(
        task=task,
        strategy="full",
        epochs=60,
        batch_size=4,
        learning_rate=3e-3,
        head_learning_rate=3e-3,
        dropout=0.0,
        warmup_ratio=0.0,
        schedule="constant",
        patience=0,
    )
    steps = of(list(worker.carry_out(run)), StepDone)
    assert max(step.loss for step in steps[-5:]) < 0.01


def test_same_seed_same_events_other_seed_other_events(make_run):
    events = {seed: [list(worker.carry_out(make_run(seed=s, dropout=0.3))) for s in seed] for seed in ((5, 5), (5, 6))}
    plain = [event for event in events[(5, 5)][0] if not isinstance(event, Started | Progress)]
    assert plain == [event for event in events[(5, 5)][1] if not isinstance(event, Started | Progress)]
    assert of(events[(5, 6)][0], StepDone) != of(events[(5, 6)][1], StepDone)


@pytest.mark.parametrize("strategy", ["head_only", "last_layers:1", "last_layers:4"])
@pytest.mark.parametrize("task", TASKS)
def test_frozen_weights_are_bitwise_unchanged_and_the_events_say_so(make_run, monkeypatch, task, strategy):
    models = []
    make_model = assembly.make_model
    monkeypatch.setattr(assembly, "make_model", lambda *args: models.append(make_model(*args)) or models[-1])
    before = {}

    def keep_before(name, encoder, head):
        apply(name, encoder, head)
        before.update({n: (w.detach().clone(), w.requires_grad) for n, w in models[-1].named_parameters()})

    apply = assembly.apply_strategy
    monkeypatch.setattr(assembly, "apply_strategy", keep_before)
    events = list(worker.carry_out(make_run(task=task, strategy=strategy, learning_rate=1e-2)))
    for name, weight in models[-1].named_parameters():
        old, learns = before[name]
        assert torch.equal(old, weight) != learns, name
    checks = of(events, FrozenChecked)
    assert [check.step for check in checks] == [1, of(events, StepDone)[-1].step]
    assert all(check.unchanged and check.weights > 0 for check in checks)


def test_a_moved_frozen_weight_is_reported(make_run, monkeypatch):
    make_model = assembly.make_model
    models = []
    monkeypatch.setattr(assembly, "make_model", lambda *args: models.append(make_model(*args)) or models[-1])
    events = []
    for event in worker.carry_out(make_run(strategy="head_only")):
        events.append(event)
        if isinstance(event, Started):
            with torch.no_grad():
                next(models[-1].encoder.parameters()).add_(1e-3)
    assert not any(check.unchanged for check in of(events, FrozenChecked))


def test_the_best_weights_are_kept_not_the_last(make_run):
    from safetensors.torch import load_file

    run = make_run(
        strategy="head_only",
        epochs=6,
        patience=0,
        early_stopping_metric="validation_loss",
        head_learning_rate=0.9,
        schedule="constant",
    )
    events = worker.carry_out(run)
    kept, best = None, None
    for event in events:
        if isinstance(event, EvalDone) and event.is_best:
            best = event
            kept = load_file(run.best_folder / "weights.safetensors")
    assert min(event["validation_loss"] for event in run.events("EvalDone") if event["step"]) == best.validation_loss
    final = load_file(run.best_folder / "weights.safetensors")
    assert all(torch.equal(kept[name], final[name]) for name in kept)
    assert run.summary()["best"]["step"] == best.step


def test_patience_ends_the_run_early(make_run):
    run = make_run(
        epochs=30,
        patience=2,
        early_stopping_metric="validation_loss",
        head_learning_rate=1.0,
        schedule="constant",
        warmup_ratio=0.0,
    )
    events = list(worker.carry_out(run))
    evaluations = of(events, EvalDone)[1:]
    assert events[-1].reason == "early_stopping"
    assert [e.patience_left for e in evaluations][-1] == 0
    assert not evaluations[-1].is_best and not evaluations[-2].is_best
    assert len(evaluations) < 30


def test_where_the_last_is_kept_no_evaluation_is_worse_and_patience_never_ends_the_run(make_run):
    run = make_run(
        epochs=5,
        patience=1,
        early_stopping_metric="last",
        head_learning_rate=1.0,
        schedule="constant",
        warmup_ratio=0.0,
    )
    events = list(worker.carry_out(run))
    evaluations = of(events, EvalDone)[1:]
    losses = [each.validation_loss for each in evaluations]
    assert min(losses) < losses[-1]  # or it would show nothing
    assert len(evaluations) == 5 and events[-1].reason == "epochs_done"
    assert all(each.is_best and each.patience_left is None for each in evaluations)
    assert run.summary()["best"]["step"] == evaluations[-1].step
    assert run.predictions("validation") == [evaluations[-1].predictions[i] for i in range(len(evaluations[-1].predictions))]


def test_stop_ends_within_a_step_and_keeps_the_model(make_run):
    run = make_run(epochs=50, patience=0)
    events = []
    for event in worker.carry_out(run):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 5:
            run.request("stop")
    assert of(events, StepDone)[-1].step <= 6
    assert isinstance(events[-1], Finished) and events[-1].reason == "stopped"
    assert run.state() == "stopped" and (run.best_folder / "weights.safetensors").is_file()


def test_stop_before_the_first_evaluation_keeps_the_weights_of_that_moment(make_run):
    run = make_run(epochs=50)
    for event in worker.carry_out(run):
        if isinstance(event, StepDone):
            run.request("stop")
    assert run.summary()["best"] == {} and (run.best_folder / "weights.safetensors").is_file()


def test_a_loss_that_is_no_number_ends_with_step_and_advice(make_run, monkeypatch):
    from mlmtune_core.tasks import sequence_classification

    compute_loss, calls = sequence_classification.compute_loss, []

    def broken(logits, batch):
        calls.append(1)
        return compute_loss(logits, batch) * (math.nan if len(calls) == 4 else 1)

    monkeypatch.setattr(sequence_classification, "compute_loss", broken)
    run = make_run()
    end = list(worker.carry_out(run))[-1]
    assert isinstance(end, Failed) and run.state() == "failed"
    sentence = end.template.format(**end.values)
    assert "Step 3" in sentence and "4.0e-03" in sentence and "smaller" in sentence


def test_groups_rates_and_decay(make_run, tiny_checkpoint):
    config = validate(
        {
            "checkpoint": tiny_checkpoint,
            "strategy": "full",
            "head_learning_rate": 1e-3,
            "learning_rate": 1e-5,
            "weight_decay": 0.1,
        }
    )
    model = assembly.make_model(config, tasks.TASKS[config.task], ["a", "b"])
    assembly.apply_strategy("full", model.encoder, model.head)
    groups = make_optimizer(model, config).param_groups
    assert {(g["part"], g["lr"], g["weight_decay"]) for g in groups} == {
        ("head", 1e-3, 0.1),
        ("head", 1e-3, 0.0),
        ("body", 1e-5, 0.1),
        ("body", 1e-5, 0.0),
    }
    decayed = {id(w) for g in groups if g["weight_decay"] for w in g["params"]}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            assert (id(weight) in decayed) == (not name.endswith("bias") and "LayerNorm" not in name), name


def test_the_rate_climbs_stays_or_falls():
    weight = torch.nn.Parameter(torch.zeros(1))
    rates = {}
    for schedule in ("linear", "constant"):
        optimizer = torch.optim.SGD([weight], lr=1.0)
        plan = make_schedule(optimizer, validate({"schedule": schedule, "warmup_ratio": 0.2}), 10)
        rates[schedule] = []
        for _ in range(10):
            rates[schedule].append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            plan.step()
    assert rates["linear"][:3] == pytest.approx([1 / 3, 2 / 3, 1.0]) and rates["linear"][-1] == pytest.approx(1 / 8)
    assert rates["constant"][2:] == [1.0] * 8


def test_events_are_on_disk_as_they_were_yielded(make_run):
    run = make_run()
    events = list(worker.carry_out(run))
    rows = run.events()
    assert [row["kind"] for row in rows if row["kind"] == "StepDone"] == ["StepDone"] * len(of(events, StepDone))
    assert rows[-1]["kind"] == "Finished" and Run(run.folder).state() == "finished"


def test_head_only_and_full_learn_the_weights_they_name(make_run):
    for strategy, whole in (("head_only", False), ("full", True)):
        start = of(list(worker.carry_out(make_run(strategy=strategy, epochs=1))), Started)[0]
        assert (start.trainable == 32 * 2 + 2) != whole
        assert start.total > start.trainable
