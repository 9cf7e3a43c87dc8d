"""The page of explorers: learning rate and overfitting, answered at once."""

import streamlit as st

from mlmtune_core.errors import UserError
from pages.explore.explored import Explored, open_explored, say_data
from pages.explore.overfitting import draw_overfitting
from pages.explore.rate_dial import draw_rates
from pages.shared.choice import choice
from pages.shared.visit import Visit, show_error, this_visit

EXPLORERS = {"rate": draw_rates, "overfitting": draw_overfitting}


def draw(visit: Visit) -> None:
    """Draws the data, then one of the explorers; a change of its settings redraws only its part."""
    explored = open_explored(visit)
    if explored is not None:
        st.fragment(_draw_explorer)(visit, explored)


def _draw_explorer(visit: Visit, explored: Explored) -> None:
    tr = visit.tr
    names = {"rate": tr("Learning rate"), "overfitting": tr("Overfitting")}
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = choice(
            st.segmented_control,
            tr("Explore"),
            names,
            "explorer",
            required=True,
            label_visibility="collapsed",
            width="content",
        )
        st.markdown(say_data(visit, explored), width="content")
    try:
        EXPLORERS[chosen](visit, explored)
    except UserError as error:
        show_error(error)
        st.button(tr("Ask again"), key="ask_again", icon=":material/refresh:")


draw(this_visit())
