"""With dropout 0, loss and gradients equal those of transformers' own models."""

import torch
from transformers import BertForSequenceClassification, BertForTokenClassification

from mlmtune_core.batching import to_batch
from mlmtune_core.checkpoints import load_encoder, load_tokenizer
from mlmtune_core.model import build
from mlmtune_core.tasks import sequence_classification, token_classification
from tests.conftest import SENTENCES, TEXTS


def encode(task, rows, checkpoint):
    tokenizer = load_tokenizer(checkpoint)
    examples = task.to_examples(rows)
    labels = task.find_labels(examples)
    return to_batch(task.encode(examples, tokenizer, labels, 64), tokenizer.pad_token_id, task.LABELS_ARE), labels


def compare(ours, our_loss, theirs, their_loss, names):
    """names: ours -> theirs, for parameters; all gradients must agree."""
    our_loss.backward()
    their_loss.backward()
    assert torch.allclose(our_loss, their_loss, atol=1e-5)
    their_weights = dict(theirs.named_parameters())
    compared = 0
    for name, weight in ours.named_parameters():
        other = their_weights[names(name)]
        if weight.grad is None:
            assert other.grad is None, name
            continue
        assert torch.allclose(weight.grad, other.grad, atol=1e-5), name
        compared += 1
    assert compared > 50


def test_token_classification_equals_transformers(tiny_checkpoint):
    rows = [{"row": i, "words": text.split(), "tags": tags.split()} for i, (text, tags) in enumerate(SENTENCES)]
    batch, labels = encode(token_classification, rows, tiny_checkpoint)
    ours = build(
        load_encoder(tiny_checkpoint, dropout=0.0), token_classification.build_head(32, labels, "linear", 0.0)
    ).train()
    theirs = BertForTokenClassification.from_pretrained(
        tiny_checkpoint, num_labels=len(labels), hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    ).train()
    theirs.classifier.load_state_dict(ours.head.classifier.state_dict())

    def names(name):
        return name.replace("encoder.", "bert.", 1) if name.startswith("encoder.") else name.replace("head.", "", 1)

    ours.encoder.pooler = None
    compare(ours, token_classification.compute_loss(ours(batch), batch), theirs, theirs(**batch).loss, names)


def test_sequence_classification_with_pooler_equals_transformers(tiny_checkpoint):
    rows = [{"row": i, "text": text, "label": label} for i, (text, label) in enumerate(TEXTS)]
    batch, labels = encode(sequence_classification, rows, tiny_checkpoint)
    ours = build(
        load_encoder(tiny_checkpoint, dropout=0.0), sequence_classification.build_head(32, labels, "pooler", 0.0)
    ).train()
    theirs = BertForSequenceClassification.from_pretrained(
        tiny_checkpoint, num_labels=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    ).train()
    theirs.classifier.load_state_dict(ours.head.classifier.state_dict())

    def names(name):
        if name.startswith("head.dense"):
            return name.replace("head.", "bert.pooler.", 1)
        return name.replace("encoder.", "bert.", 1) if name.startswith("encoder.") else name.replace("head.", "", 1)

    compare(ours, sequence_classification.compute_loss(ours(batch), batch), theirs, theirs(**batch).loss, names)
