"""Training the rows in use gives what training the whole table gives."""

import pytest
import torch
from safetensors.torch import load_file

from mlmtune_core.events import EvalDone, StepDone
from mlmtune_core.training.faster import embedding_rows
from mlmtune_core.training.faster.embedding_rows import EmbeddingRows, rows_in_use
from mlmtune_core.workers import worker

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize(
    ("task", "more"),
    [
        ("sequence_classification", {}),
        ("token_classification", {}),
        ("sequence_classification", {"layer_decay": 0.9}),
        ("sequence_classification", {"decay_towards": "pretrained"}),
        ("sequence_classification", {"bias_correction": False}),
    ],
    ids=str,
)
def test_a_run_equals_the_one_with_the_whole_table(make_run, monkeypatch, task, more):
    """Losses, scores, and every row of the kept table, those of words that never occur included; strong decay."""
    settings = {
        "task": task,
        "strategy": "full",
        "epochs": 3,
        "weight_decay": 0.9,
        "learning_rate": 3e-3,
        "dropout": 0.2,
        **more,
    }
    cut = []
    init = EmbeddingRows.__init__
    monkeypatch.setattr(
        EmbeddingRows, "__init__", lambda self, table, rows: (cut.append(len(rows)), init(self, table, rows))[1]
    )
    few = follow(make_run(**settings))
    assert len(cut) == 1
    monkeypatch.setattr(embedding_rows, "WORTHWHILE", 0.0)
    whole = follow(make_run(**settings))
    assert len(cut) == 1
    assert few[0] == pytest.approx(whole[0], abs=1e-5)
    name = "encoder.embeddings.word_embeddings.weight"
    assert few[1][name].shape == whole[1][name].shape and len(few[1][name]) > 2 * cut[0]
    moved = (load_file(worker.checkpoints.find_folder(few[2]) / "model.safetensors")[name.removeprefix("encoder.")] - few[1][name]).abs().amax(1)  # fmt: skip
    if "decay_towards" in more:
        assert len(moved) > (moved == 0).sum() >= len(moved) - cut[0]  # rows that nothing moves stay what they were, to the bit
    else:
        assert (moved > 1e-4).sum() > cut[0]  # the decay of unused rows is more than rounding
    for name, weight in few[1].items():
        torch.testing.assert_close(weight, whole[1][name], atol=1e-5, rtol=0)


def test_the_table_is_whole_again_after_the_run_even_when_it_broke(make_run):
    setup, sets, _ = worker.assemble_run(make_run(strategy="full"))
    table = setup.model.encoder.get_input_embeddings()
    with pytest.raises(ZeroDivisionError), rows_in_use(setup.model, sets["train"].encoded, 0):
        rows = setup.model.encoder.get_input_embeddings()
        assert isinstance(rows, EmbeddingRows) and rows.weight.requires_grad
        with torch.no_grad():
            rows.weight += 1
        raise ZeroDivisionError
    assert setup.model.encoder.get_input_embeddings() is table
    assert table.weight.detach().abs().amax(1).gt(0.5).sum() == len(rows.rows)


def follow(run):
    events = list(worker.carry_out(run))
    losses = [e.loss for e in events if isinstance(e, StepDone)] + [
        e.grad_norm for e in events if isinstance(e, StepDone)
    ]
    losses += [e.validation_loss for e in events if isinstance(e, EvalDone)]
    return losses, load_file(run.weights_file), run.config().checkpoint
