"""The page of lessons: the chapter's statements as experiments."""

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.lessons import find_lesson
from pages.lessons.list import draw_list
from pages.lessons.prediction import draw_prediction
from pages.lessons.run import draw_run
from pages.lessons.teacher import draw_teacher
from pages.lessons.text import draw_more, draw_opening
from pages.lessons.verdict import draw_verdicts
from pages.shared.visit import Visit, literal, remember, remembered, this_visit


def draw(visit: Visit) -> None:
    """Draws the lesson of the address, step by step; without one, all of them."""
    tr, name = visit.tr, remembered("lesson")
    if not name:
        draw_list(visit)
        return
    try:
        lesson = find_lesson(name)
    except UserError:
        remember("lesson", "")
        raise
    draw_opening(visit, lesson)
    st.subheader(literal(tr("1. What do you expect?")), anchor=False)
    shown = draw_prediction(visit, lesson)
    st.subheader(literal(tr("2. Run it, or watch the recording")), anchor=False)
    report = draw_run(visit, lesson, shown)
    st.subheader(literal(tr("3. The verdict")), anchor=False)
    draw_verdicts(visit, lesson, report if shown else None)
    draw_more(visit, lesson, shown)
    draw_teacher(visit, lesson)


draw(this_visit())
