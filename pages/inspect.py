"""One trained model: on one input, probabilities, logits and the arithmetic behind them; on all that it was measured with, right and wrong."""

from typing import Any

import streamlit as st

from mlmtune_core import engine
from mlmtune_core.errors import UserError
from mlmtune_core.run_store import Run
from pages.parts.answer_view import draw_answer
from pages.parts.arithmetic_view import draw_arithmetic
from pages.parts.certainty_view import draw_certainty
from pages.parts.chapter_view import draw_chapter
from pages.parts.choice import choice
from pages.parts.map_view import ask_method, draw_map
from pages.parts.movement_view import draw_movement
from pages.parts.names import split_names
from pages.parts.question_form import ask_place, pick_example, type_input
from pages.parts.review_view import draw_review
from pages.parts.run_header import open_run_or_ask
from pages.parts.take_home_view import draw_take_home
from pages.parts.visit import Visit, show_error, this_visit
from pages.parts.why_view import draw_why

SLOW_SECONDS = 120.0


def draw(visit: Visit) -> None:
    """One run, and what it is asked: a question draws its own part of the page anew, not the whole."""
    sentence = visit.tr("There is no trained model in this visit yet. Train one, or open the link of a run.")
    run = open_run_or_ask(visit, sentence)
    if run is not None:
        st.fragment(_draw_questions)(visit, run)


def _draw_questions(visit: Visit, run: Run) -> None:
    """Ask one thing and see the whole answer; or look at all answers together."""
    tr = visit.tr
    ways = {
        "type": tr("Type an input"),
        "example": tr("Pick a validation example"),
        "review": tr("All that it was measured with"),
        "map": tr("Map"),
        "movement": tr("What moved"),
        "take": tr("Take it home"),
        "chapter": tr("The chapter's example"),
    }
    way = choice(st.segmented_control, tr("Input"), ways, "way", required=True, label_visibility="collapsed")
    try:
        if way == "review":
            _draw_review(visit, run)
        elif way == "map":
            _draw_map(visit, run)
        elif way == "movement":
            with st.spinner(tr("Comparing weights and vectors…")):
                found = _ask_slowly(run.id, _changed(run), "mlmtune_core.inspecting.movement:find_movement")
            draw_movement(visit, found)
        elif way == "take":
            draw_take_home(visit, run)
        elif way == "chapter":
            draw_chapter(visit)
        elif (asked := pick_example(visit, run) if way == "example" else type_input(visit, run)) is not None:
            _draw_sections(visit, run, asked)
    except UserError as error:
        show_error(error)


def _draw_sections(visit: Visit, run: Run, asked: tuple[Any, ...]) -> None:
    """The answer to what was asked; how it comes about; and what it rests on."""
    tr = visit.tr
    names = {"answer": tr("The answer"), "arithmetic": tr("How it is computed, step by step"), "why": tr("What it rests on")}
    section = choice(st.segmented_control, tr("View"), names, "section", required=True, label_visibility="collapsed")
    with st.spinner(tr("Asking the model…")):
        answer = _ask(run.id, _changed(run), f"mlmtune_core.predicting:{asked[0]}", *asked[1:])
    if section == "answer":
        draw_answer(visit, run, answer)
        return
    place, kind = ask_place(visit, answer), "example" if asked[0] == "predict_example" else "typed"
    with st.spinner(tr("Asking the model…")):
        head = _ask(run.id, _changed(run), f"mlmtune_core.inspecting.head_view:open_{kind}", place, *asked[1:])
    if section == "arithmetic":
        draw_arithmetic(visit, head, run.config().head_rate)
        return

    def compute(method: str, column: int) -> dict[str, Any]:
        where = (column, place) if head["kind"] == "one place" else (place, column)
        function = f"mlmtune_core.inspecting.attribution:attribute_{kind}"
        return _ask_slowly(run.id, _changed(run), function, method, *where, *asked[1:])

    draw_why(visit, head["names"], int(head["logits"].argmax()), head["tokens"], compute)


def _draw_map(visit: Visit, run: Run) -> None:
    """The map; a click on it opens the example."""
    tr, method = visit.tr, ask_method(visit)
    with st.spinner(tr("Reading every example before and after training…")):
        drawn = _ask_slowly(run.id, _changed(run), "mlmtune_core.inspecting.projection:draw_map", "validation", method)
    row = draw_map(visit, drawn, run.config().task == "token_classification")
    if row is not None:
        title = tr("Open row {row}").format(row=row)
        st.button(title, key="map_open", icon=":material/open_in_new:", on_click=_open_example, args=(run.id, row))


def _open_example(run_id: str, row: int) -> None:
    st.session_state["way"], st.session_state[f"example_{run_id}"] = "example", row


def _draw_review(visit: Visit, run: Run) -> None:
    sides = [side for side in ("validation", "test") if run.has_predictions(side)]
    side = "validation"
    if len(sides) > 1:
        names = {side: split_names(visit.tr)[side] for side in sides}
        side = choice(st.segmented_control, visit.tr("Examples"), names, "review_side", required=True)
    with st.spinner(visit.tr("Counting…")):
        draw_review(visit, run.config().task, _ask_slowly(run.id, _changed(run), "mlmtune_core.reviewing:review", side))
    unsure = run.config().task in ("regression", "question_answering")  # they give no probability of an answer as a whole
    if not unsure and st.toggle(visit.tr("How sure it is of what it says"), key="certainty"):
        with st.spinner(visit.tr("Reading every example…")):
            found = _ask_slowly(run.id, _changed(run), "mlmtune_core.inspecting.certainty:find_certainty", side)
        draw_certainty(visit, found)


def _changed(run: Run) -> int:
    """When the kept weights were written: answers of older ones are not shown."""
    return run.weights_file.stat().st_mtime_ns if run.weights_file.is_file() else 0


@st.cache_data(max_entries=128, show_spinner=False)
def _ask(run_id: str, changed: int, function: str, *question: str | int) -> dict[str, Any]:
    """What the best model answers; asked once for the same weights and input."""
    return engine.current().ask(function, run_id, *question)


@st.cache_data(max_entries=32, show_spinner=False)
def _ask_slowly(run_id: str, changed: int, function: str, *question: str | int) -> dict[str, Any]:
    """The same where it may take a while."""
    return engine.current().ask(function, run_id, *question, seconds=SLOW_SECONDS)


draw(this_visit())
