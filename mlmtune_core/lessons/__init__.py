"""The chapter's statements as experiments: one module a lesson."""

from mlmtune_core.lessons import arrival, cost, labels, length, luck, rate, transfer, word_order

LESSONS = {
    lesson.id: lesson
    for lesson in (
        labels.LESSON,
        word_order.LESSON,
        transfer.LESSON,
        arrival.LESSON,
        cost.LESSON,
        rate.LESSON,
        luck.LESSON,
        length.LESSON,
    )
}
