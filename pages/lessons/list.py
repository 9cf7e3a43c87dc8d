"""All lessons by the chapter's statements, with the visitor's verdicts; and a class of fifty minutes."""

import streamlit as st

from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.chapter import BEYOND, STATEMENTS
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.records import has_recorded, read_verdict_kinds
from mlmtune_core.lessons.votes import find_vote
from mlmtune_core.names import verdict_names
from pages.lessons.verdict import LOOKS
from pages.shared.visit import Visit, literal, remember

CLASS = (("0", 4), ("6", 10), ("5", 6), ("5c", 6), ("4", 12), ("3", 8))  # (lesson, minutes); the rest of fifty is for the votes
CLASS_MINUTES = 50
ALL_VERDICTS = "all_verdicts"


def draw_list(visit: Visit) -> None:
    """Draws one sentence, the class of fifty minutes, then a row per statement."""
    tr = visit.tr
    st.markdown(
        literal(tr("What the chapter states is tried here: predict, run, look, and read the verdict, given by a rule that was written down before. What the data do not support is shown as not supported."))
    )
    with st.expander(tr("A class of fifty minutes"), icon=":material/schedule:"):
        _draw_class(visit)
    if visit.person.may_act_as_teacher():
        st.toggle(tr("Show the verdicts of all lessons"), key=ALL_VERDICTS, help=tr("Without it, a verdict stands here only once its lesson has been predicted."))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(tr("**Begin here:**"), width="content")
        _draw_door(visit, LESSONS["0"], "first")
    for name, statement in STATEMENTS.items():
        _draw_group(visit, tr(statement.name), tr(statement.sentence), [lesson for lesson in LESSONS.values() if name in lesson.statements])
    beyond = [lesson for lesson in LESSONS.values() if not any(name in STATEMENTS for name in lesson.statements)]
    _draw_group(visit, tr("Beyond the statements"), " · ".join(tr(text) for text in BEYOND.values()), beyond)


def _draw_class(visit: Visit) -> None:
    tr = visit.tr
    for name, minutes in CLASS:
        if name in LESSONS:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(tr("{count} minutes").format(count=minutes), width=110)
                _draw_door(visit, LESSONS[name], "class")
    rest = CLASS_MINUTES - sum(minutes for _, minutes in CLASS)
    st.markdown(literal(tr("{count} minutes: the votes beside what came out, and what the class would try next.").format(count=rest)))


def _draw_group(visit: Visit, title: str, sentence: str, lessons: list[Lesson]) -> None:
    if not lessons:
        return
    with st.container(border=True):
        st.markdown(f"**{literal(title)}**")
        st.caption(literal(sentence))
        for lesson in lessons:
            with st.container(horizontal=True, vertical_alignment="center"):
                _draw_door(visit, lesson, title)
                _draw_badges(visit, lesson)


def _draw_door(visit: Visit, lesson: Lesson, place: str) -> None:
    tr = visit.tr
    told = f"{lesson.id} · **{literal(tr(lesson.title))}** — {literal(tr(lesson.question))}"
    if st.button(told, key=f"open_{lesson.id}_{place}", type="tertiary", icon=":material/science:"):
        remember("lesson", lesson.id)
        remember("sweep", "")
        st.rerun()


def _draw_badges(visit: Visit, lesson: Lesson) -> None:
    """Draws the recording's verdicts, a sign per claim; only for those who have predicted, or a teacher who asks for all."""
    if not has_recorded(lesson.id) or not (st.session_state.get(ALL_VERDICTS) or find_vote(lesson, visit.person)):
        return
    for kind in read_verdict_kinds(lesson.id):
        colour, icon = LOOKS[kind]
        st.badge(verdict_names(visit.tr)[kind], icon=icon, color=colour)
