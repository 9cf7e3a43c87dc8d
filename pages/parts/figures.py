"""Figures as files: what the camera beside a figure saves, under which name, and in which format"""

from typing import Any

import streamlit as st

from pages.parts.choice import choice
from pages.parts.visit import Visit

SCALE = 3  # times what stands on the screen: sharp in print and on a projector


def figure_config(name: str) -> dict[str, Any]:
    """For `st.plotly_chart(config=...)`: the camera saves `mlmtune-<name>` as PNG, or as SVG where this visit has chosen it."""
    form = st.session_state.get("figures_as", "png")
    saved = {"format": form, "filename": f"mlmtune-{name}", "scale": SCALE if form == "png" else 1}
    return {"displaylogo": False, "toImageButtonOptions": saved}


def ask_format(visit: Visit) -> None:
    """PNG or SVG, for all figures of this visit."""
    names, before = {"png": "PNG", "svg": "SVG"}, st.session_state.get("figures_as", "png")
    st.session_state["figures_as"] = choice(st.segmented_control, visit.tr("Save figures as"), names, "figure_format", before, required=True)  # fmt: skip
