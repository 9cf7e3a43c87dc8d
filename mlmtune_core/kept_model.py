"""What is known of a run's best model without opening it: when its weights were written, and the names of its labels"""

import json
from functools import lru_cache
from pathlib import Path

from safetensors import safe_open

from mlmtune_core.errors import RunError
from mlmtune_core.run_store import Run

REMEMBERED = 512


def weights_changed(run: Run) -> int:
    """When they were written (nanoseconds); 0 before. What was computed with older ones is out of date."""
    return run.weights_file.stat().st_mtime_ns if run.weights_file.is_file() else 0


def read_label_names(run: Run) -> list[str]:
    """Those that its outputs stand for, in their order. Raises RunError before a model is kept."""
    changed = weights_changed(run)
    if not changed:
        raise RunError("This run has kept no model yet. Wait for its first evaluation.")
    return list(_read(run.weights_file, changed))


@lru_cache(maxsize=REMEMBERED)
def _read(file: Path, _changed: int) -> tuple[str, ...]:
    with safe_open(file, framework="numpy") as weights:
        return tuple(json.loads(weights.metadata()["label_names"]))
