"""Projector mode: everything larger; remembered in the address."""

from pathlib import Path

import streamlit as st

from pages.shared.visit import Visit, remember, remembered

STYLE = Path(__file__).parent / "projector.css"
GROWTH = 1.35  # of what is written in a chart; of the page see projector.css


def is_on() -> bool:
    """Whether this visit has asked for it."""
    return remembered("projector") == "1"


def find_growth() -> float:
    """How many times as large as usual this visit wants what is written in charts."""
    return GROWTH if is_on() else 1.0


def draw_projector(visit: Visit) -> None:
    """The switch in the corner of every page, and what it does."""
    tr, on = visit.tr, is_on()
    if on:
        st.html(STYLE)
    hint = tr("Back to the usual size") if on else tr("For the projector: everything larger")
    if st.button(" ", key="projector", icon=":material/desktop_windows:" if on else ":material/slideshow:", type="tertiary", help=hint):
        remember("projector", "" if on else "1")
        st.rerun()
