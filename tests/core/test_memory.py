"""What a run needs is announced, and what it may not have ends it with a sentence while others go on."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlmtune_core.config import validate
from mlmtune_core.workers.costs.estimate import Costs, Law
from mlmtune_core.workers.costs.memory import PROCESS_BYTES, memory_law, needed_bytes, worker_limit

ROOT = Path(__file__).parent.parent.parent
NOTHING = Law(0, 0, 0)
COSTS = Costs(0, 0, 0, NOTHING, NOTHING, NOTHING, 0, (10, 40), 1.0, 0.0, 6, Law(5.0, 1.0, 0.0))
MINILM = 22_713_216

STEP = """
import json, sys, torch
from mlmtune_core.tasks import TASKS
from mlmtune_core.training import assembly
from mlmtune_core.config import validate
from mlmtune_core.models.freezing import apply_strategy, set_train_mode
from mlmtune_core.training.optimizer import make_optimizer

def resident(kind):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) * 1024

torch.set_num_threads(1)
count, length, strategy = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
config = validate({"strategy": strategy})
model = assembly.make_model(config, TASKS[config.task], ["a", "b"])
apply_strategy(strategy, model.encoder, model.head)
set_train_mode(model)
optimizer = make_optimizer(model, config)
before = resident("VmRSS")
ids = torch.randint(1000, 20000, (count, length))
batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
for _ in range(2):  # from the second step on the moments are there, too
    optimizer.zero_grad(set_to_none=True)
    torch.nn.functional.cross_entropy(model(batch), torch.zeros(count, dtype=torch.long)).backward()
    optimizer.step()
print(json.dumps(resident("VmHWM") - before))
"""

BOUNDED = """
import sys
from pathlib import Path
from mlmtune_core.workers import worker
from mlmtune_core.workers.costs.memory import bound
from mlmtune_core.runs.run import Run

worker.warm()
bound(3_000 * 2**20)
worker.run(sys.argv[1])
"""


def python(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
@pytest.mark.parametrize(("count", "length", "strategy", "learning"), [(8, 128, "full", 6), (4, 256, "full", 6), (8, 256, "last_layers:2", 2)])  # fmt: skip
def test_the_law_is_near_what_a_step_takes(count, length, strategy, learning):
    taken = json.loads(python(STEP, count, length, strategy).stdout)
    trainable = {6: MINILM, 2: 3_550_000}[learning]
    law = memory_law(MINILM, trainable, 384, 12, learning)
    weights = 12 * trainable  # gradients and moments; the rest of `fixed` was there before, or comes later
    told = law.of(count, length) - law.fixed + weights
    assert 0.7 < told / taken < 1.4, (told, taken)


def test_the_largest_batch_counts_by_number_or_by_tokens():
    assert needed_bytes(COSTS, validate({"batch_size": 3})) == 5 + 3 * 40
    assert needed_bytes(COSTS, validate({"batch_size": 3, "batch_tokens": 100})) == 5 + 2 * 40
    assert needed_bytes(replace(COSTS, memory=memory_law(10, 0, 1, 1, 0)), validate({})) > PROCESS_BYTES


def test_weights_that_are_pulled_back_are_kept_once_more():
    plain, pulled = (memory_law(1000, 600, 8, 2, 1, pulled_back=back) for back in (False, True))
    assert pulled.fixed - plain.fixed == 4 * 600 and pulled.per_token == plain.per_token


def test_the_limit_is_told_or_a_part_of_the_machine(monkeypatch):
    assert worker_limit(8 * 2**30, 2) == 3 * 2**30
    monkeypatch.setenv("MLMTUNE_WORKER_MEMORY_MB", "1000")
    assert worker_limit(8 * 2**30, 2) == 1000 * 2**20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound what a process may take in this way")
def test_a_run_that_does_not_fit_ends_with_a_sentence(make_run, text_frame):
    from mlmtune_core.config import BUNDLED
    from mlmtune_core.runs.shelf import create_run

    long = "never mind what it says, it only has to be long " * 60
    frame = text_frame.loc[text_frame.index.repeat(16)].reset_index(drop=True)
    frame = frame.assign(text=[f"{i} {long}" for i in range(len(frame))], row=range(len(frame)))
    config = validate({"checkpoint": BUNDLED, "strategy": "full", "epochs": 1, "batch_size": 64, "max_length": 512})
    run = create_run(config, frame, {"name": "test", "fingerprint": "0", "columns": {}})
    done = python(BOUNDED, run.folder)
    assert run.state() == "failed", done.stderr[-2000:]
    assert "not enough memory" in run.summary()["template"]
