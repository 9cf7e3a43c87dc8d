"""Weights that a run kept: at the start, at each evaluation, and the best."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import safe_open

from mlmtune_core.config import RANKED_BY
from mlmtune_core.errors import RunError
from mlmtune_core.runs.run import Run

BEST, START = "best", "start"


@dataclass(frozen=True)
class KeptWeights:
    """Weights that a run kept: `name` is START, BEST or the number of their epoch; and what was measured then."""

    name: str
    epoch: int
    validation_loss: float | None
    metric: float | None


def list_kept_weights(run: Run) -> list[KeptWeights]:
    """Returns them in the order of training, the best last; empty before a model is kept."""
    if not run.weights_file.is_file():
        return []
    measured, metric = _read_measured(run.folder, run.log.size()), RANKED_BY[run.config().task]
    best = max((epoch for epoch, row in measured.items() if row["is_best"]), default=0)
    kept = [(START, 0), *((str(epoch), epoch) for epoch in run.history()), (BEST, best)]
    found = []
    for name, epoch in kept:
        row = measured.get(epoch, {})
        found.append(KeptWeights(name, epoch, row.get("validation_loss"), row.get("metrics", {}).get(metric)))
    return found


@lru_cache(maxsize=64)
def _read_measured(folder: Path, _size: int) -> dict[int, dict[str, Any]]:
    """Returns epoch -> its evaluation. Cached until the log grows: logs are long, and every click asks."""
    return {round(row["epoch"]): row for row in Run(folder).events("EvalDone")}


def weights_at(run: Run, moment: str) -> Path | None:
    """Returns the file of the trainable weights at a moment (START, BEST or an epoch); None for START. Raises RunError if there is none."""
    if moment == START:
        return None
    if moment == BEST:
        return run.weights_file
    found = run.history().get(int(moment)) if moment.isdecimal() else None
    if found is None:
        raise RunError("Of epoch {epoch} no weights are kept (any more). Choose another moment of the run.", epoch=moment)
    return found


REMEMBERED = 512


def weights_changed(run: Run) -> int:
    """Returns when they were written (nanoseconds), or 0: what was computed with older ones is out of date."""
    return run.weights_file.stat().st_mtime_ns if run.weights_file.is_file() else 0


def read_label_names(run: Run) -> list[str]:
    """Returns the label names of the model's outputs, in their order. Raises RunError before a model is kept."""
    changed = weights_changed(run)
    if not changed:
        raise RunError("This run has kept no model yet. Wait for its first evaluation.")
    return list(_read(run.weights_file, changed))


@lru_cache(maxsize=REMEMBERED)
def _read(file: Path, _changed: int) -> tuple[str, ...]:
    with safe_open(file, framework="numpy") as weights:
        return tuple(json.loads(weights.metadata()["label_names"]))
