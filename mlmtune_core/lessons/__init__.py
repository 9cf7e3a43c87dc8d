"""The chapter's statements as experiments: one module a lesson."""

from mlmtune_core.lessons import rate

LESSONS = {lesson.id: lesson for lesson in (rate.LESSON,)}
