"""The cache changes the time of a run and nothing else."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file

from mlmtune_core.events import EvalDone, StepDone
from mlmtune_core.models.heads import build_text_head
from mlmtune_core.models.model import build, can_split, run_lower_layers, use_first_token_only
from mlmtune_core.training.faster import mapped_rows, prefix_cache, prefix_store
from mlmtune_core.training.faster.mapped_rows import Rows, open_rows, reserve
from mlmtune_core.training.faster.prefix_store import values_file
from mlmtune_core.workers import worker
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough

SIZE = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
FAMILIES = {
    "Bert": {},
    "Roberta": {},
    "Electra": {"embedding_size": 16},
    "DistilBert": {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 64},
    "DebertaV2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "MPNet": {},
    "ModernBert": {"global_attn_every_n_layers": 2, "local_attention": 4, "pad_token_id": 0},
    "XLMRoberta": {},
    "Camembert": {},
}


@pytest.mark.parametrize("strategy", ["head_only", "last_layers:1", "last_layers:3"])
@pytest.mark.parametrize("task", KINDS)
def test_a_cached_run_equals_an_uncached_one(make_run, monkeypatch, task, strategy):
    """Losses, scores and kept weights over three epochs, dropout in the head and in the layers that learn."""
    settings = {"task": task, "strategy": strategy, "epochs": 3, "batch_size": 2, "dropout": 0.3, "patience": 0}
    cached, counts = follow(make_run, monkeypatch, settings)
    cached["run"].delete()
    monkeypatch.setattr(prefix_cache, "make_prefix", lambda *args, **kwargs: None)
    plain, _ = follow(make_run, monkeypatch, settings)
    assert 0 < len(counts) <= len(set(counts))  # no input went through the frozen layers twice
    assert len(cached["losses"]) == len(plain["losses"]) > 3
    assert cached["losses"] == pytest.approx(plain["losses"], abs=1e-5)
    for one, other in zip(cached["scores"], plain["scores"], strict=True):
        assert one == pytest.approx(other, abs=1e-5)
    assert set(cached["weights"]) == set(plain["weights"])
    # adding one number to every token's start logit changes no probability: that bias only follows rounding errors
    idle = {"head.classifier.bias"} if task == "question_answering" else set()
    for name in set(cached["weights"]) - idle:
        torch.testing.assert_close(cached["weights"][name], plain["weights"][name], atol=1e-5, rtol=0)


def test_the_cache_on_disk_equals_the_one_in_memory_and_goes_with_the_run(make_run, monkeypatch):
    settings = {"task": "token_classification", "strategy": "last_layers:1", "epochs": 2, "dropout": 0.3}
    memory, _ = follow(make_run, monkeypatch, settings)
    memory["run"].delete()
    monkeypatch.setattr(prefix_cache, "MEMORY_MB", 0)
    mapped = []
    monkeypatch.setattr(mapped_rows, "open_rows", lambda *args: mapped.append(args[0]) or open_rows(*args))
    monkeypatch.setattr(mapped_rows, "RESIDENT_BYTES", 500)  # pages are handed back after every batch
    disk, _ = follow(make_run, monkeypatch, settings)
    assert mapped == [disk["run"].cache_file]
    assert disk["losses"] == memory["losses"] and disk["scores"] == memory["scores"]
    (index,) = shared(disk)
    assert values_file(index).parent == disk["run"].folder and not disk["run"].cache_file.exists()  # given away, not copied
    again, none = follow(make_run, monkeypatch, settings)
    assert none == [] and again["losses"] == pytest.approx(disk["losses"], abs=1e-6)
    assert not again["run"].cache_file.exists()
    disk["run"].delete()
    assert not values_file(index).exists()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads resident memory as Linux tells it")
def test_of_a_mapped_file_only_a_little_is_resident(tmp_path):
    """64 MB written and read again, 1 MB at a time."""

    def resident():
        (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssFile")]
        return int(line.split()[1]) * 1024

    rows, before, most = reserve(64 * 1024, 256, tmp_path / "rows", 0), resident(), 0
    for part in range(64):
        rows.copy(part * 1024, torch.full((1024, 256), float(part)))
        most = max(most, resident() - before)
    for part in range(64):
        assert (rows.values[part * 1024 : (part + 1) * 1024] == part).all()
        rows.used(1024 * 256)
        most = max(most, resident() - before)
    assert (tmp_path / "rows").stat().st_size == 64 * 2**20 and most < 16 * 2**20


def test_an_index_that_cannot_be_written_leaves_no_values_behind(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(prefix_store, "save_file", full)
    prefix_store.publish(tmp_path / "prefix-k.safetensors", {b"k" * 16: (0, 2)}, Rows(torch.ones(2, 4)), [])
    assert not list(tmp_path.iterdir())


def test_a_key_tells_checkpoint_weights_layers_boundary_and_vectors_apart(tiny_checkpoint, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    first = (Path(tiny_checkpoint), "pretrained", 4, 2, "tokens")
    others = [(*first[:i], other, *first[i + 1 :]) for i, other in enumerate((tmp_path, "random 3", 3, 3, "mean"))]
    assert len({prefix_store.make_key(*each) for each in (first, *others)}) == 6


def test_a_disk_without_room_costs_memory_not_the_run(make_run, monkeypatch):
    settings = {"task": "token_classification", "strategy": "last_layers:1", "epochs": 1}
    wanted, _ = follow(make_run, monkeypatch, settings)
    wanted["run"].delete()

    def full(*args):
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(prefix_cache, "MEMORY_MB", 0)
    monkeypatch.setattr(os, "posix_fallocate", full)
    told, _ = follow(make_run, monkeypatch, settings)
    assert told["losses"] == wanted["losses"] and not told["run"].cache_file.exists()
    rows = reserve(2, 4, told["run"].cache_file, 0)
    assert rows.file is None and not told["run"].cache_file.exists()  # at once, not only when the run has ended


def test_runs_on_the_same_texts_share_what_was_computed(make_run, monkeypatch, frames):
    """Another seed, split or rate shares; another boundary or other texts do not; a removed run takes its part with it."""
    settings = {"task": "sequence_classification", "strategy": "last_layers:1", "epochs": 1}
    first, encoded = follow(make_run, monkeypatch, settings)
    again, none = follow(make_run, monkeypatch, settings)
    assert len(encoded) == 8 and none == []
    assert again["losses"] == pytest.approx(first["losses"], abs=1e-6)
    assert len(shared(first)) == 1  # the second has nothing of its own to keep
    assert follow(make_run, monkeypatch, settings | {"seed": 3, "head_learning_rate": 1e-2})[1] == []
    assert len(follow(make_run, monkeypatch, settings | {"strategy": "last_layers:2"})[1]) == 8
    assert len(follow(make_run, monkeypatch, settings | {"strategy": "head_only"})[1]) == 8
    frames["sequence_classification"].loc[0, "text"] = "an entirely different text"
    fresh, only_new = follow(make_run, monkeypatch, settings)
    assert 1 <= len(only_new) <= 2  # the text and who shares its batch
    fresh["run"].delete()
    first["run"].delete()
    assert len(follow(make_run, monkeypatch, settings)[1]) == 8


def test_shared_files_keep_below_their_limit_and_damaged_ones_are_passed_over(make_run, monkeypatch):
    settings = {"task": "sequence_classification", "strategy": "last_layers:1", "epochs": 1}
    first, _ = follow(make_run, monkeypatch, settings)
    (index,) = shared(first)
    for file in (values_file(index), index):
        file.write_bytes(file.read_bytes()[:200])
        second, counts = follow(make_run, monkeypatch, settings)
        assert len(counts) == 8 and len(shared(second)) == 2
        second["run"].delete()
    index.unlink()
    second, _ = follow(make_run, monkeypatch, settings)
    size = values_file(shared(second)[0]).stat().st_size
    monkeypatch.setattr(prefix_store, "DISK_MB", size * 1.5 / 2**20)
    third, _ = follow(make_run, monkeypatch, settings | {"strategy": "last_layers:2"})
    assert [path.parent for path in shared(third)] == [third["run"].folder]
    monkeypatch.setattr(prefix_store, "DISK_MB", 0)
    fourth, _ = follow(make_run, monkeypatch, settings | {"strategy": "last_layers:3"})
    assert len(shared(fourth)) == 1


@pytest.mark.parametrize("strategy", ["head_only", "last_layers:1"])
def test_the_first_layers_have_activations_of_their_own(make_run, monkeypatch, strategy):
    settings = {"task": "sequence_classification", "strategy": strategy, "epochs": 2, "first_layers": 2}
    follow(make_run, monkeypatch, settings | {"first_layers": 3})
    cached, encoded = follow(make_run, monkeypatch, settings)
    assert len(encoded) == 8
    monkeypatch.setattr(prefix_cache, "make_prefix", lambda *args, **kwargs: None)
    plain, _ = follow(make_run, monkeypatch, settings)
    assert cached["losses"] == pytest.approx(plain["losses"], abs=1e-5)


@pytest.mark.slow
def test_processes_that_leave_and_take_at_once_give_whole_files_or_none(tmp_path):
    """Two write and two read the same file, all at once, each as fast as it can: a reader finds every value right, or nothing."""
    code = (
        "import sys, torch; from pathlib import Path; from mlmtune_core.training.faster.prefix_store import borrow, publish; from mlmtune_core.training.faster.mapped_rows import Rows;"
        "folder, role = Path(sys.argv[1]), sys.argv[2]; places = {bytes([i]) * 16: (3 * i, 3 * i + 3) for i in range(200)};"
        "values = torch.arange(600.0)[:, None].expand(600, 64).contiguous(); file = folder / 'prefix-k.safetensors'; done = 0\n"
        "print('ready', flush=True); input()\n"
        "while done < 60:\n"
        "    if role == 'write': publish(file, places, Rows(values), []); done += 1\n"
        "    else:\n"
        "        mine = torch.zeros(600, 64); found = borrow([file], places, Rows(mine)); done += bool(found)\n"
        "        assert len(found) in (0, 200) and (not found or torch.equal(mine, values))\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    started = [subprocess.Popen([*command, role], **pipes) for role in ("write", "read") * 2]
    try:
        assert [process.stdout.readline() for process in started] == ["ready\n"] * 4
        for process in started:
            process.stdin.write("\n")
            process.stdin.flush()
        assert [process.wait(timeout=120) for process in started] == [0] * 4
    finally:
        for process in started:
            process.kill()
            process.communicate()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prefix-k.float32", "prefix-k.safetensors"]


@pytest.mark.parametrize("family", FAMILIES)
def test_encoders_of_other_families_are_cut_too(family):
    """Embeddings and each boundary; padding on one side."""
    config = getattr(transformers, f"{family}Config")(**(SIZE | FAMILIES[family]))
    torch.manual_seed(0)
    encoder = transformers.AutoModel.from_config(config).eval()
    model = build(encoder, build_text_head("linear", 32, 2, 0.0))
    ids = torch.randint(5, 60, (3, 12))
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    batch = {"input_ids": ids, "attention_mask": mask}
    for boundary in (1, 2, 3):
        model.boundary = boundary
        assert can_split(model, batch)
    use_first_token_only(model, batch)
    assert model.first_token_only == (family in ("Bert", "Roberta", "Electra", "XLMRoberta", "Camembert"))
    assert can_split(model, batch)
    assert list(dict(encoder.named_parameters())) == list(
        dict(transformers.AutoModel.from_config(config).named_parameters())
    )


def test_an_encoder_whose_halves_say_something_else_is_not_cut(tiny_checkpoint):
    class Odd(transformers.BertModel):
        def forward(self, **inputs):
            output = super().forward(**inputs)
            output.last_hidden_state = output.last_hidden_state * len(self.encoder.layer)
            return output

    model = build(Odd.from_pretrained(tiny_checkpoint).eval(), build_text_head("linear", 32, 2, 0.0))
    model.boundary = 2
    batch = {"input_ids": torch.tensor([[2, 7, 3]]), "attention_mask": torch.ones(1, 3, dtype=torch.long)}
    assert not can_split(model, batch)
    assert len(model.encoder.encoder.layer) == 4


@pytest.mark.parametrize("family", ["Bert", "Roberta", "Electra", "Camembert"])
def test_the_last_layer_for_the_first_token_alone_changes_nothing(family):
    """Vectors and the gradient of every weight, in training mode with dropout off; padding on one side."""
    config = getattr(transformers, f"{family}Config")(**(SIZE | FAMILIES[family]), attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0)  # fmt: skip
    torch.manual_seed(0)
    model = build(transformers.AutoModel.from_config(config), build_text_head("pooler", 32, 2, 0.0))
    batch = {"input_ids": torch.randint(5, 60, (3, 12)), "attention_mask": torch.ones(3, 12, dtype=torch.long)}
    batch["attention_mask"][1, 7:] = 0
    told = []
    for _ in range(2):
        model.train().zero_grad()
        vectors = model.read(batch)
        model.head(vectors).square().sum().backward()
        told.append((vectors[:, 0], {name: weight.grad for name, weight in model.named_parameters()}))
        use_first_token_only(model, batch)
    assert model.first_token_only and vectors.shape == (3, 1, 32)
    torch.testing.assert_close(told[1], told[0], atol=1e-5, rtol=1e-5)


def test_dropout_in_the_shortened_layer_is_that_of_its_settings():
    """Over many draws the mean is the vector without dropout, and the spread that of the whole layer."""
    torch.manual_seed(0)
    config = transformers.BertConfig(**SIZE, attention_probs_dropout_prob=0.5, hidden_dropout_prob=0.0)
    model = build(transformers.BertModel(config, add_pooling_layer=False), build_text_head("linear", 32, 2, 0.0))
    torch.nn.init.normal_(model.encoder.encoder.layer[-1].attention.self.value.weight)
    batch = {"input_ids": torch.randint(5, 60, (1, 6)).repeat(2000, 1), "attention_mask": torch.ones(2000, 6, dtype=torch.long)}  # fmt: skip
    spreads = []
    for _ in range(2):
        model.eval()
        model.encoder.encoder.layer[-1].train()
        with torch.no_grad():
            spreads.append(model.read(batch)[:, 0].std(0))
        use_first_token_only(model, {name: values[:2] for name, values in batch.items()})
    assert model.first_token_only and spreads[0].mean() > 0.1
    torch.testing.assert_close(spreads[1], spreads[0], atol=0.05, rtol=0.1)


def test_layers_below_do_not_run(tiny_checkpoint):
    encoder = transformers.AutoModel.from_pretrained(tiny_checkpoint).eval()
    ran = []
    for i, layer in enumerate(encoder.encoder.layer):
        layer.register_forward_hook(lambda *_, i=i: ran.append(i))
    batch = {"input_ids": torch.tensor([[2, 7, 3]]), "attention_mask": torch.ones(1, 3, dtype=torch.long)}
    model = build(encoder, build_text_head("linear", 32, 2, 0.0))
    model.boundary = 3
    hidden = run_lower_layers(model, batch)
    assert ran == [0, 1, 2]
    model.read(batch | {"hidden": hidden})
    assert ran == [0, 1, 2, 3]


def shared(told):
    """The files of activations that all runs beside this one left."""
    return told["run"].shared_cache("*")[1]


def follow(make_run, monkeypatch, settings):
    """What a run said and kept, and the digest of every input that went through the frozen layers."""
    counts = []
    keep = prefix_cache.PrefixCache._store
    with monkeypatch.context() as patch:
        patch.setattr(
            prefix_cache.PrefixCache,
            "_store",
            lambda self, keys, hidden: (counts.extend(keys), keep(self, keys, hidden)),
        )
        run = make_run(**settings)
        events = list(worker.carry_out(run))
    steps = [event for event in events if isinstance(event, StepDone)]
    evaluations = [event for event in events if isinstance(event, EvalDone)]
    return {
        "run": run,
        "losses": [step.loss for step in steps] + [each.validation_loss for each in evaluations],
        "scores": [each.metrics for each in evaluations],
        "weights": load_file(run.weights_file),
    }, counts
