"""The Python API: what notebooks call trains like a run, keeps the best weights, and needs neither page nor folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification

import mlmtune_core
from mlmtune_core import (
    EvalDone,
    StepDone,
    evaluate,
    export,
    fit,
    list_history,
    load_checkpoint,
    load_run,
    predict,
    read_examples,
    train,
)
from mlmtune_core.errors import ConfigError, DataError, RunError
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers.worker import carry_out

ROOT = Path(mlmtune_core.__file__).parent.parent
TEN_LINES = re.search(r"```python\n(from mlmtune_core import .*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def examples(tmp_path, text_frame):
    file = tmp_path / "reviews.csv"
    text_frame.drop(columns=["row", "split"], errors="ignore").to_csv(file, index=False)
    return read_examples(file)


@pytest.fixture
def start(tiny_checkpoint, examples):
    """settings -> a model that was not trained yet."""
    return lambda **settings: load_checkpoint(str(tiny_checkpoint), examples, **{"strategy": "full", "epochs": 2, "learning_rate": 1e-3} | settings)


def weights(model):
    return {name: weight.clone() for name, weight in model.model.state_dict().items()}


@pytest.mark.slow
def test_the_ten_lines_of_the_readme_run_as_they_stand_there_without_streamlit(tmp_path):
    lines = TEN_LINES[1].strip().splitlines()
    assert len([line for line in lines if line]) <= 10
    (tmp_path / "mlmtune_core" / "data").mkdir(parents=True)
    (tmp_path / "mlmtune_core" / "data" / "samples").symlink_to(ROOT / "mlmtune_core" / "data" / "samples")
    code = "\n".join([*lines, "import sys", "print(sorted({'streamlit', 'distributed', 'pages'} & set(sys.modules)))"])
    environment = os.environ | {"PYTHONPATH": str(ROOT), "MLMTUNE_HOME": str(tmp_path / "none")}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.strip().splitlines()
    assert printed[-1] == "[]" and "accuracy" in done.stdout and {"positive", "negative"} & {*printed}
    assert not (tmp_path / "none").exists() and any(tmp_path.glob("*/tokenizer.json"))


def test_importing_the_package_imports_no_torch():
    code = "import sys, mlmtune_core; dir(mlmtune_core); print(mlmtune_core.__version__, {'torch', 'pandas', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [mlmtune_core.__version__, "set()"]
    assert all(hasattr(mlmtune_core, name) for name in mlmtune_core.__all__) and not hasattr(mlmtune_core, "no_such_name")


@pytest.mark.parametrize("strategy", ["full", "head_only", "last_layers:1", "gradual", "lora:2"])
def test_it_trains_to_the_same_numbers_as_a_run(start, examples, strategy):
    model = start(strategy=strategy)
    mine = list_history(train(model, examples))
    run = create_run(model.config, examples.frame, examples.describe())
    theirs = list_history(carry_out(run))
    assert mine == theirs and len(mine) == 2
    text = examples.frame["text"].iloc[0]
    assert predict(model, text)["logits"] == pytest.approx(predict(load_run(run.id), text)["logits"], abs=1e-6)


def test_after_training_the_model_has_its_best_weights(start, examples):
    model = start(epochs=6, learning_rate=1e-2)
    done = [event for event in train(model, examples) if isinstance(event, EvalDone)]
    best = [event for event in done if event.is_best][-1]
    assert best.epoch < 6 and best.validation_loss != done[-1].validation_loss
    assert evaluate(model, examples).loss == pytest.approx(best.validation_loss, rel=1e-5)


def test_a_loop_that_is_left_early_leaves_a_whole_model(start, examples):
    model = start(strategy="lora:2")
    before = weights(model)
    for event in train(model, examples):
        if isinstance(event, StepDone):
            break
    assert not any("lora" in name for name in weights(model)) and before.keys() == weights(model).keys()
    assert fit(model, examples)[-1]["epoch"] == 2


def test_history_evaluation_and_export_agree(start, examples, tmp_path):
    model = start(head="pooler")
    history = fit(model, examples)
    frame = pd.DataFrame(history)
    assert list(frame["epoch"]) == [1.0, 2.0] and {"train_loss", "validation_loss", "metrics"} < {*frame.columns}
    scores = evaluate(model, examples)
    assert scores.metrics in [each["metrics"] for each in history]
    assert len(scores.predictions) == (examples.frame["split"] == "validation").sum()
    assert export(model, tmp_path / "taken") == "BertForSequenceClassification"
    whole = AutoModelForSequenceClassification.from_pretrained(tmp_path / "taken").eval()
    text = examples.frame["text"].iloc[0]
    with torch.no_grad():
        logits = whole(**model.tokenizer(text, return_tensors="pt")).logits[0].tolist()
    assert list(predict(model, text)["logits"].values()) == pytest.approx(logits, abs=1e-4)
    with pytest.raises(RunError, match="not empty"):
        export(model, tmp_path / "taken")


def test_what_cannot_be_done_is_said(start, examples, tmp_path):
    model = start()
    with pytest.raises(DataError, match="no split"):
        evaluate(model, examples, "test")
    with pytest.raises(RunError, match="missing"):
        predict(model, "")
    with pytest.raises(ConfigError):
        start(learning_rate=-1)
    with pytest.raises(DataError, match="no file"):
        read_examples(tmp_path / "none.csv")
    file = tmp_path / "others.csv"
    examples.frame[["text"]].assign(label=["odd", "even"] * (len(examples.frame) // 2)).to_csv(file, index=False)
    with pytest.raises(DataError, match="even, odd"):
        evaluate(model, read_examples(file))
