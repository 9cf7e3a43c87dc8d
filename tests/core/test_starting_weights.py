"""What a run begins with where it is not what was pre-trained: the same numbers in another order, or fresh ones, again from the seed."""

import pytest
import torch

from mlmtune_core.config import validate
from mlmtune_core.events import EvalDone, FrozenChecked
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.models.checkpoints import load_encoder
from mlmtune_core.people import Person
from mlmtune_core.runs.kept_weights import BEST, START
from mlmtune_core.runs.owned_runs import find_head_run, plan_head
from mlmtune_core.runs.sweeps import group
from mlmtune_core.tasks import TASKS
from mlmtune_core.training import assembly
from mlmtune_core.training.assembly import set_initial_weights
from mlmtune_core.training.batches import to_batch
from mlmtune_core.workers import worker
from tests.core.test_prefix_cache import follow


def restarted(checkpoint, kind, seed=3):
    """An encoder in which no tensor holds one number only, before and after."""
    before, after = load_encoder(checkpoint), load_encoder(checkpoint)
    torch.manual_seed(9)
    for mine, its in zip(before.parameters(), after.parameters(), strict=True):
        torch.nn.init.normal_(mine)
        its.data.copy_(mine.data)
    chance = torch.get_rng_state()
    set_initial_weights(after, kind, seed)
    assert torch.equal(torch.get_rng_state(), chance)  # the head is drawn as it would be
    return dict(before.named_parameters()), dict(after.named_parameters())


def test_shuffled_weights_are_the_same_numbers_in_another_order(tiny_checkpoint):
    before, after = restarted(tiny_checkpoint, "shuffled")
    for name, weight in before.items():
        assert torch.equal(weight.flatten().sort().values, after[name].flatten().sort().values), name
        assert not torch.equal(weight, after[name]), name
    again, other = (restarted(tiny_checkpoint, "shuffled", seed)[1] for seed in (3, 4))
    assert all(torch.equal(after[name], again[name]) and not torch.equal(after[name], other[name]) for name in after)


def test_random_weights_are_those_that_transformers_begins_with(tiny_checkpoint):
    before, after = restarted(tiny_checkpoint, "random")
    table = after["embeddings.word_embeddings.weight"]
    assert table[1:].std().item() == pytest.approx(0.02, rel=0.1) and not table[0].any()  # [PAD]
    assert (after["encoder.layer.3.output.LayerNorm.weight"] == 1).all() and not after["encoder.layer.0.output.dense.bias"].any()
    assert not any(torch.equal(before[name], after[name]) for name in before)
    again, other = (restarted(tiny_checkpoint, "random", seed)[1] for seed in (3, 4))
    assert all(torch.equal(after[name], again[name]) for name in after) and not torch.equal(table, other["embeddings.word_embeddings.weight"])
    assert all(torch.equal(*pair) for pair in zip(*(each.values() for each in restarted(tiny_checkpoint, "pretrained")), strict=True))


@pytest.mark.thorough
@pytest.mark.parametrize("strategy", ["head_only", "last_layers:1", "full"])
@pytest.mark.parametrize("kind", ["shuffled", "random"])
def test_every_moment_of_such_a_run_opens_as_it_was_measured(make_run, kind, strategy):
    """Where layers are frozen they are in no file: they come from the seed again."""
    run = make_run(strategy=strategy, initial_weights=kind, seed=5, head_learning_rate=0.05, patience=0)
    events = list(worker.carry_out(run))
    assert all(event.unchanged for event in events if isinstance(event, FrozenChecked))
    done = [event for event in events if isinstance(event, EvalDone)]
    best = next(event for event in reversed(done) if event.is_best)
    wanted = {START: done[0], BEST: best, **{str(epoch): done[epoch] for epoch in run.history()}}
    records = run.data().query("split == 'validation'").to_dict("records")
    for moment, event in wanted.items():
        trained = load_run(run, moment)
        _, encoded = trained.encode(records)
        with torch.no_grad():
            batch = to_batch(encoded, 0, "one per text")
            loss = TASKS["sequence_classification"].compute_loss(trained.model(batch), batch).item()
        assert loss == pytest.approx(event.validation_loss, abs=1e-5), moment


@pytest.mark.thorough
def test_activations_of_such_encoders_are_no_others(make_run, monkeypatch):
    settings = {"task": "sequence_classification", "strategy": "head_only", "epochs": 1}
    assert len(follow(make_run, monkeypatch, settings)[1]) == 8
    for kind, seed in (("shuffled", 0), ("shuffled", 1), ("random", 0), ("random", 1)):
        changed = settings | {"initial_weights": kind, "seed": seed}
        assert len(follow(make_run, monkeypatch, changed)[1]) == 8 and follow(make_run, monkeypatch, changed | {"dropout": 0.3})[1] == []
    assert follow(make_run, monkeypatch, settings | {"seed": 7})[1] == []


def test_heads_are_trained_together_only_on_one_encoder():
    drawn = [validate({"initial_weights": "random", "seed": seed, "dropout": dropout}) for seed in (0, 1) for dropout in (0.0, 0.1)]
    assert group(drawn) == [[0, 1], [2, 3]]
    assert group([config.model_copy(update={"initial_weights": "pretrained"}) for config in drawn]) == [[0, 1, 2, 3]]
    for name, value in (("train_examples", 50), ("label_noise", 0.2)):
        assert len(group([config.model_copy(update={"initial_weights": "pretrained", name: value}) for config in drawn])) == 2


def test_a_head_for_masked_words_begins_anew_with_its_encoder_and_is_lent_to_no_other(checkpoint_with_head, make_run):
    shared = {"task": "masked_words", "checkpoint": checkpoint_with_head}
    kept, shuffled, fresh = (
        dict(assembly.make_model(validate(shared | {"initial_weights": kind}), TASKS["masked_words"], []).head.named_parameters()) for kind in ("pretrained", "shuffled", "random")
    )
    for name, weight in kept.items():
        assert torch.equal(weight.flatten().sort().values, shuffled[name].flatten().sort().values)
        assert not torch.equal(weight, fresh[name]) or weight.ndim == 1
    config = validate({"initial_weights": "random", "seed": 4})
    assert (plan_head(config).initial_weights, plan_head(config).seed) == ("random", 4)
    run, head = make_run(initial_weights="random", seed=4), make_run(task="masked_words", initial_weights="random", seed=4)
    make_run(task="masked_words", initial_weights="random", seed=5), make_run(task="masked_words", seed=4)
    assert find_head_run(run, Person("", "")).id == head.id
