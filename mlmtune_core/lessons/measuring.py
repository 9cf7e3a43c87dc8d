"""What lessons measure on a finished run beside its test score, each by a name"""

from collections.abc import Callable
from typing import Any

from mlmtune_core.lessons import measures_reasons, measures_tags, measures_training, measures_vectors, measures_words
from mlmtune_core.run_store import Run

MEASURES: dict[str, Callable[[Run], Any]] = {
    **measures_vectors.BY_NAME,
    **measures_words.BY_NAME,
    **measures_reasons.BY_NAME,
    **measures_tags.BY_NAME,
    **measures_training.BY_NAME,
}
