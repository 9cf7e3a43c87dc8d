"""The run folder, the command line, predicting, checkpoints."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from mlmtune_core.__main__ import main
from mlmtune_core.config import RunConfig, validate
from mlmtune_core.errors import CheckpointError, ConfigError, RunError, UserError
from mlmtune_core.events import Finished, PhaseStarted, StepDone
from mlmtune_core.inspecting.predicting import predict, predict_example
from mlmtune_core.models.checkpoints import find_folder, load_encoder
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.models.probabilities import softmax
from mlmtune_core.runs.event_log import summarise
from mlmtune_core.runs.heartbeats import beating
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run, open_run
from mlmtune_core.storage import is_safe_name
from mlmtune_core.workers import recorder, worker
from tests.conftest import SENTENCES, TEXTS


def test_a_reader_sees_complete_lines_only(make_run):
    run = make_run()
    run.append(PhaseStarted("training"))
    with (run.folder / "events.jsonl").open("a") as log:
        log.write('{"kind": "StepDone", "st')
    rows, position, more = run.log.read()
    assert [row["kind"] for row in rows] == ["PhaseStarted"] and not more
    with (run.folder / "events.jsonl").open("a") as log:
        log.write('ep": 1}\n')
    assert run.log.read(position)[0] == [{"kind": "StepDone", "step": 1}]


def test_a_long_log_is_read_in_parts(make_run):
    run = make_run()
    for step in range(200):
        run.append(StepDone(step, 0.0, 1.0, 1, 0.0, 0.0, 1.0))
    rows, position, more = run.log.read(0, limit=5000)
    assert more and 0 < len(rows) < 200
    while more:
        new, position, more = run.log.read(position, limit=5000)
        rows += new
    assert [row["step"] for row in rows] == list(range(200))


def test_quick_steps_are_written_together_and_none_is_lost(make_run, monkeypatch):
    """Fewer writes than events, in their order; what is no step is in the log as soon as it is yielded."""
    monkeypatch.setattr(recorder, "TOGETHER_SECONDS", 60.0)
    run, writes = make_run(epochs=3, batch_size=1), []
    append = run.append
    monkeypatch.setattr(run, "append", lambda *events: (writes.append(len(events)), append(*events)))
    yielded = []
    for event in worker.carry_out(run):
        yielded.append(type(event).__name__)
        if not isinstance(event, StepDone):
            assert len(run.log.read()[0]) >= len(yielded)
    assert [row["kind"] for row in run.log.read()[0]] == yielded
    assert sum(writes) == len(yielded) and len(writes) == len(yielded) - yielded.count("StepDone") < len(yielded)


def test_states_are_derived(make_run):
    run = make_run()
    assert run.state() == "queued"
    with beating([run.heartbeat_file]):
        assert run.state() == "preparing"
        run.append(PhaseStarted("evaluating"))
        assert run.state() == "evaluating"
        run.append(StepDone(1, 0.1, 1.0, 1, 0.0, 0.0, 1.0))
        run.request("pause")
        assert run.state() == "training"
        me = run.heartbeat_file.read_text()
    assert run.state() == "paused"
    run.reset()
    assert run.state() == "queued"
    gone = subprocess.Popen(["true"])
    gone.wait()
    run.heartbeat_file.write_text(json.dumps(json.loads(me) | {"pid": gone.pid}))
    assert run.state() == "interrupted"
    elsewhere = json.dumps(json.loads(me) | {"host": "another"})
    run.heartbeat_file.write_text(elsewhere)
    assert run.state() == "training"
    os.utime(run.heartbeat_file, (time.time() - 60,) * 2)
    assert run.state() == "interrupted"
    run.finish({"reason": "early_stopping"})
    assert run.state() == "finished"


def test_an_interrupted_run_begins_again_and_shows_only_the_new_attempt(make_run):
    run = make_run()
    for event in worker.carry_out(run):
        if isinstance(event, StepDone) and event.step == 3:
            break
    list(worker.carry_out(run))
    steps = [row["step"] for row in run.events("StepDone")]
    assert steps == list(range(1, len(steps) + 1)) and run.state() == "finished"
    assert summarise(run.events()).step == steps[-1]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "..", "x" * 3 + "\0", "é"])
def test_names_that_lead_out_are_not_plain(name):
    assert not is_safe_name(name)


def test_a_run_is_written_whole_or_not_at_all(make_run, monkeypatch, home, text_frame):
    def broken(*_args, **_more):
        raise OSError("disk full")

    monkeypatch.setattr(type(text_frame), "to_parquet", broken)
    with pytest.raises(OSError, match="disk full"):
        make_run()
    assert not [child for child in (home / "runs").iterdir() if not child.name.startswith(".")]


def test_config_reports_all_problems_at_once():
    with pytest.raises(ConfigError) as caught:
        validate(
            {"head_learning_rate": 10, "learning_rate": 0, "epochs": 0, "strategy": "half", "dropout": "x", "taks": "a"}
        )
    sentence = str(caught.value)
    for part in (
        "Learning rate of the head: found 10",
        "Learning rate of the body: found 0",
        "Epochs: found 0",
        "“half” is not known",
        "Dropout: found x",
        "no setting “taks”",
    ):
        assert part in sentence


def test_rates_follow_the_strategy_unless_told():
    assert (validate({"strategy": "head_only"}).head_rate, validate({"strategy": "full"}).body_rate) == (5e-3, 1e-4)
    assert validate({"strategy": "full", "learning_rate": 3e-5}).body_rate == 3e-5


def test_errors_travel_between_processes():
    import pickle

    for error in (RunError("a {name}", name="b"), ConfigError("x {count}", (UserError("p {n}", n=1),), count=1)):
        assert str(pickle.loads(pickle.dumps(error))) == str(error)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=9))
def test_softmax_sums_to_one_and_keeps_order(logits):
    shares = softmax(np.array(logits, dtype=np.float32))
    assert shares.sum() == pytest.approx(1)
    assert shares[np.argmax(np.float32(logits))] == shares.max()


def test_predicting_gives_logits_and_their_softmax(make_run):
    run = make_run(strategy="full")
    list(worker.carry_out(run))
    answer = predict(run.id, BEST, "a good film")
    logits = np.array(list(answer["logits"].values()))
    assert list(answer["probabilities"].values()) == pytest.approx(list(softmax(logits)))
    assert answer["label"] == max(answer["logits"], key=answer["logits"].get)
    assert answer["tokens"] == ["[CLS]", "a", "good", "film", "[SEP]"]


@pytest.mark.thorough
def test_a_kept_model_answers_as_it_scored(make_run):
    run = make_run(
        task="token_classification",
        strategy="full",
        epochs=30,
        learning_rate=3e-3,
        head_learning_rate=3e-3,
        dropout=0.0,
        patience=0,
    )
    list(worker.carry_out(run))
    best = run.summary()["best"]["metrics"]
    right = total = 0
    for row in run.data().query("split == 'validation'")["row"]:
        answer = predict_example(run.id, BEST, int(row))
        right += sum(word["label"] == true for word, true in zip(answer["words"], answer["true"], strict=True))
        total += len(answer["true"])
    assert right / total == pytest.approx(best["token_accuracy"]) and best["token_accuracy"] > 0.9


def test_a_run_without_a_model_says_wait(make_run):
    with pytest.raises(RunError, match="no model yet"):
        predict(make_run().id, BEST, "x")
    with pytest.raises(RunError, match="There is no run"):
        open_run("nowhere")


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        (lambda folder: folder / "none", "There is no folder"),
        (lambda folder: folder, "no config.json"),
        (
            lambda folder: (folder / "config.json").write_text('{"model_type": "bert"}') and folder,
            "no model.safetensors",
        ),
        (lambda folder: (folder / "config.json").write_text("{") and folder, "not readable as JSON"),
    ],
)
def test_folders_that_are_no_checkpoint(tmp_path, prepare, sentence):
    with pytest.raises(CheckpointError, match=sentence):
        find_folder(str(prepare(tmp_path)))


def test_a_decoder_is_refused_and_the_hub_needs_the_internet(tmp_path):
    from transformers import GPT2Config

    GPT2Config(n_layer=1, n_embd=8, n_head=1).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="gpt2, which is no encoder"):
        load_encoder(str(tmp_path))
    with pytest.raises(CheckpointError, match="Hub cannot be reached"):
        find_folder("neuralmind/bert-base-portuguese-cased")
    with pytest.raises(CheckpointError, match="neither a folder here nor a Hub name"):
        find_folder("my model!")


def test_damaged_weights_are_a_sentence(tmp_path, tiny_checkpoint):
    import shutil

    shutil.copytree(tiny_checkpoint, tmp_path / "c")
    (tmp_path / "c" / "model.safetensors").write_bytes(b"not safe")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_encoder(str(tmp_path / "c"))


@pytest.fixture
def csv_file(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(
        "text,label\n" + "".join(f"{text} number {i},{label}\n" for i in range(4) for text, label in TEXTS),
        encoding="utf-8",
    )
    return path


def test_the_command_line_trains_and_predicts(csv_file, tmp_path, tiny_checkpoint, capsys):
    out = tmp_path / "run"
    assert (
        main(
            [
                "train",
                str(csv_file),
                "--task",
                "sequence_classification",
                "--strategy",
                "last_layers:1",
                "--epochs",
                "2",
                "--checkpoint",
                tiny_checkpoint,
                "--batch-size",
                "4",
                "--out",
                str(out),
                "--json",
            ]
        )
        == 0
    )
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {
        "run",
        "task",
        "strategy",
        "trainable",
        "total",
        "train_examples",
        "validation_examples",
        "epochs",
        "best",
        "seconds",
        "frozen_unchanged",
        "stopped_because",
    }
    assert (
        result["frozen_unchanged"] is True
        and result["stopped_because"] == "epochs_done"
        and result["strategy"] == "last_layers:1"
    )
    assert result["train_examples"] + result["validation_examples"] == 32 and [
        epoch["epoch"] for epoch in result["epochs"]
    ] == [1, 2]
    assert set(result["epochs"][0]) == {"epoch", "train_loss", "validation_loss", "metrics"}
    assert main(["predict", result["run"], "--text", "good film", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"label", "logits", "probabilities"} and sum(
        answer["probabilities"].values()
    ) == pytest.approx(1)


def test_the_command_line_labels_words(tmp_path, tiny_checkpoint, capsys):
    path = tmp_path / "data.conll"
    path.write_text(
        "\n\n".join(
            "\n".join(f"{word}\t{tag}" for word, tag in zip(text.split(), tags.split(), strict=True))
            for text, tags in SENTENCES * 3
        ),
        encoding="utf-8",
    )
    assert (
        main(
            [
                "train",
                str(path),
                "--task",
                "token_classification",
                "--epochs",
                "1",
                "--checkpoint",
                tiny_checkpoint,
                "--json",
                "--validation",
                str(path),
            ]
        )
        == 0
    )
    result = json.loads(capsys.readouterr().out)
    assert result["validation_examples"] == 18 and "entity_f1" in result["best"]["metrics"]
    assert main(["predict", result["run"], "--text", "Anna lives in Rome.", "--json"]) == 0
    words = json.loads(capsys.readouterr().out)
    assert [word["word"] for word in words] == ["Anna", "lives", "in", "Rome", "."] and set(words[0]) == {
        "word",
        "label",
        "logits",
        "probabilities",
    }


def test_check_reports_as_json(csv_file, capsys):
    assert main(["check", str(csv_file), "--task", "sequence_classification", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"rows_read", "rows_kept", "columns", "labels", "problems"}
    assert (
        result["columns"] == {"text": "text", "label": "label"}
        and result["labels"] == {"pos": 16, "neg": 16}
        and result["rows_read"] == 32
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--head-learning-rate", "10"], "Learning rate of the head: found 10"),
        (["--learning-rate", "0"], "must be above"),
        (["--strategy", "hed_only"], "Write one of: head_only"),
        (["--text-column", "txt"], "nearest first: text"),
        (["--checkpoint", "/nowhere/bert"], "There is no folder"),
        (["--checkpoint", "bert-base-uncased"], "Hub cannot be reached"),
        (["--strategy", "last_layers:9"], "has 4 layers"),
        (["--task", "regresion"], "is not known"),
        (["--validation", "none.csv"], "There is no file"),
    ],
)
def test_a_users_error_is_one_sentence_and_leaves_nothing(
    csv_file, tmp_path, tiny_checkpoint, capsys, home, options, sentence
):
    if "--checkpoint" not in options:
        options = [*options, "--checkpoint", tiny_checkpoint]
    out = tmp_path / "out" / "run"
    assert main(["train", str(csv_file), "--epochs", "1", "--out", str(out), *options]) == 2
    printed = capsys.readouterr()
    assert sentence in printed.err and "Traceback" not in printed.err and not printed.out
    assert not out.exists() and not [child for child in (tmp_path / "out").glob("*")]


def test_the_command_line_as_a_process_speaks_portuguese(tmp_path):
    empty = tmp_path / "vazio.csv"
    empty.write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "mlmtune_core", "check", str(empty)],
        capture_output=True,
        text=True,
        env={"LANG": "pt_BR.UTF-8", "PATH": "/usr/bin"},
        check=False,
    )
    assert (
        done.returncode == 2
        and done.stderr.strip() == "“vazio.csv” está vazio. Escolha um arquivo com um exemplo por linha."
    )


def test_every_setting_has_a_title_and_help_and_the_runs_keep_them(make_run):
    for name, field in RunConfig.model_fields.items():
        assert field.title and (field.description or name == "task")
    run = make_run(dropout=0.25)
    assert Run(run.folder).config().dropout == 0.25


def test_dropout_of_the_settings_reaches_every_layer(tiny_checkpoint):
    import torch

    encoder = load_encoder(tiny_checkpoint, dropout=0.37)
    assert {module.p for module in encoder.modules() if isinstance(module, torch.nn.Dropout)} == {0.37}


@pytest.mark.parametrize("family", ["Bert", "Roberta", "Electra", "DistilBert", "DebertaV2", "MPNet", "ModernBert"])
def test_the_first_layers_alone_give_what_the_whole_gives_after_them(tmp_path, family):
    """Vectors of the cut encoder are the hidden states of the whole one after that layer; what is not there is refused."""
    size = {"vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}  # fmt: skip
    size |= {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 64} if family == "DistilBert" else {}
    size |= {"pad_token_id": 0} if family == "ModernBert" else {}
    torch.manual_seed(0)
    whole = transformers.AutoModel.from_config(getattr(transformers, f"{family}Config")(**size)).eval()
    whole.save_pretrained(tmp_path)
    ids = torch.randint(5, 60, (2, 9))
    cut = load_encoder(str(tmp_path), first_layers=2)
    assert len(find_layers(cut)) == cut.config.num_hidden_layers == 2
    with torch.no_grad():
        wanted = whole(ids, output_hidden_states=True).hidden_states[2]
        wanted = whole.final_norm(wanted) if family == "ModernBert" else wanted
        torch.testing.assert_close(cut(ids).last_hidden_state, wanted)
    with pytest.raises(ConfigError, match="Layers to use: 4, but this checkpoint has 3"):
        load_encoder(str(tmp_path), first_layers=4)


def test_a_run_on_the_first_layers_trains_and_opens(make_run):
    run = make_run(strategy="full", first_layers=2, epochs=1)
    events = list(worker.carry_out(run))
    assert isinstance(events[-1], Finished)
    assert not any("layer.2." in name for name in load_file(run.weights_file))
    assert set(predict(run.id, BEST, "good film")["probabilities"]) == {"pos", "neg"}


def test_an_occupied_folder_is_not_overwritten(tmp_path, text_frame):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match="not empty"):
        create_run(validate({}), text_frame, {}, tmp_path)
