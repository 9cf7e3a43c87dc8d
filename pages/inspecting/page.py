"""The page of one trained model: on one input, on all evaluated examples, as a whole."""

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.runs.run import Run
from pages.inspecting.all_examples.view import draw_examples
from pages.inspecting.one_input.chapter import draw_chapter
from pages.inspecting.one_input.view import draw_input
from pages.inspecting.whole_model.masked import draw_masked
from pages.inspecting.whole_model.movement import draw_movement
from pages.inspecting.whole_model.take_home import draw_take_home
from pages.inspecting.whole_model.two_runs import draw_compare
from pages.shared.choice import choice
from pages.shared.visit import Visit, show_error, this_visit
from pages.watch.header import open_run_or_ask

WAYS = {
    "input": draw_input,
    "examples": draw_examples,
    "masked": draw_masked,
    "movement": draw_movement,
    "compare": draw_compare,
    "take": draw_take_home,
    "chapter": draw_chapter,
}
WITHOUT_LABELS = ("masked", "movement", "take", "chapter")  # for a run on texts alone


def draw(visit: Visit) -> None:
    """Draws one run and a view of it; a question redraws only its own part of the page."""
    sentence = visit.tr("There is no trained model in this visit yet. Train one, or open the link of a run.")
    run = open_run_or_ask(visit, sentence)
    if run is not None:
        st.fragment(_draw_way)(visit, run)


def _draw_way(visit: Visit, run: Run) -> None:
    """Draws one view of the model."""
    tr = visit.tr
    names = {
        "input": tr("One input"),
        "examples": tr("All examples"),
        "masked": tr("Masked words"),
        "movement": tr("What moved"),
        "compare": tr("Two runs"),
        "take": tr("Take it home"),
        "chapter": tr("The chapter's example"),
    }
    if run.config().task == "masked_words":
        names = {way: name for way, name in names.items() if way in WITHOUT_LABELS}
    way = choice(st.segmented_control, tr("Look at"), names, "way", required=True, label_visibility="collapsed")
    try:
        WAYS[way](visit, run)
    except UserError as error:
        show_error(error)
        st.button(tr("Ask again"), key="ask_again", icon=":material/refresh:")  # a click redraws this view


draw(this_visit())
