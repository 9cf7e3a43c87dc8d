"""The curves of a run, live: mounted once, it polls the event route and extends its traces."""

from pathlib import Path

import streamlit as st

from pages.shared.projector import find_growth

HERE = Path(__file__).parent
HEIGHT = 465
TOOLS = (HERE / "chart_tools.js").read_text(encoding="utf-8")
AHEAD = (
    "export default function ({ data }) { requestIdleCallback(() => loadPlotly(data.plotly), { timeout: 5000 }); }\n"
)

_component = st.components.v2.component(
    "mlmtune_live_chart",
    html='<div class="live-chart"></div>',
    js=TOOLS + (HERE / "live_chart.js").read_text(encoding="utf-8"),
    css=(HERE / "live_chart.css").read_text(encoding="utf-8"),
    isolate_styles=False,
)
_ahead = st.components.v2.component("mlmtune_load_ahead", html="<span></span>", js=TOOLS + AHEAD)


def load_ahead(plotly_address: str) -> None:
    """Makes the browser load the plotting library while nobody waits for it, so that the chart appears at once."""
    _ahead(key="load_ahead", height=0, data={"plotly": plotly_address})


def live_chart(
    run_id: str, base: str, plotly_address: str, texts: dict[str, str], *, key: str, separators: str = ".,"
) -> None:
    """Draws the run `run_id` from its first event on and follows it until it ends.

    `texts`: step, loss, metric, train_loss, train_loss_smooth, validation_loss, baseline, best, unfrozen, epoch, offline, alt.
    The data change only with the language and projector mode, so a rerun of the page neither remounts nor reloads the chart.
    """
    _component(
        key=key,
        height=round(HEIGHT * find_growth()),
        data={"run": run_id, "base": base, "plotly": plotly_address, "texts": texts, "separators": separators, "grow": find_growth()},
    )
