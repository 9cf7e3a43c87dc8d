"""The chapter's statements as experiments: one module a lesson."""

from mlmtune_core.lessons import (
    arrival,
    cls_vector,
    cost,
    custom_heads,
    entity_names,
    erased_words,
    five_tasks,
    labels,
    length,
    luck,
    rate,
    reasons,
    transfer,
    two_scores,
    two_texts,
    word_order,
)

LESSONS = {
    lesson.id: lesson
    for lesson in (
        labels.LESSON,
        word_order.LESSON,
        transfer.LESSON,
        arrival.LESSON,
        cost.LESSON,
        cls_vector.LESSON,
        erased_words.LESSON,
        rate.LESSON,
        custom_heads.LESSON,
        five_tasks.LESSON,
        two_texts.LESSON,
        entity_names.LESSON,
        two_scores.LESSON,
        luck.LESSON,
        reasons.LESSON,
        length.LESSON,
    )
}
