"""Draws a plotly figure: its size, and the name and format of what its camera saves."""

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pages.shared.choice import choice
from pages.shared.projector import find_growth
from pages.shared.visit import Visit

SCALE = 3  # factor over the screen's resolution: sharp in print and on a projector
GROWING = ("size", "standoff", "height", "l", "r", "t", "b")  # fonts and marks, distances, margins


def draw_figure(figure: go.Figure, *, key: str, alt: str, name: str, **options: Any) -> Any:
    """Draws with `st.plotly_chart`, larger in projector mode: by Plotly itself, so that nothing overlaps."""
    times = find_growth()
    grown = figure if times == 1 else go.Figure(_enlarge(figure.to_dict(), times))
    return st.plotly_chart(grown, key=key, alt=alt, config=figure_config(name), **options)


def _enlarge(part: Any, times: float, name: str = "") -> Any:
    if isinstance(part, dict):
        return {key: _enlarge(value, times, key) for key, value in part.items()}
    if isinstance(part, list | tuple) and part and isinstance(part[0], dict):
        return [_enlarge(each, times) for each in part]
    return part * times if name in GROWING and isinstance(part, int | float) else part


def figure_config(name: str) -> dict[str, Any]:
    """Returns Plotly's settings: the camera saves `mlmtune-<name>` as PNG, or as SVG if this visit has chosen it."""
    form = st.session_state.get("figures_as", "png")
    saved = {"format": form, "filename": f"mlmtune-{name}", "scale": SCALE if form == "png" else 1}
    return {"displaylogo": False, "toImageButtonOptions": saved}


def ask_format(visit: Visit) -> None:
    """Asks for PNG or SVG, for all figures of this visit."""
    names, before = {"png": "PNG", "svg": "SVG"}, st.session_state.get("figures_as", "png")
    st.session_state["figures_as"] = choice(st.segmented_control, visit.tr("Save figures as"), names, "figure_format", before, required=True)  # fmt: skip
