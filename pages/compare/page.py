"""The page of sweeps: started, watched and read, runs side by side."""

import streamlit as st

from mlmtune_core.runs.sweeps import find_sweep, list_sweeps
from pages.compare.form import draw_form
from pages.compare.view import draw_sweep
from pages.shared.dataset import open_dataset
from pages.shared.visit import Visit, go_to, literal, remember, remembered, this_visit

SHOWN = 12


def draw(visit: Visit) -> None:
    """Draws the sweep of the address; without one, a form for a new one, and earlier sweeps."""
    tr = visit.tr
    if remembered("sweep"):
        draw_sweep(visit, find_sweep(remembered("sweep")))
        return
    st.markdown(tr("Train the same model again and again with one thing changed, and see what that thing does. Two settings make a grid; seeds show what is luck."))
    if not remembered("data"):
        st.info(tr("There are no data yet. Choose a sample or upload a file first."), icon=":material/arrow_back:")
        if st.button(tr("Choose data"), key="choose_data", type="primary"):
            go_to("data")
    else:
        data = open_dataset(visit, remembered("data"))
        if data.report is None:
            raise data.error
        draw_form(visit, data)
    _list_sweeps(visit)


def _list_sweeps(visit: Visit) -> None:
    tr = visit.tr
    sweeps = list_sweeps(visit.person.id)[:SHOWN]
    if not sweeps:
        return
    st.subheader(tr("Sweeps of yours"))
    for sweep in sweeps:
        about = sweep.about()
        swept = ", ".join(name for name in about["choices"])
        told = tr("{day}: {data}, {count} runs").format(day=visit.day(about["created"]), data=about["data"]["name"], count=len(about["runs"]))
        if st.button(literal(f"{told} ({swept or about['lesson']})"), key=f"open_{sweep.id}", icon=":material/grid_on:"):
            remember("sweep", sweep.id)
            st.rerun()


draw(this_visit())
