"""A plotly figure that is redrawn in place and keeps its zoom, with a dial that needs no server."""

import hashlib
import json
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.live_chart import TOOLS
from pages.serving.addresses import PLOTLY_ROUTE
from pages.shared.figures import figure_config
from pages.shared.projector import find_growth

HERE = Path(__file__).parent
SHARE = 0.54  # share of the window's height: a chart may be larger on a projector

_component = st.components.v2.component(
    "mlmtune_dial_chart",
    html='<div class="dial-chart"></div>',
    js=TOOLS + (HERE / "dial_chart.js").read_text(encoding="utf-8"),
    css=(HERE / "dial_chart.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def dial_chart(figure: dict[str, Any], alt: str, height: int, *, key: str, dial: dict[str, Any] | None = None) -> int:
    """Draws `figure` (data and layout for Plotly), at least `height` pixels high, with `alt` for screen readers; returns the dial's position.

    dial: title; labels, one per position; said, a sentence each; moves, for each the traces that change (see explorer_charts);
    place, the initial position.
    """
    begins = st.session_state.get(f"{key}_place", dial["place"] if dial else 0)
    data = {
        "figure": figure,
        "alt": alt,
        "height": height,
        "grow": find_growth(),
        "share": SHARE if dial else SHARE / 1.4,
        "plotly": PLOTLY_ROUTE,
        "config": figure_config(key.replace("_", "-")),
    }
    data["dial"] = dial | {"place": begins} if dial else None
    told = {**data, "dial": dial}  # the dial's position does not make another figure
    data["version"] = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    found = _component(
        key=key,
        data=data,
        default={"place": begins},
        on_place_change=_nothing,
    )
    place = int(found.place if found.place is not None else begins)
    st.session_state[f"{key}_place"] = place
    return min(place, len(dial["labels"]) - 1) if dial else 0


def _nothing() -> None:
    """The value is read where the chart is drawn."""
