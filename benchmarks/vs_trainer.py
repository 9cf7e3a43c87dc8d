"""mlmtune beside transformers.Trainer: same data, checkpoint, settings, epochs and evaluations; time, memory, score.

    pip install --requirement benchmarks/requirements.txt
    python -m benchmarks.vs_trainer [--only head_only_5,full_3] [--seeds 3] [--kept benchmarks/vs_trainer.jsonl] [--json]

Every training has a process of its own; the two sides take turns (A B A B), one seed a turn; medians. `ratio` is
Trainer's time over mlmtune's, the median over the turns. full_3_grouped is Trainer with length-grouped sampling. sweep_16x3
is no comparison with Trainer: 16 learning rates x 3 seeds beside one such run (the app's default head), `ratio` how many
times as long. All turns take an hour and a half or more; with `--kept` each is a line of that file, and turns that stand in it
are not taken again. A change of what is measured asks for a new file.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.trainer_side import CASES

SIDES = {"full_3_grouped": ("grouped", "mlmtune"), "sweep_16x3": ("sweep", "mlmtune")}  # elsewhere Trainer and mlmtune
FIGURES = ("seconds", "cpu_s", "peak_mb", "score")


def main() -> None:
    """Measures and prints the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = []
    for name in chosen.only.split(","):
        rows.append(compare(name, chosen.seeds, chosen.kept))
        if not chosen.json:
            print(write_row(rows[-1]), flush=True)
    if chosen.json:
        print(json.dumps({"benchmark": "vs_trainer", "rows": rows}))


def compare(name: str, seeds: int, kept: Path | None = None) -> dict[str, Any]:
    """One case: medians of both sides, every score, and the median ratio of the times."""
    sides = SIDES.get(name, ("trainer", "mlmtune"))
    turns = [take_turn(name, seed, sides, kept) for seed in range(seeds)]
    row: dict[str, Any] = {"name": name}
    for side in sides:
        shown = "trainer" if side == "grouped" else side
        row |= {f"{shown}_{figure}": statistics.median(turn[side][figure] for turn in turns) for figure in FIGURES}
        row[f"{shown}_scores"] = [turn[side]["score"] for turn in turns]
    row["ratio"] = statistics.median(turn[sides[0]]["seconds"] / turn[sides[1]]["seconds"] for turn in turns)
    return row


def take_turn(name: str, seed: int, sides: Sequence[str], kept: Path | None) -> dict[str, Any]:
    """Both sides with one seed, one after the other, or the line that is kept of them."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept and kept.exists() else []
    for turn in map(json.loads, lines):
        if (turn["name"], turn["seed"]) == (name, seed):
            return turn
    turn = {"name": name, "seed": seed} | {side: run_side(side, name, seed) for side in sides}
    if kept:
        with kept.open("a", encoding="utf-8") as out:
            out.write(json.dumps(turn) + "\n")
    return turn


def run_side(side: str, name: str, seed: int) -> dict[str, float]:
    """One training in a fresh process. Raises CalledProcessError with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.trainer_side", side, name, str(seed)], check=True, capture_output=True, text=True
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def write_row(row: dict[str, Any]) -> str:
    """One line of the table."""
    sides = [f"{side} {row[f'{side}_seconds']:7.1f} s {row[f'{side}_cpu_s']:7.1f} cpu-s {row[f'{side}_peak_mb']:6.0f} MB {row[f'{side}_score']:.3f}" for side in ("trainer", "sweep", "mlmtune") if f"{side}_seconds" in row]  # fmt: skip
    return f"{row['name']:20} {row['ratio']:6.2f}   " + "   ".join(sides)


if __name__ == "__main__":
    main()
