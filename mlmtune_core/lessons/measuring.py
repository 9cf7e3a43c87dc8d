"""What lessons measure on a finished run beside its test score, each by a name"""

from collections.abc import Callable
from typing import Any

from mlmtune_core.run_store import Run

MEASURES: dict[str, Callable[[Run], Any]] = {}
