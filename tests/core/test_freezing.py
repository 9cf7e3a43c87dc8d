"""Which weights learn, and that frozen blocks are silent."""

import pytest
import torch
from torch import nn
from transformers import AlbertConfig, AlbertModel, DistilBertConfig, DistilBertModel, RobertaConfig, RobertaModel

from mlmtune_core.errors import ConfigError
from mlmtune_core.models.checkpoints import load_encoder
from mlmtune_core.models.freezing import apply_strategy, count_weights, find_layers, hash_frozen, set_train_mode
from mlmtune_core.models.model import build
from mlmtune_core.tasks.sequence_classification import build_head

SMALL = {"vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}


def make(checkpoint, strategy, head="linear"):
    model = build(load_encoder(checkpoint), build_head(32, ["a", "b"], head, 0.1))
    apply_strategy(strategy, model.encoder, model.head)
    return model


@pytest.mark.parametrize("count", [1, 2, 4])
def test_last_layers_are_the_last(tiny_checkpoint, count):
    model = make(tiny_checkpoint, f"last_layers:{count}")
    learning = [any(w.requires_grad for w in layer.parameters()) for layer in find_layers(model.encoder)]
    assert learning == [False] * (4 - count) + [True] * count
    assert not any(w.requires_grad for w in model.encoder.embeddings.parameters())
    assert all(w.requires_grad for w in model.head.parameters())


def test_strategies_are_total_and_idempotent(tiny_checkpoint):
    model = make(tiny_checkpoint, "full")
    for strategy in ("last_layers:2", "head_only", "full", "full"):
        apply_strategy(strategy, model.encoder, model.head)
    assert count_weights(model) == count_weights(make(tiny_checkpoint, "full"))
    apply_strategy("head_only", model.encoder, model.head)
    assert count_weights(model)[0] == 32 * 2 + 2


def test_the_pooler_learns_only_where_it_is_used(tiny_checkpoint):
    unused, used = make(tiny_checkpoint, "full"), make(tiny_checkpoint, "head_only", "pooler")
    assert not any(w.requires_grad for w in unused.encoder.pooler.parameters())
    assert used.encoder.pooler is None and all(w.requires_grad for w in used.head.dense.parameters())
    assert count_weights(unused)[1] == count_weights(used)[1]


def test_frozen_blocks_have_no_dropout(tiny_checkpoint):
    model = make(tiny_checkpoint, "last_layers:1")
    set_train_mode(model)
    layers = find_layers(model.encoder)
    assert [any(m.training for m in layer.modules() if isinstance(m, nn.Dropout)) for layer in layers] == [
        False,
        False,
        False,
        True,
    ]
    assert not any(m.training for m in model.encoder.embeddings.modules())
    assert model.head.dropout.training
    batch = {"input_ids": torch.tensor([[2, 7, 8, 3]]), "attention_mask": torch.ones(1, 4, dtype=torch.long)}
    apply_strategy("head_only", model.encoder, model.head)
    set_train_mode(model)
    assert torch.equal(model.encoder(**batch).last_hidden_state, model.encoder(**batch).last_hidden_state)


def test_the_hash_sees_one_changed_bit(tiny_checkpoint):
    model = make(tiny_checkpoint, "head_only")
    before = hash_frozen(model)
    with torch.no_grad():
        model.head.classifier.weight.add_(1)
        assert hash_frozen(model) == before
        model.encoder.embeddings.word_embeddings.weight.view(torch.int32)[3, 3] ^= 1
    assert hash_frozen(model)[0] != before[0]


def test_other_families_have_their_stack():
    roberta = RobertaModel(RobertaConfig(**SMALL))
    distil = DistilBertModel(DistilBertConfig(vocab_size=50, dim=16, n_layers=3, n_heads=2, hidden_dim=32))
    assert [len(find_layers(model)) for model in (roberta, distil)] == [3, 3]


def test_shared_layers_and_too_many_layers_get_a_sentence(tiny_checkpoint):
    albert = AlbertModel(AlbertConfig(**SMALL, embedding_size=8))
    with pytest.raises(ConfigError, match="ALBERT"):
        apply_strategy("last_layers:1", albert, nn.Linear(1, 1))
    apply_strategy("head_only", albert, nn.Linear(1, 1))
    with pytest.raises(ConfigError, match="has 4 layers"):
        make(tiny_checkpoint, "last_layers:5")
