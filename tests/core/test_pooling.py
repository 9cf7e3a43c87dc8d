"""Heads that read more than [CLS], or are more than one layer: the numbers by hand, cached or not, and refused where they mean nothing."""

import pytest
import torch
import transformers

from mlmtune_core.config import validate
from mlmtune_core.errors import ConfigError
from mlmtune_core.models.checkpoints import load_encoder, load_tokenizer
from mlmtune_core.models.heads import build_text_head
from mlmtune_core.models.model import build, can_split, use_first_token_only
from mlmtune_core.tasks import TASKS
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.faster import prefix_cache
from tests.core.test_prefix_cache import FAMILIES, SIZE, follow

POOLINGS = ("cls", "mean", "max", "last4")


def by_hand(pooling, states, length):
    """What is read of one text without padding: states, (1, T, H) after the embeddings and each layer."""
    last = states[-1][0, :length]
    if pooling == "last4":
        return torch.cat([state[0, 0] for state in states[1:][-4:]])
    return {"cls": last[0], "mean": last.mean(0), "max": last.max(0).values}[pooling]


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("head", ["linear", "pooler", "mlp"])
@pytest.mark.parametrize("layers", [4, 2])
def test_logits_are_those_that_are_computed_by_hand_whatever_the_padding(tiny_checkpoint, pooling, head, layers):
    encoder, tokenizer = load_encoder(tiny_checkpoint, first_layers=layers), load_tokenizer(tiny_checkpoint)
    task, vectors = TASKS["sequence_classification"], min(4, layers) if pooling == "last4" else 1
    texts = ["good film", "the film was bad and awful", "bad"]
    encoded = task.encode(task.to_examples([{"row": 1, "text": text, "label": "x"} for text in texts]), tokenizer, ["x"], 32)
    model = build(encoder, build_text_head(head, 32, 3, 0.0, vectors), pooling).eval()
    batch = to_batch(encoded, 0, task.LABELS_ARE)
    with torch.no_grad():
        told = [model(batch)]
        use_first_token_only(model, batch)
        assert model.first_token_only == (pooling in ("cls", "last4"))
        told.append(model(batch))
        for i, item in enumerate(encoded):
            states = encoder(input_ids=torch.tensor([item.inputs["input_ids"]]), output_hidden_states=True).hidden_states
            vector = by_hand(pooling, states, item.length)
            if head != "linear":
                vector = {"pooler": torch.tanh, "mlp": torch.nn.functional.gelu}[head](model.head.dense(vector))
            for logits in told:
                torch.testing.assert_close(logits[i], model.head.classifier(vector), atol=1e-5, rtol=0)


@pytest.mark.parametrize("pooling", ["mean", "max", "last4"])
@pytest.mark.parametrize("family", FAMILIES)
def test_encoders_of_other_families_are_read_and_cut_the_same(family, pooling):
    config = getattr(transformers, f"{family}Config")(**(SIZE | FAMILIES[family] | {"num_hidden_layers": 5} | ({"n_layers": 5} if family == "DistilBert" else {})))
    torch.manual_seed(0)
    encoder, layers = transformers.AutoModel.from_config(config).eval(), 4 if pooling == "last4" else 1
    model = build(encoder, build_text_head("linear", 32, 2, 0.0, layers), pooling)
    mask = torch.ones(3, 12, dtype=torch.long)
    mask[1, 7:] = 0
    batch = {"input_ids": torch.randint(5, 60, (3, 12)), "attention_mask": mask}
    for boundary in (1, 2, *(() if pooling == "last4" else (4,)), 5):
        model.boundary = boundary
        assert can_split(model, batch), boundary
    with torch.no_grad():
        states = encoder(**batch, output_hidden_states=True).hidden_states
        assert torch.allclose(model.read(batch)[1, 0], by_hand(pooling, [each[1:2] for each in states], 7), atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("settings", [{"pooling": "mean"}, {"pooling": "max", "head": "mlp"}, {"pooling": "last4", "head": "pooler"}, {"pooling": "last4", "first_layers": 2}], ids=str)
@pytest.mark.parametrize("strategy", ["head_only", "last_layers:1"])
def test_a_cached_run_equals_an_uncached_one(make_run, monkeypatch, settings, strategy):
    settings = {"task": "sentence_pair", "strategy": strategy, "epochs": 2, "dropout": 0.3, "patience": 0} | settings
    cached, counts = follow(make_run, monkeypatch, settings)
    assert len(counts) == len(set(counts)) == 8
    cached["run"].delete()
    monkeypatch.setattr(prefix_cache, "make_prefix", lambda *args, **kwargs: None)
    plain, _ = follow(make_run, monkeypatch, settings)
    assert cached["losses"] == pytest.approx(plain["losses"], abs=1e-5)


@pytest.mark.thorough
def test_what_one_pooling_kept_serves_no_other_but_token_vectors_serve_all(make_run, monkeypatch):
    settings = {"task": "sequence_classification", "epochs": 1}
    assert [len(follow(make_run, monkeypatch, settings | {"pooling": pooling, "strategy": "head_only"})[1]) for pooling in POOLINGS] == [8] * 4
    assert [len(follow(make_run, monkeypatch, settings | {"pooling": pooling, "strategy": "last_layers:3"})[1]) for pooling in POOLINGS] == [8, 0, 0, 0]


def test_what_a_task_has_no_use_for_is_refused_with_a_sentence():
    for task in ("token_classification", "question_answering", "masked_words"):
        for name, value in (("head", "mlp"), ("pooling", "mean"), ("truncation", "tail"), ("label_noise", 0.1)):
            with pytest.raises(ConfigError) as caught:
                validate({"task": task, name: value})
            assert "only tasks with one answer" in caught.value.problems[0].template
        validate({"task": task, "train_examples": 5, "initial_weights": "random", "measure_training": True})
    validate({"task": "regression", "head": "mlp", "pooling": "last4", "truncation": "both", "label_noise": 0.1})


def test_a_checkpoint_with_one_layer_has_no_last_four():
    shared = transformers.AlbertModel(transformers.AlbertConfig(**SIZE, embedding_size=16))
    with pytest.raises(ConfigError, match="Choose cls, mean or max"):
        build(shared, build_text_head("linear", 32, 2, 0.0, 4), "last4")
