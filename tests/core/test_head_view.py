"""What the arithmetic begins with: the kept weights, the vector that they read, and the truth, for every task."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from mlmtune_core.inspecting import head_view
from mlmtune_core.inspecting.arithmetic import Linear, find_loss, find_probabilities
from mlmtune_core.inspecting.predicting import find_example, load_run
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.tasks import TASKS
from mlmtune_core.training.batches import to_batch
from mlmtune_core.workers.worker import run as carry_out
from tests.conftest import KINDS


def loss_of(trained, record):
    """What the task itself says that an example costs, by torch."""
    task = TASKS[trained.config.task]
    encoded = task.encode(task.to_examples([record]), trained.tokenizer, trained.label_names, 64)
    with torch.no_grad():
        batch = to_batch(encoded, 0, task.LABELS_ARE)
        return task.compute_loss(trained.model(batch), batch).item()


@pytest.mark.parametrize("settings", [*({"task": kind} for kind in KINDS), {"head": "pooler"}, {"head": "mlp", "pooling": "mean"}, {"pooling": "last4"}], ids=str)
def test_numbers_follow_from_the_kept_weights_and_cost_what_the_task_says(make_run, settings):
    run = make_run(**settings)
    carry_out(run.id)
    trained, kept = load_run(run), load_file(run.weights_file)
    weight, bias = (kept[f"head.classifier.{name}"].astype(np.float64) for name in ("weight", "bias"))
    records = run.data().query("split == 'validation'").to_dict("records")
    for record in records:
        asked = len(record["words"]) if "words" in record else 2 if "question" in record else 1
        costs = []
        for place in range(asked):
            head = head_view.open_example(run.id, BEST, place, record["row"])
            column = [place] if "question" in record else slice(None)
            by_hand = (head["vectors"] @ weight[column].T + bias[column]).reshape(-1)
            layer = Linear(head["vectors"], head["weight"], head["bias"], head["kind"])
            assert np.abs(by_hand - layer.logits).max() < 1e-12
            assert np.abs(head["logits"] - layer.logits).max() < 1e-5
            assert len(head["names"]) == len(find_probabilities(layer))
            costs.append(find_loss(layer, head["truth"]).value)
        found = find_example(run, record["row"], "validation")
        assert np.mean(costs) == pytest.approx(loss_of(trained, found), abs=1e-5)


def test_a_typed_text_has_no_truth(make_run):
    run = make_run()
    carry_out(run.id)
    head = head_view.open_typed(run.id, BEST, 0, "good film")
    assert head["truth"] is None and head["token"] == "[CLS]" and head["tokens"] == ["[CLS]", "good", "film", "[SEP]"]
    assert head["between"] == "" and head["pooling"] == "cls" and head["vectors"].shape == (1, 32)


def test_the_page_is_told_what_stands_between_the_tokens_and_h(make_run):
    for settings, told in (({"head": "mlp", "pooling": "max"}, ("mlp", "max", 32)), ({"pooling": "last4"}, ("", "last4", 128)), ({"task": "token_classification"}, ("", "", 32))):
        run = make_run(**settings, epochs=1)
        carry_out(run.id)
        head = head_view.open_example(run.id, BEST, 0, int(run.data().query("split == 'validation'")["row"].iloc[0]))
        assert (head["between"], head["pooling"], head["vectors"].shape[1]) == told
