"""The chapter's statements as experiments: one module a lesson."""

from mlmtune_core.errors import UserError, nearest_first
from mlmtune_core.lessons.experiments import (
    lesson_00_first_run,
    lesson_01_labels,
    lesson_01b_word_order,
    lesson_01c_transfer,
    lesson_02_arrival,
    lesson_02b_cost,
    lesson_03_cls_vector,
    lesson_03b_erased_words,
    lesson_04_freezing_depth,
    lesson_04b_head_trap,
    lesson_04c_layer_by_layer,
    lesson_04d_extract_or_tune,
    lesson_05_by_heart,
    lesson_05a_dropout_amount,
    lesson_05b_weight_pull,
    lesson_05c_stopping_in_time,
    lesson_06_rate,
    lesson_06a_warming_up,
    lesson_06b_finder_trust,
    lesson_06c_longer_schedule,
    lesson_07_custom_heads,
    lesson_07b_five_tasks,
    lesson_08_two_texts,
    lesson_09_entity_names,
    lesson_09b_two_scores,
    lesson_10_luck,
    lesson_11_reasons,
    lesson_12_length,
)
from mlmtune_core.lessons.lesson import Lesson

MODULES = (
    lesson_00_first_run,
    lesson_01_labels,
    lesson_01b_word_order,
    lesson_01c_transfer,
    lesson_02_arrival,
    lesson_02b_cost,
    lesson_03_cls_vector,
    lesson_03b_erased_words,
    lesson_04_freezing_depth,
    lesson_04b_head_trap,
    lesson_04c_layer_by_layer,
    lesson_04d_extract_or_tune,
    lesson_05_by_heart,
    lesson_05a_dropout_amount,
    lesson_05b_weight_pull,
    lesson_05c_stopping_in_time,
    lesson_06_rate,
    lesson_06a_warming_up,
    lesson_06b_finder_trust,
    lesson_06c_longer_schedule,
    lesson_07_custom_heads,
    lesson_07b_five_tasks,
    lesson_08_two_texts,
    lesson_09_entity_names,
    lesson_09b_two_scores,
    lesson_10_luck,
    lesson_11_reasons,
    lesson_12_length,
)
LESSONS = {module.LESSON.id: module.LESSON for module in MODULES}


def find_lesson(name: str) -> Lesson:
    """A lesson by its number. Raises UserError with the nearest ones."""
    if name not in LESSONS:
        raise UserError("There is no lesson “{name}”. Nearest: {known}.", name=name, known=", ".join(nearest_first(name, LESSONS)[:5]))
    return LESSONS[name]
