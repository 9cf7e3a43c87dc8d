"""What lessons measure on a finished run beside its test score, each by a name"""

from collections.abc import Callable
from typing import Any

from mlmtune_core.lessons.measures import reasons, tags, training, vectors, words
from mlmtune_core.runs.run import Run

MEASURES: dict[str, Callable[[Run], Any]] = {
    **vectors.BY_NAME,
    **words.BY_NAME,
    **reasons.BY_NAME,
    **tags.BY_NAME,
    **training.BY_NAME,
}
