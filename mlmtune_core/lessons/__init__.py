"""The chapter's statements as experiments: one module a lesson."""

from mlmtune_core.errors import UserError, nearest_first
from mlmtune_core.lessons import (
    arrival,
    by_heart,
    cls_vector,
    cost,
    custom_heads,
    dropout_amount,
    entity_names,
    erased_words,
    extract_or_tune,
    finder_trust,
    first_run,
    five_tasks,
    freezing_depth,
    head_trap,
    labels,
    layer_by_layer,
    length,
    longer_schedule,
    luck,
    rate,
    reasons,
    stopping_in_time,
    transfer,
    two_scores,
    two_texts,
    warming_up,
    weight_pull,
    word_order,
)
from mlmtune_core.lessons.lesson import Lesson

MODULES = (
    first_run,
    labels,
    word_order,
    transfer,
    arrival,
    cost,
    cls_vector,
    erased_words,
    freezing_depth,
    head_trap,
    layer_by_layer,
    extract_or_tune,
    by_heart,
    dropout_amount,
    weight_pull,
    stopping_in_time,
    rate,
    warming_up,
    finder_trust,
    longer_schedule,
    custom_heads,
    five_tasks,
    two_texts,
    entity_names,
    two_scores,
    luck,
    reasons,
    length,
)
LESSONS = {module.LESSON.id: module.LESSON for module in MODULES}


def find_lesson(name: str) -> Lesson:
    """A lesson by its number. Raises UserError with the nearest ones."""
    if name not in LESSONS:
        raise UserError("There is no lesson “{name}”. Nearest: {known}.", name=name, known=", ".join(nearest_first(name, LESSONS)[:5]))
    return LESSONS[name]
