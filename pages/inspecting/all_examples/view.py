"""All evaluated examples: what is right and wrong, how confident, and the map."""

import streamlit as st

from mlmtune_core.config import TASKS_WITHOUT_CONFIDENCE
from mlmtune_core.runs.run import Run
from pages.inspecting.all_examples.certainty import draw_certainty
from pages.inspecting.all_examples.map import ask_method, draw_map
from pages.inspecting.all_examples.review import draw_review
from pages.inspecting.example_table import open_example
from pages.inspecting.question import ask_side
from pages.inspecting.training_slider import ask_moment
from pages.shared.asking import ask_slowly
from pages.shared.choice import choice
from pages.shared.visit import Visit


def draw_examples(visit: Visit, run: Run) -> None:
    """Draws the same examples as tables or as points."""
    tr = visit.tr
    names = {"review": tr("Right and wrong"), "certainty": tr("How sure it is"), "map": tr("Map")}
    if run.config().task in TASKS_WITHOUT_CONFIDENCE:
        del names["certainty"]
    seen = choice(st.segmented_control, tr("View"), names, "seen", required=True, label_visibility="collapsed")
    if seen == "map":
        _draw_map(visit, run)
        return
    side = ask_side(visit, run, "review_side")
    functions = {"review": "mlmtune_core.inspecting.review:review", "certainty": "mlmtune_core.inspecting.certainty:find_certainty"}
    found = ask_slowly(visit, run, functions[seen], side)
    if found is not None:
        {"review": draw_review, "certainty": draw_certainty}[seen](visit, run, side, found)


def _draw_map(visit: Visit, run: Run) -> None:
    """Draws the map; a click on a point opens its example."""
    tr = visit.tr
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        method = ask_method(visit)
        moment = ask_moment(visit, run, width=500)
    drawn = ask_slowly(visit, run, "mlmtune_core.inspecting.projection:draw_map", "validation", method)
    if drawn is None:
        return
    if moment not in drawn and method == "tsne":
        st.info(tr("t-SNE has places for the moments before training and the best alone: it cannot add points to a map. Move the slider to one of them, or take PCA."))
        return
    if moment not in drawn:
        there = ask_slowly(visit, run, "mlmtune_core.inspecting.projection:draw_map_at", moment, "validation")
        if there is None:
            return
        drawn = drawn | {moment: there}
    row = draw_map(visit, drawn, moment, run.config().task == "token_classification")
    if row is not None:
        title = tr("Open row {row}").format(row=row)
        st.button(title, key="map_open", icon=":material/open_in_new:", on_click=open_example, args=(run.id, row))
