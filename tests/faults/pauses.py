"""Pause and resume at twenty random steps: the same events as without. python -m tests.faults.pauses [--json]"""

import argparse
import json
import os
import random
import tempfile

import torch

from mlmtune_core.events import StepDone
from mlmtune_core.workers import worker
from tests.faults.runs import KINDS, create, differences

PAUSED = (0, 2, 5, 9)  # full, head only, last layers, batches by tokens
PAUSES = 20


def main() -> int:
    """Prints, for each of four runs, at which steps it was paused and in what it differs from its twin; returns 1 where it does."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--seed", type=int, default=0)
    told = options.parse_args()
    rng, rows = random.Random(told.seed), []
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for number in PAUSED:
            os.environ["MLMTUNE_HOME"] = f"{folder}/{number}-whole"
            whole = create(number)
            list(worker.carry_out(whole))
            os.environ["MLMTUNE_HOME"] = f"{folder}/{number}-paused"
            run = create(number)
            steps = sorted(rng.sample(range(1, whole.events("Started")[0]["total_steps"]), PAUSES // len(PAUSED)))
            _pause_at(run, steps)
            name = f"{KINDS[number][0]}, {KINDS[number][1]}"
            rows.append({"name": name, "paused_at": steps, "differs_in": differences(run, whole)})
    if told.json:
        print(json.dumps({"rows": rows, "pauses": PAUSES}, indent=1))
    else:
        for row in rows:
            print(*row.values(), sep=" | ")
    return int(any(row["differs_in"] for row in rows))


def _pause_at(run, steps: list[int]) -> None:
    left = list(steps)
    while run.summary() is None:
        for event in worker.carry_out(run):
            if isinstance(event, StepDone) and left and event.step == left[0]:
                run.request("pause")
                left.pop(0)
        if run.summary() is None:
            if run.state() != "paused":
                raise RuntimeError(f"{run.state()} instead of paused")
            run.reset()


if __name__ == "__main__":
    raise SystemExit(main())
