"""What training moved: the weights of every layer, and each layer's output on a text."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import charts
from mlmtune_core.inspecting import model_charts
from mlmtune_core.runs.run import Run
from pages.shared.asking import ask_slowly
from pages.shared.figures import draw_figure
from pages.shared.tables import number_columns
from pages.shared.visit import Visit


def draw_movement(visit: Visit, run: Run) -> None:
    """Draws two charts with their tables."""
    found = ask_slowly(visit, run, "mlmtune_core.inspecting.movement:find_movement")
    if found is not None:
        _draw_charts(visit, found)


def _draw_charts(visit: Visit, found: dict[str, Any]) -> None:
    tr = visit.tr
    weights, drift = pd.DataFrame(found["weights"]), pd.DataFrame(found["drift"])
    for frame in (weights, drift):
        frame["name"] = [_name(visit, name) for name in frame["name"]]
    still = [row["name"] for row in found["weights"] if not row["learnt"]]
    st.markdown("**" + tr("How far the weights moved") + "**")
    st.markdown(tr("The length of the change of all weights of a part, divided by the length of the weights before."))
    if still:
        st.success(tr("Not one number changed in {count} of {all} parts: they were frozen.").format(count=len(still), all=len(weights)), icon=":material/ac_unit:")
    figure = model_charts.plot_bars(weights["name"], weights["moved"], tr("Relative change (no unit)"), visit.separators)
    draw_figure(figure, key="moved", alt=tr("Bars: how far the weights of every part moved."), name="moved")
    titles = {"name": tr("Part"), "moved": tr("Relative change (no unit)"), "learnt": tr("Learnt")}
    _table(weights.rename(columns=titles), "moved_table")
    if len(found["path"]) > 1:
        _draw_path(visit, found["path"])
    st.markdown("**" + tr("How far what the layers say moved") + "**")
    st.markdown(
        tr("The similarity (CKA) of the first token's vectors before and after: 1 says the same, but for turning and stretching. A frozen layer stays at 1 where everything below it is frozen, too.")
    )
    figure = model_charts.plot_bars(drift["name"], drift["similarity"], tr("Similarity before and after, CKA (no unit)"), visit.separators)
    draw_figure(figure, key="drift", alt=tr("Bars: how similar the vectors of every layer are before and after."), name="drift")
    _table(drift.rename(columns={"name": tr("Part"), "similarity": "CKA"}), "drift_table")


def _draw_path(visit: Visit, path: list[dict[str, Any]]) -> None:
    """Draws how the head moved from evaluation to evaluation."""
    tr = visit.tr
    titles = {"epoch": tr("Epoch"), "moved": tr("From where it began"), "step": tr("Since the evaluation before")}
    st.markdown("**" + tr("The way of the head") + "**")
    st.markdown(tr("How far its weights are from where they began, and how far they went since the evaluation before, divided by their length at the beginning."))
    lines = {titles[name]: [(row["epoch"], row[name]) for row in path] for name in ("moved", "step")}
    figure = charts.plot_curves(lines, titles["epoch"], tr("Relative change (no unit)"), visit.separators)
    draw_figure(figure, key="path", alt=tr("Lines: how far the head moved, by epoch."), name="path")
    _table(pd.DataFrame(path).rename(columns=titles), "path_table")


def _name(visit: Visit, name: str) -> str:
    """Returns the name of embeddings, head, or a layer by number."""
    tr = visit.tr
    known = {"embeddings": tr("Embeddings"), "head": tr("Head")}
    return known.get(name) or tr("Layer {number}").format(number=name)


def _table(table: pd.DataFrame, key: str) -> None:
    st.dataframe(table, hide_index=True, key=key, column_config=number_columns(table))
