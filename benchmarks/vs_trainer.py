"""mlmtune beside transformers.Trainer: same data, checkpoint, settings, epochs and evaluations; time, memory, score.

    pip install --requirement benchmarks/requirements.txt
    python -m benchmarks.vs_trainer [--only head_only_5,full_3] [--seeds 3] [--json]

Every training has a process of its own; the two sides take turns (A B A B), one seed a turn; medians. `ratio` is
Trainer's time over mlmtune's. full_3_grouped is Trainer with length-grouped sampling. sweep_16x3 is no comparison with
Trainer: 16 learning rates x 3 seeds beside one such run (the app's default head), `ratio` how many times as long.
"""

import argparse
import json
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.trainer_side import CASES

SIDES = ("trainer", "mlmtune", "single", "sweep")
FIGURES = ("seconds", "cpu_s", "peak_mb", "score")


def main() -> None:
    """Measures and prints the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = []
    for name in chosen.only.split(","):
        rows.append(compare_sweep(chosen.seeds) if name == "sweep_16x3" else compare(name, chosen.seeds))
        if not chosen.json:
            print(write_row(rows[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"benchmark": "vs_trainer", "rows": rows}))


def compare(name: str, seeds: int) -> dict[str, Any]:
    """One case: medians of both sides, every score, and the ratio of the times."""
    other = "grouped" if name.endswith("_grouped") else "trainer"
    told: dict[str, list[dict[str, float]]] = {other: [], "mlmtune": []}
    for seed in range(seeds):
        for side, runs in told.items():
            runs.append(run_side(side, name, seed))
    row: dict[str, Any] = {"name": name}
    for side, runs in told.items():
        prefix = "mlmtune" if side == "mlmtune" else "trainer"
        row |= {f"{prefix}_{figure}": statistics.median(run[figure] for run in runs) for figure in FIGURES}
        row[f"{prefix}_scores"] = [run["score"] for run in runs]
    row["ratio"] = row["trainer_seconds"] / row["mlmtune_seconds"]
    return row


def compare_sweep(repeats: int) -> dict[str, Any]:
    """48 heads beside one, in turns: medians, and how many times as long it takes."""
    told: dict[str, list[dict[str, float]]] = {"single": [], "sweep": []}
    for seed in range(repeats):
        told["single"].append(run_side("mlmtune", "sweep_16x3", seed))
        told["sweep"].append(run_side("sweep", "sweep_16x3", seed))
    row: dict[str, Any] = {"name": "sweep_16x3"}
    for side, runs in told.items():
        row |= {f"{side}_{figure}": statistics.median(run[figure] for run in runs) for figure in FIGURES}
    row["ratio"] = row["sweep_seconds"] / row["single_seconds"]
    return row


def run_side(side: str, name: str, seed: int) -> dict[str, float]:
    """One training in a fresh process. Raises CalledProcessError with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trainer_side", side, name, str(seed)], check=True, capture_output=True, text=True
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def write_row(row: dict[str, Any]) -> str:
    """One line of the table."""
    sides = [f"{side} {row[f'{side}_seconds']:7.1f} s {row[f'{side}_cpu_s']:7.1f} cpu-s {row[f'{side}_peak_mb']:6.0f} MB {row[f'{side}_score']:.3f}" for side in SIDES if f"{side}_seconds" in row]  # fmt: skip
    return f"{row['name']:20} {row['ratio']:6.2f}   " + "   ".join(sides)


if __name__ == "__main__":
    main()
