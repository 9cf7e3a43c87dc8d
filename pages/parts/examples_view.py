"""All that a model was measured with: what it got right and wrong, how sure it was, and the map"""

import streamlit as st

from mlmtune_core.names import split_names
from mlmtune_core.run_store import Run
from pages.parts.asking import ask_slowly
from pages.parts.certainty_view import draw_certainty
from pages.parts.choice import choice
from pages.parts.map_view import ask_method, draw_map
from pages.parts.moment_slider import ask_moment
from pages.parts.review_view import draw_review
from pages.parts.visit import Visit

UNSURE = ("regression", "question_answering")  # they give no probability of an answer as a whole


def draw_examples(visit: Visit, run: Run) -> None:
    """The same examples as tables or as points."""
    tr = visit.tr
    names = {"review": tr("Right and wrong"), "certainty": tr("How sure it is"), "map": tr("Map")}
    if run.config().task in UNSURE:
        del names["certainty"]
    seen = choice(st.segmented_control, tr("View"), names, "seen", required=True, label_visibility="collapsed")
    if seen == "map":
        _draw_map(visit, run)
        return
    side = _ask_side(visit, run)
    functions = {"review": "reviewing:review", "certainty": "inspecting.certainty:find_certainty"}
    found = ask_slowly(visit, run, functions[seen], side)
    if found is None:
        return
    if seen == "review":
        draw_review(visit, run.config().task, found)
    else:
        draw_certainty(visit, found)


def _ask_side(visit: Visit, run: Run) -> str:
    sides = [side for side in ("validation", "test") if run.has_predictions(side)]
    if len(sides) < 2:
        return "validation"
    names = {side: split_names(visit.tr)[side] for side in sides}
    return choice(st.segmented_control, visit.tr("Examples"), names, "review_side", required=True)


def _draw_map(visit: Visit, run: Run) -> None:
    """The map; a click on it opens the example."""
    tr, method = visit.tr, ask_method(visit)
    moment = ask_moment(visit, run)
    drawn = ask_slowly(visit, run, "inspecting.projection:draw_map", "validation", method)
    if drawn is None:
        return
    if moment not in drawn and method == "tsne":
        st.info(tr("t-SNE has places for the moments before training and the best alone: it cannot add points to a map. Move the slider to one of them, or take PCA."))
        return
    if moment not in drawn:
        there = ask_slowly(visit, run, "inspecting.projection:draw_moment", moment, "validation")
        if there is None:
            return
        drawn = drawn | {moment: there}
    row = draw_map(visit, drawn, moment, run.config().task == "token_classification")
    if row is not None:
        title = tr("Open row {row}").format(row=row)
        st.button(title, key="map_open", icon=":material/open_in_new:", on_click=open_example, args=(run.id, row))


def open_example(run_id: str, row: int) -> None:
    """Has the page show one example by itself, at its next drawing."""
    st.session_state.update({"way": "input", "source": "example", f"example_{run_id}": row})
