"""What lessons measure on a finished run beside its test score, each by a name"""

from collections.abc import Callable
from typing import Any

from mlmtune_core.lessons import measures_training as training
from mlmtune_core.run_store import Run

MEASURES: dict[str, Callable[[Run], Any]] = {
    "gap": training.measure_gap,
    "train_loss": training.measure_train_loss,
    "body_norm": training.measure_body_norm,
    "body_moved": training.measure_body_moved,
    "finder_suggestion": training.measure_finder_suggestion,
}
