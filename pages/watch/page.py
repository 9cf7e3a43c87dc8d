"""The page of one run, live: curves, state, pause, stop."""

import pandas as pd
import streamlit as st

from mlmtune_core.names import metric_names
from mlmtune_core.runs.run import ENDED, Run
from pages.settings.checkpoints import draw_keep_checkpoint
from pages.settings.limits import draw_age
from pages.shared.tables import number_columns
from pages.shared.visit import Visit, this_visit
from pages.watch.buttons import ask_before_deleting
from pages.watch.curves import draw_curves
from pages.watch.header import open_run_or_ask
from pages.watch.state import draw_state

REFRESH_SECONDS = 2


def draw(visit: Visit) -> None:
    """Draws the state, the curves, and the numbers as a table."""
    tr = visit.tr
    run = open_run_or_ask(visit, tr("No run has been started in this visit. Start one, or open the link of a run."))
    if run is None:
        return
    ask_before_deleting(visit, run)
    living = run.state() not in (*ENDED, "interrupted")
    st.fragment(draw_state, run_every=REFRESH_SECONDS if living else None)(visit, run, living)
    draw_curves(visit, run)
    if not living:
        _draw_evaluations(visit, run)
        draw_keep_checkpoint(visit, run)
    draw_age(visit, run)
    st.caption(tr("The run goes on when you close this page. Its address brings you back, from any browser."))


def _draw_evaluations(visit: Visit, run: Run) -> None:
    """Draws the table for the chart."""
    tr, names = visit.tr, metric_names(visit.tr)
    rows = run.events("EvalDone")
    if not rows:
        return
    with st.expander(tr("The evaluations as a table")):
        table = pd.DataFrame(
            {
                tr("Epoch"): row["epoch"],
                tr("Step"): row["step"],
                tr("Training loss"): row["train_loss"],
                tr("Validation loss"): row["validation_loss"],
                **{names[name]: value for name, value in row["metrics"].items()},
                tr("Best"): "★" if row["is_best"] else "",
            }
            for row in rows
        )
        st.dataframe(table, hide_index=True, key="evaluations", column_config=number_columns(table, others={tr("Epoch"): 0}))


draw(this_visit())
