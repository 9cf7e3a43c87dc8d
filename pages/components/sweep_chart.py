"""The curves of many runs, live or recorded: a small chart per arm, or all in one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.live_chart import TOOLS
from pages.shared.projector import find_growth

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "mlmtune_sweep_chart",
    html='<div class="sweep-chart"></div>',
    js=TOOLS + (HERE / "sweep_chart.js").read_text(encoding="utf-8"),
    css=(HERE / "sweep_chart.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def sweep_chart(
    source: Mapping[str, str],
    runs: Sequence[Mapping[str, Any]],
    arms: Sequence[str],
    texts: Mapping[str, str],
    *,
    key: str,
    plotly: str,
    base: str,
    separators: str,
    view: str = "overlay",
    x: str = "step",
    y: str = "score",
) -> None:
    """Draws the runs of a sweep (`source`: kind `sweep`, its id) as they go on, or those of a recorded lesson (kind `recorded`, its id).

    runs: for each its `arm`, an index of `arms`, and its `seed`. view: grid (a cell per arm) or overlay. x: step, epoch or seconds;
    y: score, validation_loss, train_eval_loss or train_loss. texts: alt, axis_x, axis_y, baseline, seed, offline, and for recordings play,
    pause, time, speed. Fetched data stay if only view, x or y change.
    """
    _component(
        key=key,
        data={
            "source": dict(source),
            "runs": [dict(run) for run in runs],
            "arms": list(arms),
            "texts": dict(texts),
            "plotly": plotly,
            "base": base,
            "separators": separators,
            "grow": find_growth(),
            "view": view,
            "x": x,
            "y": y,
        },
    )
