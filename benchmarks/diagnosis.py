"""Sixty real runs whose class is known from how they are made, and what mlmtune_core.runs.diagnosis calls them; writes docs/results.md.

    python -m benchmarks.diagnosis [--json]

The bundled checkpoint on the English samples. benchmarks/diagnosis_plan.py says what each run must be, and was written before them.
Heads that differ in their rate alone are trained together. Two to ten minutes on one core.
"""

import argparse
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import torch
from torch import nn

from benchmarks.diagnosis_plan import PLAN, Planned
from benchmarks.results_page import put_section
from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.preparation import prepare
from mlmtune_core.data.splitting import sample_examples, split_examples
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.runs.diagnosis import KINDS, Diagnosis, diagnose
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.training import assembly
from mlmtune_core.workers import worker

TITLE = "## Diagnosis of sixty runs"
SHARE = 0.25  # measured with
RATE_PAST_LIMITS = 1e38


def main() -> None:
    """Carries the plan out and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = folder
        began = time.monotonic()
        results = [row for group in find_groups(PLAN) for row in carry_out(group)]
        minutes = (time.monotonic() - began) / 60
    if chosen.json:
        print(json.dumps(results, indent=1, ensure_ascii=False))
        return
    section = write_section(results, minutes)
    print(section)
    put_section(TITLE, section)


def find_groups(plan: list[Planned]) -> list[list[Planned]]:
    """Runs that are trained together: heads on the same examples with the same settings but for the rate."""
    groups: dict[str, list[Planned]] = {}
    for each in plan:
        shared = {name: value for name, value in each.settings.items() if name != "head_learning_rate"}
        alone = each.plant or each.settings["strategy"] != "head_only"
        groups.setdefault(
            each.id if alone else repr((each.sample, each.texts, each.seed, each.noise, shared)), []
        ).append(each)
    return list(groups.values())


def carry_out(group: list[Planned]) -> list[dict[str, Any]]:
    """Trains them, and says for each what it is called at the end and what it was called on the way."""
    runs = [make_run(each) for each in group]
    with planted(group[0].plant):
        for _ in worker.carry_out_together(runs) if len(runs) > 1 else worker.carry_out(runs[0]):
            pass
    rows = [judge(each, run) for each, run in zip(group, runs, strict=True)]
    for row in rows:
        print(json.dumps(row, ensure_ascii=False), flush=True)
    return rows


def judge(each: Planned, run: Run) -> dict[str, Any]:
    """What a run was to be, and what it is called: at the end, and after every evaluation."""
    rows, found = run.events(), diagnose(run.events())
    on_the_way = [diagnose(rows[: i + 1]) for i, row in enumerate(rows) if row["kind"] == "EvalDone"]
    return {
        "id": each.id,
        "expected": each.expected,
        "found": name(found),
        "on the way": [name(one) for one in on_the_way],
        "evidence": found.evidence.format(**found.values) if found else "",
        "seconds": run.summary()["seconds"],
    }


def name(found: Diagnosis | None) -> str:
    """Its kind, or a dash."""
    return found.kind if found else "-"


def make_run(each: Planned) -> Run:
    """A new run on examples of a sample, with the wrong labels that the plan wants among those to learn from."""
    ready = prepare(f"sample-{each.sample}-en")
    examples = split_examples(sample_examples(ready.report.examples, each.texts, each.seed), SHARE, each.seed)
    config = validate({"task": ready.task, "seed": each.seed, **each.settings})
    run = create_run(
        config, add_noise(examples, each.noise, each.seed), {"name": each.id, "fingerprint": "", "columns": {}}
    )
    return PastLimits(run.folder) if each.plant == "rate" else run


class PastLimits(Run):
    """A run with a rate that the settings do not allow."""

    def config(self) -> RunConfig:
        """Its settings, with that rate."""
        return super().config().model_copy(update={"head_learning_rate": RATE_PAST_LIMITS})


def add_noise(examples: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """So many training examples get another label, drawn from those that are not theirs."""
    rng, examples = np.random.default_rng(seed), examples.reset_index(drop=True)
    train = np.flatnonzero(examples["split"] == "train")
    for i in rng.choice(train, round(share * len(train)), replace=False):
        others = sorted(set(examples["label"]) - {examples.at[i, "label"]})
        examples.at[i, "label"] = others[rng.integers(len(others))]
    return examples


@contextmanager
def planted(plant: str) -> Iterator[None]:
    """While it lasts, models are built with a weight that is no number, or becomes none at a step."""
    build = assembly.make_model

    def make_model(*args: Any) -> nn.Module:
        model = build(*args)
        if plant == "head":
            spoil(model.head)
        elif plant == "body":
            spoil(find_layers(model.encoder)[0])
        elif plant.startswith("step"):
            seen = Counter()

            def spoil_in_time(head: nn.Module, _: Any) -> None:
                seen["steps"] += head.training
                if seen["steps"] == int(plant.split()[1]):
                    spoil(head)

            model.head.register_forward_pre_hook(spoil_in_time)
        return model

    with mock.patch.object(assembly, "make_model", make_model):
        yield


def spoil(module: nn.Module) -> None:
    """One weight of a module is no number any more."""
    with torch.no_grad():
        next(module.parameters()).view(-1)[0] = float("nan")


def write_section(results: list[dict[str, Any]], minutes: float) -> str:
    """The confusion matrix, and all runs, as Markdown."""
    right = sum(row["found"] in row["expected"] for row in results)
    counts = Counter((row["expected"][0], row["found"]) for row in results)
    columns = [*KINDS, *(["-"] if any(row["found"] == "-" for row in results) else [])]
    lines = [
        TITLE,
        "",
        f"{right} of {len(results)} runs are called what they are by how they were made (`benchmarks/diagnosis_plan.py`, written before the runs). Bundled checkpoint, English",
        f"samples, 40 to 240 texts; {minutes:.0f} minutes, cores used: {torch.get_num_threads()}. Written by `python -m benchmarks.diagnosis`.",
        "What a first run of the plan showed, and what was changed after it: docs/decisions.md.",
        "",
        f"| made to be \\ called | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for kind in KINDS:
        lines.append(f"| {kind} | {' | '.join(str(counts[kind, column] or '') for column in columns)} |")
    lines += ["", "| run | made to be | called | after each evaluation |", "|---|---|---|---|"]
    for row in results:
        found = row["found"] if row["found"] in row["expected"] else f"**{row['found']}**"
        lines.append(f"| {row['id']} | {' or '.join(row['expected'])} | {found} | {shorten(row['on the way'])} |")
    return "\n".join(lines) + "\n"


def shorten(names: list[str]) -> str:
    """- - crawling crawling ok -> - x2, crawling x2, ok"""
    spans: list[list[Any]] = []
    for each in names:
        if spans and spans[-1][0] == each:
            spans[-1][1] += 1
        else:
            spans.append([each, 1])
    return ", ".join(each if count == 1 else f"{each} x{count}" for each, count in spans)


if __name__ == "__main__":
    main()
