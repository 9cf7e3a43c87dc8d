"""The chapter's statements as experiments: one module a lesson."""

from mlmtune_core.lessons import (
    cls_vector,
    custom_heads,
    entity_names,
    erased_words,
    five_tasks,
    rate,
    reasons,
    two_scores,
    two_texts,
)

LESSONS = {
    lesson.id: lesson
    for lesson in (
        cls_vector.LESSON,
        erased_words.LESSON,
        rate.LESSON,
        custom_heads.LESSON,
        five_tasks.LESSON,
        two_texts.LESSON,
        entity_names.LESSON,
        two_scores.LESSON,
        reasons.LESSON,
    )
}
