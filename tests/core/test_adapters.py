"""LoRA: what learns, that nothing else does, and that what is kept is an ordinary model which says the same."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import DistilBertConfig, DistilBertModel

from mlmtune_core.errors import ConfigError
from mlmtune_core.events import EvalDone, Finished, FrozenChecked, Started
from mlmtune_core.exporting.model_folder import write_model
from mlmtune_core.inspecting.movement import find_movement
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.models.checkpoints import load_encoder
from mlmtune_core.models.freezing import apply_strategy
from mlmtune_core.runs.kept_weights import list_kept_weights
from mlmtune_core.training import assembly
from mlmtune_core.workers import worker

RANK, HIDDEN, LAYERS = 3, 32, 4
LORA = {"strategy": f"lora:{RANK}", "learning_rate": 2e-2, "patience": 0, "dropout": 0.2, "epochs": 3}
TOUCHED = {f"encoder.encoder.layer.{layer}.attention.self.{name}.weight" for layer in range(LAYERS) for name in ("query", "value")}


def follow(run, monkeypatch):
    """(events, logits of the model under way on two examples at each evaluation, the model)"""
    models, said, events = [], [], []
    make_model = assembly.make_model
    with monkeypatch.context() as patch:
        patch.setattr(assembly, "make_model", lambda *args: models.append(make_model(*args)) or models[-1])
        for event in worker.carry_out(run):
            events.append(event)
            if isinstance(event, EvalDone):
                said.append(ask(models[-1]))
    return events, said, models[-1]


def ask(model):
    ids = torch.tensor([[2, 70, 71, 72, 3], [2, 80, 81, 3, 0]])
    with torch.no_grad():
        return model.eval()({"input_ids": ids, "attention_mask": (ids > 0).long(), "token_type_ids": torch.zeros_like(ids)})


def test_what_is_kept_is_an_ordinary_model_that_says_what_peft_says(make_run, monkeypatch):
    run = make_run(with_test=True, **LORA)
    events, said, last = follow(run, monkeypatch)
    assert not any("lora" in name or "base_layer" in name for name, _ in last.named_parameters())
    moments = list_kept_weights(run)
    assert len(moments) == LORA["epochs"] + 2 and not torch.allclose(said[1], said[-1], atol=1e-4)
    plain = load_encoder(run.config().checkpoint).state_dict()
    for moment in moments:
        model = load_run(run, moment.name).model
        torch.testing.assert_close(ask(model), said[moment.epoch], atol=1e-6, rtol=0)
        changed = {name for name, weight in model.named_parameters() if name.startswith("encoder.") and not torch.equal(weight, plain[name.removeprefix("encoder.")])}  # fmt: skip
        assert changed == (TOUCHED if moment.epoch else set())
    assert set(load_file(run.weights_file)) == TOUCHED | {"head.classifier.weight", "head.classifier.bias"}
    (tested,), measured = run.events("Tested"), [row for row in run.events("EvalDone") if row["is_best"]][-1]
    assert tested["loss"] == pytest.approx(measured["validation_loss"], abs=1e-6)  # the same texts


def test_only_the_small_matrices_and_the_head_learn(make_run, monkeypatch):
    """While it trains, by the events; here once more by hand, before the adapters are merged."""
    run = make_run(**LORA)
    setup, sets, _ = worker.assemble_run(run)
    before = {name: weight.detach().clone() for name, weight in setup.model.named_parameters()}
    events = []
    for event in worker.train(setup, sets["train"], sets["validation"]):
        events.append(event)
        if isinstance(event, FrozenChecked):
            now = dict(setup.model.named_parameters())
            changed = {name for name in before if not torch.equal(now[name], before[name])}
    small = {name for name in before if ".lora_" in name}
    assert changed == small | {name for name in before if name.startswith("head.")} and len(small) == 2 * len(TOUCHED)
    head, adapters = 2 * HIDDEN + 2, len(TOUCHED) * RANK * (HIDDEN + HIDDEN)
    (started,) = [event for event in events if isinstance(event, Started)]
    assert started.trainable == head + adapters
    checks = [event for event in events if isinstance(event, FrozenChecked)]
    assert len(checks) == 2 and all(check.unchanged and check.weights == started.total - started.trainable for check in checks)
    assert isinstance(events[-1], Finished)


def test_the_model_begins_as_the_checkpoint_whatever_the_rank(make_run):
    begins = [ask(worker.assemble_run(make_run(strategy=strategy))[0].model) for strategy in ("lora:1", "lora:16", "head_only")]
    assert torch.equal(begins[0], begins[1]) and torch.equal(begins[0], begins[2])


def test_readers_find_ordinary_names(make_run, tmp_path):
    run = make_run(head="pooler", **LORA)
    list(worker.carry_out(run))
    learnt = {row["name"]: row["learnt"] for row in find_movement(run.id)["weights"]}
    assert learnt == {"embeddings": False, "1": True, "2": True, "3": True, "4": True, "head": True}
    assert write_model(load_run(run), tmp_path) == "BertForSequenceClassification"
    assert not any("lora" in name for name in load_file(tmp_path / "model.safetensors"))


def test_a_family_that_peft_does_not_know_gets_a_sentence():
    distil = DistilBertModel(DistilBertConfig(vocab_size=50, dim=16, n_layers=3, n_heads=2, hidden_dim=32))
    with pytest.raises(ConfigError, match="type distilbert, only for: bert, roberta"):
        apply_strategy("lora:4", distil, nn.Linear(1, 1))


def test_the_families_that_are_named_are_known():
    from peft.utils import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    from mlmtune_core.models import adapters

    assert {*adapters.SUPPORTED_FAMILIES.split(", ")} <= {*KNOWN}
