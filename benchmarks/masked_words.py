"""Masked words on BBC News: unigrams, a head on the frozen encoder, and the whole encoder going on from there; writes docs/results.md.

    python -m benchmarks.masked_words [--articles 300] [--seeds 1] [--json]

RunInUse out are a fifth of the articles; what is hidden in them is the same for all. The second stage starts from the checkpoint that the
first one leaves, so that both are measured with the same head. Half an hour on a core that others use too; --articles 60 for a look.
"""

import argparse
import io
import json
import os
import tempfile
from typing import Any

import pandas as pd
import torch

from benchmarks.results_page import put_section
from mlmtune_core.config import validate
from mlmtune_core.data.splitting import sample_examples, split_examples
from mlmtune_core.data.uploads import read_bbc_news
from mlmtune_core.exporting.model_folder import save_checkpoint
from mlmtune_core.people import PROGRAM
from mlmtune_core.runs.owned_runs import to_plain_texts
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers.worker import carry_out

TITLE = "## Masked words"
STAGES = {"a head, encoder frozen": {"strategy": "head_only", "epochs": 6}, "then all weights": {"strategy": "full", "epochs": 3}}
SHARED = {"task": "masked_words", "max_length": 128, "batch_size": 16}


def main() -> None:
    """Carries out both stages for every seed and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = folder
        rows = [row for seed in range(chosen.seeds) for row in measure(chosen.articles, seed)]
    if chosen.json:
        print(json.dumps(rows, indent=1))
        return
    section = write_section(rows, chosen.articles)
    print(section)
    put_section(TITLE, section)


def measure(articles: int, seed: int) -> list[dict[str, Any]]:
    """One row a stage, and one before: what was measured with, masked cross-entropy in nats, the share that was guessed, seconds."""
    frame = pd.read_csv(io.BytesIO(read_bbc_news()))
    frame.insert(0, "row", range(2, len(frame) + 2))
    texts = to_plain_texts(split_examples(sample_examples(frame, articles, seed), 0.2, seed))
    rows: list[dict[str, Any]] = []
    checkpoint = "bundled"
    for stage, settings in STAGES.items():
        run = create_run(validate(SHARED | settings | {"checkpoint": checkpoint, "seed": seed}), texts, {"name": "bbc", "fingerprint": "", "columns": {}})
        for _ in carry_out(run):
            pass
        if not rows:
            rows.append({"seed": seed, "what": "unigrams", "loss": run.events("Started")[0]["baseline"], "accuracy": None, "seconds": None})
            rows.append({"seed": seed, "what": "a fresh head", **read_evaluation(run, 0), "seconds": None})
        best = max(range(len(run.events("EvalDone"))), key=lambda i: (run.events("EvalDone")[i]["is_best"], i))
        rows.append({"seed": seed, "what": stage, **read_evaluation(run, best), "seconds": run.summary()["seconds"]})
        checkpoint = save_checkpoint(run.id, stage, PROGRAM)
    return rows


def read_evaluation(run: Run, i: int) -> dict[str, float]:
    """Loss and accuracy of the i-th evaluation."""
    done = run.events("EvalDone")[i]
    return {"loss": done["metrics"]["masked_loss"], "accuracy": done["metrics"]["masked_accuracy"]}


def write_section(rows: list[dict[str, Any]], articles: int) -> str:
    """The rows as Markdown."""
    lines = [
        TITLE,
        "",
        f"{articles} BBC News articles, a fifth of them held out, windows of 128 sub-words, the bundled checkpoint (it has no head for masked words).",
        "Cross-entropy of the hidden sub-words of held-out articles in nats; the best epoch. The second stage starts from the checkpoint that the first",
        "one leaves. One core, beside other work. Written by `python -m benchmarks.masked_words`.",
        "",
        "| seed | what guesses | cross-entropy | guessed | seconds |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        accuracy = "" if row["accuracy"] is None else f"{100 * row['accuracy']:.1f} %"
        seconds = "" if row["seconds"] is None else f"{row['seconds']:.0f}"
        lines.append(f"| {row['seed']} | {row['what']} | **{row['loss']:.3f}** | {accuracy} | {seconds} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
