"""The text of a lesson: question and statement above; tasks, sources, limits and what-ifs below."""

import streamlit as st

from mlmtune_core.lessons.chapter import BEYOND, STATEMENTS
from mlmtune_core.lessons.lesson import Lesson
from pages.compare.form import fill_form
from pages.lessons.link import read_fixed
from pages.settings.form import fill_settings
from pages.shared.visit import Visit, go_to, literal, remember

SWEPT_ON = {  # data of a lesson -> the sample that the sweep opens on
    "news": "shelf-bbc-news",
    "long_news": "shelf-bbc-news",
    "topics": "sample-topics-en",
    "nli": "sample-nli-en",
    "similarity": "sample-similarity-en",
    "entities": "sample-entities-en",
    "questions": "sample-questions-en",
}


def draw_opening(visit: Visit, lesson: Lesson) -> None:
    """Draws which lesson this is, its question, and what the chapter says."""
    tr = visit.tr
    with st.container(horizontal=True, vertical_alignment="center"):
        told = tr("Lesson {id}: {title} · {count} minutes").format(id=lesson.id, title=tr(lesson.title), count=lesson.minutes)
        st.caption(literal(told))
        if not read_fixed().locked and st.button(tr("All lessons"), key="all_lessons", icon=":material/arrow_back:", type="tertiary"):
            remember("lesson", "")
            st.rerun()
    st.header(literal(tr(lesson.question)), anchor=False)
    for name in lesson.statements:
        if name in STATEMENTS:
            st.markdown(f"> **{literal(tr(STATEMENTS[name].name))}** {literal(tr(STATEMENTS[name].sentence))}")
        else:
            st.caption(literal(tr(BEYOND[name])))


def draw_more(visit: Visit, lesson: Lesson, shown: bool) -> None:
    """Draws tasks and sources; what others measured only after the visitor's prediction."""
    tr, fixed = visit.tr, read_fixed()
    if "tasks" not in fixed.hide:
        st.subheader(literal(tr("To do")), anchor=False)
        st.markdown("\n".join(f"{number}. {literal(tr(task))}" for number, task in enumerate(lesson.tasks, start=1)))
    if shown:
        st.info(literal(tr(lesson.takeaway)), icon=":material/lightbulb:")
    if shown and lesson.published_results and "anchors" not in fixed.hide:
        st.subheader(literal(tr("What others measured, with their own models")), anchor=False)
        for anchor in lesson.published_results:
            st.markdown(f"- {literal(tr(anchor.text))} *{literal(anchor.model)}*, {literal(anchor.source)}")
    st.caption(literal(tr("What this cannot tell:") + " " + tr(lesson.limits)))
    if shown and "what_if" not in fixed.hide and not fixed.locked:
        _offer_more(visit, lesson)


def _offer_more(visit: Visit, lesson: Lesson) -> None:
    """Offers a second experiment: the form of a sweep, filled."""
    tr = visit.tr
    st.subheader(literal(tr("And what if?")), anchor=False)
    st.markdown(literal(tr(lesson.what_if.question)))
    if st.button(tr("Set it up as a sweep"), key="what_if_sweep", icon=":material/grid_on:"):
        config = lesson.config(lesson.arms[0], 0).model_copy(update=dict(lesson.what_if.settings))
        fill_settings(config)
        fill_form(config, {name: list(values) for name, values in lesson.what_if.choices.items()})
        go_to("compare", sweep="", data=SWEPT_ON.get(lesson.data, "sample-sentiment-en"))
