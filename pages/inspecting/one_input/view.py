"""One input, typed or picked: its answer, the arithmetic, and what it rests on."""

from typing import Any

import streamlit as st

from mlmtune_core.runs.run import Run
from pages.inspecting.answer.view import draw_answer
from pages.inspecting.one_input.arithmetic import draw_arithmetic
from pages.inspecting.one_input.what_if import draw_what_if
from pages.inspecting.one_input.why import draw_why
from pages.inspecting.question import ANSWERS, ask_input, ask_place
from pages.inspecting.training_slider import ask_moment
from pages.shared.asking import ask, ask_slowly
from pages.shared.choice import choice
from pages.shared.visit import Visit


def draw_input(visit: Visit, run: Run) -> None:
    """Draws the question and the whole answer."""
    asked = ask_input(visit, run)
    if asked is not None:
        _draw_sections(visit, run, asked)


def _draw_sections(visit: Visit, run: Run, asked: tuple[Any, ...]) -> None:
    tr = visit.tr
    names = {"answer": tr("The answer"), "arithmetic": tr("How it is computed, step by step"), "why": tr("What it rests on"), "what_if": tr("What if")}  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        section = choice(st.segmented_control, tr("View"), names, "section", required=True, label_visibility="collapsed")
        moment = ask_moment(visit, run, width=260)
    if section == "what_if":
        draw_what_if(visit, run, asked, moment)
        return
    kind, words = asked[0], asked[1:]
    with st.spinner(tr("Asking the model…")):
        answer = ask(run, ANSWERS[kind], moment, *words)
    st.session_state["answered"] = run.id  # the tour checks whether anything was asked
    if section == "answer":
        draw_answer(visit, run, answer)
        return
    place = ask_place(visit, answer)
    with st.spinner(tr("Asking the model…")):
        head = ask(run, f"mlmtune_core.inspecting.head_view:open_{kind}", moment, place, *words)
    if section == "arithmetic":
        draw_arithmetic(visit, head, run.config().head_rate)
        return

    def compute(method: str, column: int) -> dict[str, Any] | None:
        where = (column, place) if head["kind"] == "one place" else (place, column)
        return ask_slowly(visit, run, f"mlmtune_core.inspecting.attribution:attribute_{kind}", moment, method, *where, *words)

    draw_why(visit, head["names"], int(head["logits"].argmax()), head["tokens"], compute)
