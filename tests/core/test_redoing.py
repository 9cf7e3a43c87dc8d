"""The script and the notebook that redo a run: the same numbers without mlmtune, and nothing that people wrote is run."""

import ast
import json
import re
import runpy
import subprocess
import sys

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from mlmtune_core.config import validate
from mlmtune_core.data import checking, columns, splitting
from mlmtune_core.data.readers.table import read_file
from mlmtune_core.data.uploads import SAMPLES, SAMPLES_FOLDER
from mlmtune_core.errors import RunError
from mlmtune_core.exporting.packing import require_offered
from mlmtune_core.exporting.redoing import write_notebook, write_script
from mlmtune_core.language import translator
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers.worker import run as carry_out
from tests.hostile_texts import PRINTABLE

LINE = re.compile(r"epoch (\d+)  train loss ([\d.]+)  validation loss ([\d.]+)  (\w+) (-?[\d.]+)")
# one batch holds all examples and there is no dropout: nothing is left to chance
SURE = {"batch_size": 64, "dropout": 0.0, "epochs": 3, "patience": 0, "head_learning_rate": 0.02}


def redo(run, folder):
    """What the script prints in a process without mlmtune on its path."""
    write_script(run, folder, translator("en"))
    command = [sys.executable, "-I", "-W", "error", str(folder / "train.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def redo_here(run, folder, capsys, monkeypatch):
    """The same in this process, which has imported transformers already."""
    write_script(run, folder, translator("en"))
    monkeypatch.setattr(sys, "argv", ["train.py"])
    capsys.readouterr()
    runpy.run_path(str(folder / "train.py"))
    return capsys.readouterr().out


def read_epochs(said):
    """(epoch, train loss, validation loss, score) of every epoch."""
    return [(int(epoch), float(one), float(other), float(score)) for epoch, one, other, _, score in LINE.findall(said)]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "full", "learning_rate": 1e-3},
        {"strategy": "head_only", "head": "pooler", "patience": 1, "schedule": "constant", "test": True},
        {"task": "several_labels", "strategy": "last_layers:2", "learning_rate": 1e-3},
        {"task": "sentence_pair", "strategy": "full", "first_layers": 2, "batch_tokens": 4096},
        {"task": "regression", "head": "pooler", "strategy": "full", "weight_decay": 0.5, "max_grad_norm": 0.1, "early_stopping_metric": "last"},
        {"strategy": "full", "layer_decay": 0.6, "decay_towards": "pretrained", "bias_correction": False, "max_grad_norm": 0, "weight_decay": 0.5, "learning_rate": 1e-3},
        {"strategy": "last_layers:3", "layer_decay": 0.3, "weight_decay": 0.3, "learning_rate": 1e-2},
        {"task": "token_classification", "strategy": "last_layers:1", "max_length": 8, "label_all_pieces": True, "learning_rate": 1e-2},
        {"task": "token_classification", "strategy": "full", "warmup_ratio": 0.5, "learning_rate": 1e-2},
        {"task": "question_answering", "strategy": "full", "max_length": 16, "learning_rate": 5e-3, "early_stopping_metric": "validation_loss"},
    ],
    ids=str,
)  # fmt: skip
def test_where_nothing_is_left_to_chance_the_script_prints_the_numbers_of_the_run(make_run, tmp_path, capsys, monkeypatch, settings):
    with_test = "test" in settings
    run = make_run(with_test, **SURE | {name: value for name, value in settings.items() if name != "test"})
    carry_out(run.id)
    said = redo_here(run, tmp_path, capsys, monkeypatch)
    found = read_epochs(said)
    done = [row for row in run.events("EvalDone") if row["step"]]
    assert len(found) == len(done)
    for epoch, *numbers in found:
        row = done[epoch - 1]
        metric = next(iter(row["metrics"].values()))
        assert numbers == pytest.approx([row["train_loss"], row["validation_loss"], metric], abs=2e-4)
    started = run.events("Started")[0]
    assert f"{started['trainable']:,} of {started['total']:,} weights learn" in said
    assert f"best: epoch {int(run.summary()['best']['epoch'])}  " in said
    assert bool(re.search(r"^test: \w+ -?\d", said, re.MULTILINE)) == with_test


@pytest.mark.parametrize("strategy", ["gradual", "lora:8"])
def test_what_cannot_be_redone_is_refused_with_a_sentence_and_leaves_nothing(make_run, tmp_path, strategy):
    run, folder = make_run(strategy=strategy), tmp_path / "redone"
    folder.mkdir()
    for kind in ("script", "notebook"):
        with pytest.raises(RunError, match="would train something else"):
            require_offered(run, kind)
    for write in (write_script, write_notebook):
        with pytest.raises(RunError, match="would train something else"):
            write(run, folder, translator("en"))
    require_offered(run, "report")
    assert not list(folder.iterdir())


@pytest.mark.thorough
def test_the_notebook_runs_from_top_to_bottom_and_explains_in_the_readers_language(make_run, tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # streamlit, where a test of this process has imported it, draws nothing
    run = make_run(task="token_classification", epochs=1)
    carry_out(run.id)
    write_notebook(run, tmp_path, translator("pt-BR"))
    notebook = nbformat.read(tmp_path / "train.ipynb", as_version=4)
    nbformat.validate(notebook)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    kinds = [cell.cell_type for cell in notebook.cells]
    assert kinds[0] == "markdown" and kinds.count("markdown") == 11 and "O que aprende" in str(notebook)
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("image/png" in out.get("data", {}) for out in outputs), outputs
    assert "best: epoch 1" in "".join(out.get("text", "") for out in outputs)


def test_texts_of_people_stay_in_the_data(tiny_checkpoint, tmp_path):
    """No text, label or name of a checkpoint becomes code."""
    texts = list(PRINTABLE.values())
    rows = [{"row": i, "text": text, "label": texts[-i], "split": ("train", "validation")[i % 2]} for i, text in enumerate(texts)]
    checkpoint = "x'\"\n\rimport os  # " + tiny_checkpoint
    run = create_run(validate({"checkpoint": checkpoint}), pd.DataFrame(rows), {"name": "\nexit()", "fingerprint": "0", "columns": {}})
    write_script(run, tmp_path, translator("pt-BR"))
    write_notebook(run, tmp_path, translator("en"))
    code = (tmp_path / "train.py").read_text(encoding="utf-8")
    named = [node.value.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CHECKPOINT"]
    assert checkpoint in named and "evil.example" not in code and "exit()" not in code
    nbformat.validate(nbformat.read(tmp_path / "train.ipynb", as_version=4))
    with (tmp_path / "examples.jsonl").open(encoding="utf-8") as file:
        read = [json.loads(line) for line in file]
    assert [(each["text"], each["label"]) for each in read] == [(row["text"], row["label"]) for row in rows]


@pytest.mark.long
def test_the_script_reaches_the_metric_of_a_run_on_the_bundled_checkpoint(tmp_path):
    """Two epochs on half of the reviews; docs/results.md has whole runs, over several seeds."""
    sample = SAMPLES["sample-sentiment-en"]
    rows = read_file(SAMPLES_FOLDER / sample.file).rows
    examples = checking.check(rows, sample.task, columns.choose_columns(rows, sample.task, {})).examples
    examples = splitting.split_examples(splitting.sample_examples(examples, 120, 0), 0.4, 0)
    run = create_run(validate({"strategy": "last_layers:2", "epochs": 2, "learning_rate": 5e-4}), examples, {"name": "reviews", "fingerprint": "0", "columns": {}})
    carry_out(run.id)
    found = read_epochs(redo(run, tmp_path))
    done = [row for row in run.events("EvalDone") if row["step"]][-1]
    assert found[-1][1:3] == pytest.approx([done["train_loss"], done["validation_loss"]], abs=0.15)
    assert abs(found[-1][3] - done["metrics"]["accuracy"]) < 0.15
