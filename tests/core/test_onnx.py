"""A model as ONNX: the same answers from onnxruntime and tokenizers, in a process without torch, transformers or mlmtune."""

import json
import subprocess
import sys

import numpy as np
import pytest

from mlmtune_core.errors import RunError
from mlmtune_core.exporting import onnx_graph
from mlmtune_core.exporting.onnx_graph import write_onnx
from mlmtune_core.inspecting import head_view
from mlmtune_core.inspecting.predicting import predict
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.workers.worker import run as carry_out
from tests.core.test_exporting import texts

pytestmark = pytest.mark.thorough
OPEN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import predict
asked = json.load(sys.stdin)
found = []
for fields in asked:
    tokens, z = predict.predict(*fields, words=isinstance(fields[0], list))
    found.append([tokens.word_ids, z.tolist()])
predict.SHOW.get(predict.about["task"], predict.show_labels)(*[" ".join(f) if isinstance(f, list) else f for f in asked[0]])
assert not {"torch", "transformers", "mlmtune_core"} & set(sys.modules)
print(json.dumps(found))
"""


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"head": "pooler"}, marks=pytest.mark.long),
        {"head": "mlp", "pooling": "mean", "truncation": "both", "max_length": 9},
        pytest.param({"pooling": "last4"}, marks=pytest.mark.long),
        {"task": "token_classification"},
        {"task": "question_answering"},
    ],
    ids=str,
)
def test_fifty_answers_are_the_same_without_torch(make_run, tmp_path, settings):
    run = make_run(**settings, strategy="full", learning_rate=1e-3)
    carry_out(run.id)
    assert write_onnx(run, tmp_path) < 1e-5
    task = run.config().task
    asked = texts(2 if task == "question_answering" else 1)
    given = [[fields[0].split()] for fields in asked] if task == "token_classification" else asked
    command = [sys.executable, "-I", "-c", OPEN, str(tmp_path)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    *shown, found = done.stdout.splitlines()
    assert shown
    for fields, (owners, logits) in zip(asked, json.loads(found), strict=True):
        if task == "question_answering":
            logits = np.transpose(logits)
            ours = [head_view.open_typed(run.id, BEST, end, *fields)["logits"] for end in range(2)]
        elif task == "token_classification":
            ours = [list(word["logits"].values()) for word in predict(run.id, BEST, *fields)["words"]]
            logits = [logits[owners.index(word)] for word in range(len(ours))]
        else:
            ours = list(predict(run.id, BEST, *fields)["logits"].values())
        assert np.allclose(logits, ours, atol=1e-4)


def test_a_graph_that_differs_is_refused(make_run, tmp_path, monkeypatch):
    run = make_run()
    carry_out(run.id)
    monkeypatch.setattr(onnx_graph, "TOLERANCE", -1.0)
    with pytest.raises(RunError, match="does not come out the same"):
        write_onnx(run, tmp_path)
