"""With dropout 0, loss and gradients equal those of transformers' own models."""

import pytest
import torch
from transformers import BertForQuestionAnswering, BertForSequenceClassification, BertForTokenClassification

from mlmtune_core.models.checkpoints import load_encoder, load_tokenizer
from mlmtune_core.models.model import build
from mlmtune_core.tasks import (
    question_answering,
    regression,
    sentence_pair,
    sequence_classification,
    token_classification,
)
from mlmtune_core.training.batches import to_batch
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
        other = their_weights.get(names(name))
        if weight.grad is None:
            assert other is None or other.grad is None, name
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


NO_DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def with_pooler(name):
    if name.startswith("head.dense"):
        return name.replace("head.", "bert.pooler.", 1)
    return name.replace("encoder.", "bert.", 1) if name.startswith("encoder.") else name.replace("head.", "", 1)


PAIRS = [{"row": i, "text": text, "second_text": "the film was good", "label": label} for i, (text, label) in enumerate(TEXTS)]  # fmt: skip
TEXT_TASKS = {
    "one label": (sequence_classification, [{"row": i, "text": text, "label": label} for i, (text, label) in enumerate(TEXTS)], "single_label_classification"),
    "several labels": (sequence_classification, [{"row": i, "text": text, "label": [label, "film"][: i % 3]} for i, (text, label) in enumerate(TEXTS)], "multi_label_classification"),
    "pairs": (sentence_pair, PAIRS, "single_label_classification"),
    "scores": (regression, [row | {"score": i / 3} for i, row in enumerate(PAIRS)], "regression"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXT_TASKS)
def test_tasks_on_whole_texts_with_pooler_equal_transformers(tiny_checkpoint, kind):
    task, rows, problem_type = TEXT_TASKS[kind]
    batch, labels = encode(task, rows, tiny_checkpoint)
    ours = build(load_encoder(tiny_checkpoint, dropout=0.0), task.build_head(32, labels, "pooler", 0.0)).train()
    outputs = ours.head.classifier.out_features
    theirs = BertForSequenceClassification.from_pretrained(
        tiny_checkpoint, num_labels=outputs, problem_type=problem_type, **NO_DROPOUT
    ).train()
    theirs.classifier.load_state_dict(ours.head.classifier.state_dict())
    asked = batch if batch["labels"].dim() == 1 else batch | {"labels": batch["labels"].float()}
    compare(ours, task.compute_loss(ours(batch), batch), theirs, theirs(**asked).loss, with_pooler)


def test_question_answering_equals_transformers_where_nothing_is_padded(tiny_checkpoint):
    """transformers lets padding compete for the answer; ours does not, so inputs of one length are compared."""
    rows = [{"row": i, "question": "who met", "context": "Anna and Bob met near Lisbon", "answer": answer} for i, answer in enumerate(["Anna", "Bob", "Lisbon"])]  # fmt: skip
    batch, labels = encode(question_answering, rows, tiny_checkpoint)
    assert bool((batch["attention_mask"] == 1).all())
    head = question_answering.build_head(32, labels, "linear", 0.0)
    ours = build(load_encoder(tiny_checkpoint, dropout=0.0), head).train()
    theirs = BertForQuestionAnswering.from_pretrained(tiny_checkpoint, **NO_DROPOUT).train()
    theirs.qa_outputs.load_state_dict(ours.head.classifier.state_dict())
    asked = {name: value for name, value in batch.items() if name != "labels"}
    starts, ends = batch["labels"].unbind(-1)
    loss = theirs(**asked, start_positions=starts, end_positions=ends).loss
    compare(ours, question_answering.compute_loss(ours(batch), batch), theirs, loss, lambda name: name.replace("encoder.", "bert.", 1).replace("head.classifier", "qa_outputs"))  # fmt: skip
