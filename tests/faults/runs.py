"""Ten runs of all kinds on the bundled samples, and how one is compared with its twin that nobody interrupted."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.checking import check
from mlmtune_core.data.columns import choose_columns
from mlmtune_core.data.readers.table import read_table
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.data.uploads import SAMPLES, open_data
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run

KINDS = [
    ("sample-sentiment-en", "full", {"epochs": 2, "first_layers": 3}),
    ("sample-sentiment-pt", "last_layers:2", {"epochs": 4}),
    ("sample-topics-en", "head_only", {"epochs": 150, "patience": 0}),
    ("sample-topics-pt", "full", {"epochs": 2, "first_layers": 2, "batch_size": 8}),
    ("sample-entities-en", "full", {"epochs": 4, "first_layers": 3}),
    ("sample-extraction-pt", "last_layers:1", {"epochs": 8}),
    ("sample-nli-en", "full", {"epochs": 3, "first_layers": 3}),
    ("sample-similarity-pt", "last_layers:2", {"epochs": 5}),
    ("sample-questions-en", "full", {"epochs": 3, "first_layers": 2}),
    ("sample-entities-pt", "last_layers:1", {"epochs": 10, "batch_tokens": 512}),
]


def create(number: int, seed: int = 0) -> Run:
    """The run of a kind, not yet queued; called again it is the same run under another id."""
    sample, strategy, more = KINDS[number]
    name, raw = open_data(sample)
    table = read_table(raw, name)
    task = SAMPLES[sample].task
    report = check(table.rows, task, choose_columns(table.rows, task, {}))
    config: RunConfig = validate({"task": task, "strategy": strategy, "max_length": 96, "seed": seed + number} | more)
    examples = split_examples(report.examples, config.validation_share, config.seed)
    return create_run(config, examples, {"name": name, "fingerprint": "", "columns": report.columns})


def told(run: Run) -> list[dict[str, object]]:
    """What a run says of itself, but for the time, and for what is said only now and then."""
    rows = [row for row in run.events() if row["kind"] not in ("Progress", "Resumed")]
    return [{name: value for name, value in row.items() if name != "time"} for row in rows]


def differences(run: Run, whole: Run) -> list[str]:
    """In what a run differs from its uninterrupted twin: state, events, summary, a weight's bits, a file that should not be there."""
    found = [] if run.state() == whole.state() == "finished" else [f"states {run.state()}, {whole.state()}"]
    if found:
        return found
    mine, wanted = told(run), told(whole)
    if mine != wanted:
        place = next((i for i, pair in enumerate(zip(mine, wanted, strict=False)) if pair[0] != pair[1]), -1)
        found.append(f"event {place} of {len(mine)} and {len(wanted)}")
    summaries = [{k: v for k, v in each.summary().items() if k != "seconds"} for each in (run, whole)]
    found += ["summary"] if summaries[0] != summaries[1] else []
    ours, theirs = load_file(run.weights_file), load_file(whole.weights_file)
    found += [f"weight {n}" for n in theirs if n not in ours or not np.array_equal(ours[n].view(np.uint8), theirs[n].view(np.uint8))]  # fmt: skip
    names = [{_plain(file) for file in each.folder.rglob("*")} for each in (run, whole)]
    return found + [f"file {name}" for name in sorted(names[0] ^ names[1])]


def is_whole(run: Run) -> bool:
    """Whether every file of a run's folder can be read to its end."""
    for file in run.folder.rglob("*.json"):
        json.loads(file.read_text(encoding="utf-8"))
    for file in run.folder.rglob("*.safetensors"):
        load_file(file)
    run.data(), run.config(), run.events()
    return not list(run.folder.rglob(".*"))


def _plain(file: Path) -> str:
    return "prefix" if file.name.startswith("prefix-") else file.name
