"""Which rate of the body suits which start: what lessons that compare starts give each of them (mlmtune_core.lessons.lesson).

    python -m benchmarks.lesson_rates [LESSON ...] [--json]

Trains each start of a lesson (2 where none is named) at every rate, with seeds that no lesson uses, and looks at the validation set
alone. Marked are the rate with the lowest validation loss and the one with the best validation score, averaged over seeds. Two runs for each start and rate: thirty for lesson 2.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from statistics import mean
from typing import Any

import torch

from mlmtune_core.config import RANKED_BY
from mlmtune_core.lessons import find_lesson
from mlmtune_core.lessons.data import open_lesson_data
from mlmtune_core.lessons.lesson import Arm, Lesson
from mlmtune_core.lessons.planning import describe_data
from mlmtune_core.lessons.running import carry_out_sweep
from mlmtune_core.people import PROGRAM
from mlmtune_core.runs.sweeps import Member, create_sweep

RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
SEEDS = (1000, 1001)


def main() -> None:
    """Prints, for each lesson and start, what every rate came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", nargs="*", default=["2"], metavar="LESSON", help="ids; without any: 2")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = folder
        rows = [row for name in chosen.lessons for row in try_rates(find_lesson(name), RATES, SEEDS)]
    print(json.dumps(rows, indent=1) if chosen.json else write_table(rows))


def find_starts(lesson: Lesson) -> dict[str, Arm]:
    """For each kind of starting weights the arm in which all of them learn; of several the one with the most labels."""
    arms = sorted(lesson.arms, key=lambda arm: arm.x or 0)
    configs = [(lesson.config(arm, SEEDS[0]), arm) for arm in arms]
    return {config.initial_weights: arm for config, arm in configs if config.strategy == "full"}


def try_rates(lesson: Lesson, rates: tuple[float, ...], seeds: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """A row for each start and rate: lowest validation loss and best validation score, averaged over seeds; inf and 0 where a run failed."""
    for start, arm in find_starts(lesson).items():
        table = open_lesson_data(arm.data or lesson.data)
        for rate in rates:
            members = [Member(lesson.config(arm, seed).model_copy(update={"learning_rate": rate}), table, arm.id) for seed in seeds]
            sweep = create_sweep(members, describe_data(lesson.data), {}, PROGRAM)
            for _ in carry_out_sweep(sweep):
                pass
            measured = [read_best(run.events(), RANKED_BY[run.config().task]) for run in sweep.runs()]
            sweep.delete()
            yield {"lesson": lesson.id, "start": start, "rate": rate, "loss": mean(loss for loss, _ in measured), "score": mean(score for _, score in measured)}


def read_best(rows: list[dict[str, Any]], metric: str) -> tuple[float, float]:
    """(lowest validation loss, highest validation score) of a run after its first step."""
    if any(row["kind"] == "Failed" for row in rows):
        return float("inf"), 0.0
    evaluations = [row for row in rows if row["kind"] == "EvalDone" and row["step"]]
    return min(row["validation_loss"] for row in evaluations), max(row["metrics"][metric] for row in evaluations)


def write_table(rows: list[dict[str, Any]]) -> str:
    """A line for each start and rate, the best loss and the best score of each start in bold."""
    lines = ["| lesson | start | rate | validation loss | validation score |", "|---|---|---|---|---|"]
    for row in rows:
        rivals = [other for other in rows if (other["lesson"], other["start"]) == (row["lesson"], row["start"])]
        loss, score = (f"**{row[name]:.3f}**" if row[name] == best(other[name] for other in rivals) else f"{row[name]:.3f}" for name, best in (("loss", min), ("score", max)))
        lines.append(f"| {row['lesson']} | {row['start']} | {row['rate']:g} | {loss} | {score} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
