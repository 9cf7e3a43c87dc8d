"""One run, live: curves, state, pause, stop."""

import pandas as pd
import streamlit as st

from mlmtune_core.names import axis_names, baseline_names, metric_names
from mlmtune_core.run_store import ENDED, Run
from pages.parts.addresses import BASE, PLOTLY_ROUTE
from pages.parts.limits_line import draw_age
from pages.parts.live_chart import live_chart
from pages.parts.run_buttons import ask_before_deleting
from pages.parts.run_header import open_run_or_ask
from pages.parts.run_state import draw_state
from pages.parts.visit import Visit, this_visit

REFRESH_SECONDS = 2


def draw(visit: Visit) -> None:
    """The state above, the curves below, the numbers as a table at the end."""
    tr = visit.tr
    run = open_run_or_ask(visit, tr("No run has been started in this visit. Start one, or open the link of a run."))
    if run is None:
        return
    ask_before_deleting(visit, run)
    living = run.state() not in (*ENDED, "interrupted")
    st.fragment(draw_state, run_every=REFRESH_SECONDS if living else None)(visit, run, living)
    live_chart(
        run.id,
        BASE,
        PLOTLY_ROUTE,
        _chart_texts(visit, run.config().task),
        key=f"chart_{run.id}",
        separators=visit.separators,
    )
    if not living:
        _draw_evaluations(visit, run)
    draw_age(visit, run)
    st.caption(tr("The run goes on when you close this page. Its address brings you back, from any browser."))


def _chart_texts(visit: Visit, task: str) -> dict[str, str]:
    tr = visit.tr
    return {
        "step": tr("Step (one update of the weights)"),
        "loss": tr("Loss (standard deviations²)") if task == "regression" else tr("Loss (nats)"),
        "metric": tr("Score"),
        "train_loss": tr("training loss, each step"),
        "train_loss_smooth": tr("training loss, smoothed"),
        "validation_loss": tr("validation loss"),
        "baseline": baseline_names(tr)[task],
        "best": tr("best model"),
        "offline": tr("The server cannot be reached. Trying again…"),
        "alt": tr("Live chart: training loss at each step, validation loss and score at each evaluation."),
        **metric_names(tr),
        **{f"axis_{name}": title for name, title in axis_names(tr).items()},
    }


def _draw_evaluations(visit: Visit, run: Run) -> None:
    """The table twin of the chart."""
    tr, names = visit.tr, metric_names(visit.tr)
    rows = run.events("EvalDone")
    if not rows:
        return
    with st.expander(tr("The evaluations as a table")):
        table = [
            {
                tr("Epoch"): row["epoch"],
                tr("Step"): row["step"],
                tr("Training loss"): row["train_loss"],
                tr("Validation loss"): row["validation_loss"],
                **{names[name]: value for name, value in row["metrics"].items()},
                tr("Best"): "★" if row["is_best"] else "",
            }
            for row in rows
        ]
        st.dataframe(pd.DataFrame(table), hide_index=True, key="evaluations")


draw(this_visit())
