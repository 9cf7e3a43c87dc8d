"""Seconds announced before Start beside seconds taken: three sizes and lengths, three strategies.

    python -m benchmarks.estimates [--only full_300_long] [--json]

uci_sentiment where it is there, else the bundled sample; long texts are several of them joined. One process carries out all
runs, as a worker does; what one run leaves in the cache is removed before the next. `ratio`: announced / taken.
"""

import argparse
import json
import os
import tempfile
import time
from typing import Any

import pandas as pd
import torch

from benchmarks.trainer_side import read_frame
from mlmtune_core.config import validate
from mlmtune_core.data.splitting import sample_examples
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers import worker
from mlmtune_core.workers.costs.estimate import estimate, expect_sizes
from mlmtune_core.workers.costs.rehearsal import rehearse

LENGTHS = {"short": (1, 1000), "middle": (3, 600), "long": (8, 200)}  # texts joined into one, how many such examples
STRATEGIES = {"head_only": 5, "last_layers:2": 3, "full": 1}  # and epochs
ROWS = {f"{strategy.replace(':', '_')}_{count}_{length}": (strategy, length) for strategy in STRATEGIES for length, (_, count) in LENGTHS.items()}  # fmt: skip
SAMPLE = 200


def main() -> None:
    """Prints a table, or with --json one object with `rows`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=ROWS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = folder
        texts = read_frame(validate({}))
        measure("warm-up", texts.head(64), "full")
        for name, (strategy, length) in ROWS.items():
            if chosen.only in (None, name):
                rows.append(measure(name, join(texts, *LENGTHS[length]), strategy))
                if not chosen.json:
                    print(f"{name:28} announced {rows[-1]['announced_s']:6.1f} s   taken {rows[-1]['taken_s']:6.1f} s   {rows[-1]['ratio'] - 1:+.0%}   rehearsal {rows[-1]['rehearsal_s']:.1f} s", flush=True)  # fmt: skip
    if chosen.json:
        print(json.dumps({"benchmark": "estimates", "rows": rows}))


def join(texts: pd.DataFrame, several: int, count: int) -> pd.DataFrame:
    """So many examples, each of several texts in a row."""
    everything = list(texts["text"])
    joined = [" ".join(everything[(i * several + j) % len(everything)] for j in range(several)) for i in range(len(everything))]  # fmt: skip
    return texts.assign(text=joined).head(count)


def measure(name: str, frame: pd.DataFrame, strategy: str) -> dict[str, Any]:
    """One rehearsal, then the run that it announces."""
    config = validate({"strategy": strategy, "epochs": STRATEGIES[strategy], "patience": 0})
    began = time.perf_counter()
    costs = rehearse(config.model_dump(), sample_examples(frame.drop(columns="split"), SAMPLE, 0), torch.get_num_threads())  # fmt: skip
    rehearsal = time.perf_counter() - began
    announced = estimate(costs, config, expect_sizes(frame, config.validation_share))
    run = create_run(config, frame, {"name": "benchmark", "fingerprint": "", "columns": {}})
    began = time.perf_counter()
    for _ in worker.carry_out(run):
        pass
    taken = time.perf_counter() - began
    run.delete()
    return {"name": name, "announced_s": announced, "taken_s": taken, "rehearsal_s": rehearsal, "ratio": announced / taken}  # fmt: skip


if __name__ == "__main__":
    main()
