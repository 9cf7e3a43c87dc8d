"""What a student predicts before anything is shown: kept, counted for the class, compared afterwards."""

import streamlit as st

from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.votes import clear_votes, count_votes, find_vote, vote
from pages.shared.choice import choice
from pages.shared.visit import Visit, literal

REFRESH_SECONDS = 3


def draw_prediction(visit: Visit, lesson: Lesson) -> bool:
    """Asks for the prediction; returns True once it is kept, or the visitor has chosen to see without it."""
    tr, mine = visit.tr, find_vote(lesson, visit.person)
    texts = {option.id: tr(option.text) for option in lesson.options}
    seen = f"seen_{lesson.id}"
    if not mine and not st.session_state.get(seen):
        chosen = choice(st.radio, tr(lesson.question), texts, f"prediction_{lesson.id}", label_visibility="collapsed")
        with st.container(horizontal=True):
            if st.button(tr("That is what I expect"), key="predict", type="primary", icon=":material/how_to_vote:"):
                vote(lesson, visit.person, chosen)
                st.rerun()
            if st.button(tr("Show me without predicting"), key="no_prediction", type="tertiary"):
                st.session_state[seen] = True
                st.rerun()
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        if mine:
            st.markdown(tr("You expect: **{text}**").format(text=literal(texts[mine])), width="content")
        if st.button(tr("Change it") if mine else tr("Predict after all"), key="predict_again", type="tertiary"):
            st.session_state[f"again_{lesson.id}"] = True
    if st.session_state.get(f"again_{lesson.id}"):
        _ask_again(visit, lesson, texts)
    st.fragment(_draw_class, run_every=REFRESH_SECONDS if visit.person.is_teacher else None)(visit, lesson)
    return True


def _ask_again(visit: Visit, lesson: Lesson, texts: dict[str, str]) -> None:
    chosen = choice(st.radio, visit.tr("What do you expect?"), texts, f"prediction_{lesson.id}")
    if st.button(visit.tr("That is what I expect"), key="predict", type="primary"):
        vote(lesson, visit.person, chosen)
        st.session_state.pop(f"again_{lesson.id}")
        st.rerun()


def _draw_class(visit: Visit, lesson: Lesson) -> None:
    """Draws the class's predictions: a bar per answer, once more than one person has voted."""
    tr, counts = visit.tr, count_votes(lesson)
    total = sum(counts.values())
    if total < 2:
        return
    st.caption(tr("What the class expects ({count} votes)").format(count=visit.number(total)))
    for option in lesson.options:
        share = counts[option.id] / total
        st.progress(share, f"{literal(tr(option.text))} **{visit.percent(share)}** ({visit.number(counts[option.id])})")
    if visit.person.may_act_as_teacher() and st.button(tr("Forget all votes: a new class"), key="forget_votes", type="tertiary", icon=":material/restart_alt:"):
        clear_votes(lesson)
        st.rerun()
