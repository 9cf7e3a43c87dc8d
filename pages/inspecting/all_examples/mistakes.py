"""The examples themselves: wrong, right, of one cell of the confusion matrix, or with a text."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import charts
from mlmtune_core.names import role_names
from mlmtune_core.runs.run import Run
from pages.inspecting.example_table import draw_rows
from pages.shared.asking import ask
from pages.shared.choice import choice
from pages.shared.figures import draw_figure
from pages.shared.terms import hint
from pages.shared.visit import Visit

ANY = -1


def draw_confusion(visit: Visit, run: Run, confusion: dict[str, Any]) -> None:
    """Draws the matrix; a click on a cell makes the list below show its examples."""
    tr, labels = visit.tr, confusion["labels"]
    is_tags = run.config().task == "token_classification"
    st.markdown("**" + (tr("Which tag is taken for which, word by word") if is_tags else tr("Which label is taken for which")) + "**", help=hint(visit, "confusion_matrix"))
    chosen = tuple(st.session_state.get(key, ANY) for key in _cell_keys(run))
    figure = charts.plot_confusion(labels, confusion["counts"], tr("Predicted"), tr("In the data"), visit.separators, chosen)
    alt = tr("Confusion matrix: a row per true label, a column per predicted one.")
    draw_figure(figure, key="confusion", alt=alt, name="confusion", on_select=lambda: _take_cell(run), selection_mode="points")  # fmt: skip
    st.caption(tr("Click a cell to see its examples below."))
    with st.expander(tr("The matrix as a table")):
        st.dataframe(pd.DataFrame(confusion["counts"], index=labels, columns=labels), key="confusion_table")


def draw_list(visit: Visit, run: Run, side: str, labels: Sequence[str]) -> None:
    """Draws what to list, how many there are, and the first of them. `labels`: those of the matrix, or none without a matrix."""
    tr, is_number = visit.tr, run.config().task == "regression"
    st.markdown("**" + (tr("The examples, farthest off first") if is_number else tr("The examples")) + "**")
    which, cell, text = _ask(visit, run, labels, is_number)
    found = ask(run, "mlmtune_core.inspecting.review:list_examples", side, which, *cell, text)
    if not found["found"] and which == "wrong" and not text and cell == (None, None):
        st.success(tr("Every answer is right."))
        return
    is_words = found["rows"] and "word" in found["rows"][0]
    counted = tr("{found} of {of} words.") if is_words else tr("{found} of {of} examples.")
    more = tr("The first {count} of them.").format(count=visit.number(len(found["rows"])))
    told = counted.format(found=visit.number(found["found"]), of=visit.number(found["of"]))
    st.caption(told if len(found["rows"]) == found["found"] else f"{told} {more}")
    titles = {"row": tr("Row"), "word": tr("Word"), "true": tr("In the data"), "predicted": tr("Predicted"), **role_names(tr)}
    draw_rows(visit, run, side, found["rows"], titles, "mistakes")


def _ask(visit: Visit, run: Run, labels: Sequence[str], is_number: bool) -> tuple[str, tuple[str | None, str | None], str]:
    """Returns (wrong, right or all; the cell; the text)."""
    tr, which, cell = visit.tr, "all", [None, None]
    if not is_number:
        kinds = {"wrong": tr("the wrong ones"), "right": tr("the right ones"), "all": tr("all of them")}
        which = choice(st.segmented_control, tr("Which"), kinds, _which_key(run), required=True, label_visibility="collapsed")
    places = st.columns(3 if labels else 1)
    if labels:
        names = {ANY: tr("any")} | dict(enumerate(labels))
        for i, (key, title) in enumerate(zip(_cell_keys(run), (tr("In the data"), tr("Predicted")), strict=True)):
            with places[i]:
                place = choice(st.selectbox, title, names, key, on_change=_show_cell, args=(run,))
            cell[i] = labels[place] if place != ANY else None
    text = places[-1].text_input(tr("Text that they hold"), key="example_text", placeholder=tr("any"))
    return which, (cell[0], cell[1]), text


def _take_cell(run: Run) -> None:
    """Copies the clicked cell into the select boxes."""
    points = st.session_state["confusion"]["selection"]["points"]
    if points:
        st.session_state.update(zip(_cell_keys(run), points[0]["customdata"], strict=True))
        _show_cell(run)


def _show_cell(run: Run) -> None:
    """Shows all examples of one cell, which are either right or wrong."""
    if ANY not in [st.session_state[key] for key in _cell_keys(run)]:
        st.session_state[_which_key(run)] = "all"


def _cell_keys(run: Run) -> tuple[str, str]:
    return f"cell_true_{run.id}", f"cell_said_{run.id}"


def _which_key(run: Run) -> str:
    return f"which_{run.id}"
