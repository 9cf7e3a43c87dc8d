"""What is kept of a run's way: its moments can be opened, are what they were, and take no more than they may."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from mlmtune_core import storage
from mlmtune_core.errors import RunError
from mlmtune_core.events import EvalDone
from mlmtune_core.inspecting.predicting import load_run, predict
from mlmtune_core.runs.kept_weights import BEST, START, list_kept_weights
from mlmtune_core.runs.shelf import drop_histories
from mlmtune_core.storage import folder_size
from mlmtune_core.tasks import TASKS
from mlmtune_core.training import assembly
from mlmtune_core.training.faster.embedding_rows import trainable_weights
from mlmtune_core.workers import worker
from mlmtune_core.workers.recorder import find_stride, read_heads

EPOCHS = 5
FULL = {"strategy": "full", "learning_rate": 1e-3}


def train(run):
    """Carries it out; returns all weights that learn at each evaluation, as they were then."""
    seen = []
    recorder_take = worker.Recorder.take

    def take(self, event, model=None, label_names=None):
        if isinstance(event, EvalDone):
            seen.append({name: weight.clone() for name, weight in trainable_weights(model).items()})
        return recorder_take(self, event, model, label_names)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker.Recorder, "take", take)
        list(worker.carry_out(run))
    return seen


@pytest.mark.parametrize("settings", [{}, {"head": "pooler"}, FULL, {"strategy": "last_layers:1"}])
def test_every_moment_is_the_model_as_it_was(make_run, settings):
    run = make_run(epochs=EPOCHS, patience=0, **settings)
    seen = train(run)
    moments = list_kept_weights(run)
    assert [moment.name for moment in moments] == [START, *map(str, range(1, EPOCHS + 1)), BEST]
    for moment in moments:
        model = load_run(run, moment.name).model.state_dict()
        assert all(torch.equal(model[name], weight) for name, weight in seen[moment.epoch].items()), moment
    best = max(run.events("EvalDone")[1:], key=lambda row: (row["metrics"]["accuracy"], -row["epoch"]))
    assert moments[-1].epoch == best["epoch"] and moments[-1].validation_loss == best["validation_loss"]
    answers = [predict(run.id, moment.name, "good film")["logits"]["pos"] for moment in moments]
    assert len(set(answers[:-1])) == EPOCHS + 1 and answers[-1] == answers[moments[-1].epoch]


def test_heads_are_kept_of_every_evaluation_whatever_the_limit(make_run, monkeypatch):
    monkeypatch.setenv("MLMTUNE_HISTORY_MB", "0")
    run = make_run(epochs=EPOCHS, patience=0, **FULL)
    seen = train(run)
    heads = read_heads(run)
    assert list(heads) == list(range(EPOCHS + 1)) and not run.history()
    for epoch, head in heads.items():
        assert all(name.startswith("head.") and torch.equal(weight, seen[epoch][name]) for name, weight in head.items())
    assert [moment.name for moment in list_kept_weights(run)] == [START, BEST]
    with pytest.raises(RunError, match="Of epoch 2 no weights are kept"):
        load_run(run, "2")


def test_whole_models_stay_within_the_limit_and_evenly_spaced(make_run, monkeypatch):
    run = make_run(epochs=9, patience=0, **FULL)
    size = sum(weight.nbytes for weight in assembly.make_model(run.config(), TASKS[run.config().task], ["a", "b"]).state_dict().values())
    monkeypatch.setattr("mlmtune_core.workers.recorder.MB", size // 4)  # as if it were more
    monkeypatch.setenv("MLMTUNE_HISTORY_MB", "13")
    train(run)
    assert list(run.history()) == [4, 8]
    drop_histories()
    assert not run.history() and list(read_heads(run)) == list(range(10))


@pytest.mark.parametrize("most", range(1, 9))
def test_the_stride_keeps_at_most_so_many_and_never_takes_back_what_it_left_out(most):
    kept = set()
    for epoch in range(1, 201):
        stride = find_stride(epoch, most)
        assert epoch // stride <= most
        kept = {one for one in kept if one % stride == 0} | ({epoch} if epoch % stride == 0 else set())
        assert kept == set(range(stride, epoch + 1, stride))  # evenly spaced
        assert epoch < most or len(kept) > most // 2 - 1
    assert find_stride(7, 0) == 0


def test_the_best_model_and_its_moment_are_one_file(make_run):
    run = make_run(epochs=2, patience=0, **FULL)
    train(run)
    best = list_kept_weights(run)[-1].epoch
    assert run.weights_file.samefile(run.history()[best])
    both = folder_size(run.history_file(1, True).parent) + folder_size(run.best_folder)
    alone = sum(file.stat().st_blocks * 512 for file in run.folder.glob("history/*") if not file.samefile(run.weights_file))
    assert both <= alone + folder_size(run.best_folder) + run.weights_file.stat().st_blocks * 512 // 2 + 1


def test_a_disk_without_room_costs_the_moments_alone(make_run, monkeypatch):
    def full(path, content, durable=True):
        if path.parent.name == "history":
            raise OSError(28, "No space left on device")
        storage.write_atomically(path, content, durable)

    monkeypatch.setattr("mlmtune_core.workers.recorder.write_atomically", full)
    run = make_run(epochs=2)
    train(run)
    assert run.state() == "finished" and [moment.name for moment in list_kept_weights(run)] == [START, BEST]


def test_runs_that_are_trained_together_keep_their_own_ways(make_run):
    runs = [make_run(epochs=3, patience=0, head_learning_rate=rate) for rate in (1e-3, 1e-1)]
    alone = make_run(epochs=3, patience=0, head_learning_rate=1e-1)
    list(worker.carry_out_together(runs))
    list(worker.carry_out(alone))
    for epoch in range(4):
        together, single = read_heads(runs[1])[epoch], read_heads(alone)[epoch]
        assert all(np.allclose(together[name], single[name], atol=1e-5) for name in single)
    assert not torch.equal(*(load_file(run.history()[3])["head.classifier.weight"] for run in runs))


def test_of_a_sweep_only_heads_and_best_models_are_kept(make_run):
    """Dozens of runs with several whole models each would fill a disk."""
    run = make_run(epochs=EPOCHS, patience=0, **FULL)
    run.update(sweep="one of many")
    train(run)
    assert not run.history() and len(read_heads(run)) == EPOCHS + 1 and run.weights_file.is_file()
    assert predict(run.id, BEST, "good film")["label"] in ("pos", "neg")
