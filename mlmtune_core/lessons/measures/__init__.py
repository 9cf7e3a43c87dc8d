"""What lessons measure on a finished run, beside its test score.

    reasons   Lesson 11: how far the winning logit falls without three tokens, named by a method or random.
    tags      Lessons 9 and 9b: the share of illegal tag transitions, and word scores beside entity scores.
    training  How a finished run was trained: generalisation gap, movement of weights, memory per step, rate finder.
    vectors   Lesson 3: what a linear probe reads from [CLS] and from the mean of tokens, before and after training.
    words     Lesson 3b: how far the answer moves when content words are deleted, and when function words are.
"""

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
