"""Projector mode: everything larger; remembered in the address."""

from pathlib import Path

import streamlit as st

from pages.shared.visit import Visit, remember, remembered

STYLE = Path(__file__).parent / "projector.css"
GROWTH = 1.35  # factor for text in charts; for the page see projector.css


def is_on() -> bool:
    """Returns whether this visit has asked for projector mode."""
    return remembered("projector") == "1"


def find_growth() -> float:
    """Returns the factor by which this visit enlarges text in charts."""
    return GROWTH if is_on() else 1.0


def draw_projector(visit: Visit) -> None:
    """Draws the switch in the corner of every page, and applies it."""
    tr, on = visit.tr, is_on()
    if on:
        st.html(STYLE)
    hint = tr("Back to the usual size") if on else tr("For the projector: everything larger")
    if st.button(" ", key="projector", icon=":material/desktop_windows:" if on else ":material/slideshow:", type="tertiary", help=hint):
        remember("projector", "" if on else "1")
        st.rerun()
