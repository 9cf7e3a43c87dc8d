"""What is taken home is the same model: opened by plain transformers in a process that does not know mlmtune."""

import json
import subprocess
import sys

import numpy as np
import pytest

from mlmtune_core.errors import LimitError, RunError
from mlmtune_core.exporting.model_folder import write_model
from mlmtune_core.exporting.packing import prepare, require_offered
from mlmtune_core.inspecting import head_view
from mlmtune_core.inspecting.predicting import load_run, predict
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.workers.worker import run as carry_out
from tests.conftest import WORDS

ASKED = 50
OPEN = """
import json, sys
import torch, transformers
folder, kind, texts = sys.argv[1], sys.argv[2], json.load(sys.stdin)
assert "mlmtune_core" not in sys.modules
tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
model = getattr(transformers, kind).from_pretrained(folder).eval()
found = []
for fields in texts:
    words = isinstance(fields[0], list)
    inputs = tokenizer(*fields, truncation=True, max_length=128, is_split_into_words=words, return_tensors="pt")
    with torch.no_grad():
        said = model(**inputs)
    found.append(said.logits[0].tolist() if "logits" in said else [said.start_logits[0].tolist(), said.end_logits[0].tolist()])
print(json.dumps({"logits": found, "labels": model.config.id2label}))
"""
OPEN_PARTS = """
import json, sys
sys.path.insert(0, sys.argv[1])
import predict
print(json.dumps({"logits": [predict.predict(*fields).tolist() for fields in json.load(sys.stdin)], "labels": predict.about["labels"]}))
"""


def texts(fields):
    rng = np.random.default_rng(5)
    return [[" ".join(rng.choice(WORDS, rng.integers(2, 12))) for _ in range(fields)] for _ in range(ASKED)]


def open_elsewhere(folder, program, *arguments, asked):
    """What a process without mlmtune on its path makes of the folder."""
    command = [sys.executable, "-I", "-c", program, str(folder), *arguments]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, cwd=folder, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"head": "pooler"}, "BertForSequenceClassification"),
        pytest.param({"task": "several_labels", "head": "pooler"}, "BertForSequenceClassification", marks=pytest.mark.long),
        pytest.param({"task": "sentence_pair", "head": "pooler"}, "BertForSequenceClassification", marks=pytest.mark.long),
        pytest.param({"task": "regression", "head": "pooler"}, "BertForSequenceClassification", marks=pytest.mark.long),
        ({"task": "token_classification"}, "BertForTokenClassification"),
        ({"task": "question_answering"}, "BertForQuestionAnswering"),
        ({}, ""),
        pytest.param({"task": "sentence_pair"}, "", marks=pytest.mark.long),
        pytest.param({"task": "regression"}, "", marks=pytest.mark.long),
        ({"head": "mlp", "pooling": "mean", "truncation": "both", "max_length": 9}, ""),
        ({"task": "sentence_pair", "head": "pooler", "pooling": "last4", "truncation": "tail", "max_length": 12}, ""),
        ({"pooling": "max", "first_layers": 2}, ""),
    ],
    ids=str,
)
def test_fifty_answers_are_the_same_elsewhere(make_run, tmp_path, settings, kind):
    run = make_run(**settings, strategy="full", learning_rate=1e-3)
    carry_out(run.id)
    (tmp_path / "taken").mkdir()
    assert write_model(load_run(run), tmp_path / "taken") == kind
    task, trained = settings.get("task", ""), load_run(run)
    two = "second_text" in trained.record or "question" in trained.record
    asked = texts(2 if two else 1)
    given = [[fields[0].split()] for fields in asked] if task == "token_classification" else asked
    program = (OPEN, kind) if kind else (OPEN_PARTS,)
    found = open_elsewhere(tmp_path / "taken", program[0], *program[1:], asked=given)
    for fields, logits in zip(asked, found["logits"], strict=True):
        if task == "question_answering":
            ours = [head_view.open_typed(run.id, BEST, end, *fields)["logits"] for end in range(2)]
        elif task == "token_classification":
            answer = predict(run.id, BEST, *fields)["words"]
            ours = [list(word["logits"].values()) for word in answer]
            logits = [logits[position] for position in first_pieces(trained.tokenizer, fields[0].split())]
        elif task == "regression":
            answer = predict(run.id, BEST, *fields)
            ours = [answer["value"]] if kind else [answer["logit"]]
        else:
            ours = list(predict(run.id, BEST, *fields)["logits"].values())
        assert np.allclose(logits, ours, atol=1e-4)
    if kind and task not in ("question_answering", "regression"):
        assert list(found["labels"].values()) == trained.label_names


def first_pieces(tokenizer, words):
    owners = tokenizer(words, is_split_into_words=True).word_ids()
    return [owners.index(word) for word in range(len(words))]


def test_script_and_notebook_are_refused_where_they_would_do_something_else(make_run):
    for settings in ({"head": "mlp"}, {"pooling": "mean"}, {"initial_weights": "shuffled"}, {"train_examples": 2}, {"label_noise": 0.5}, {"truncation": "tail"}):
        run = make_run(**settings)
        for kind in ("script", "notebook"):
            with pytest.raises(RunError, match="cannot redo") as caught:
                require_offered(run, kind)
            assert caught.value.values["settings"] == " = ".join(map(str, *settings.items()))
        for kind in ("model", "onnx", "report", "answers"):
            require_offered(run, kind)
    for settings in ({"head": "pooler"}, {"measure_training": True}):
        require_offered(make_run(**settings), "script")


def test_what_would_not_fit_on_the_disk_is_not_made(make_run, monkeypatch):
    run = make_run()
    carry_out(run.id)
    monkeypatch.setenv("MLMTUNE_DISK_MB", "100")
    monkeypatch.setattr("mlmtune_core.runs.limits.find_disk_mb", lambda: 100)
    with pytest.raises(LimitError, match="disk space"):
        prepare(run.id, "model.zip")
    assert prepare(run.id, "answers.csv") == "answers.csv"
