"""The runs of a class as tables: all with their buttons, and the results with a download."""

from datetime import datetime

import pandas as pd
import streamlit as st

from mlmtune_core.data.readers.cells import escape_formula, truncate
from mlmtune_core.names import format_metric, state_names, strategy_name, task_names
from mlmtune_core.runs.results import rank_results, write_results
from mlmtune_core.runs.run import ENDED
from mlmtune_core.workers import engine
from pages.shared.choice import choice
from pages.shared.visit import Visit
from pages.watch.buttons import draw_class_buttons

NONE = "–"
HEIGHT = 460
LONGEST = 22  # characters of a name or a file in a column: eight columns fit on a projector


def draw_runs(visit: Visit, table: pd.DataFrame) -> None:
    """Draws every run with place and state; one can be chosen and acted on."""
    tr = visit.tr
    if table.empty:
        st.info(tr("Nobody has started a run yet."), icon=":material/hourglass_empty:")
        return
    _choose_run(visit, table)
    shown = pd.DataFrame(
        {
            tr("Place"): ["▶" if _is_under_way(row) else _say(visit, row.place) for row in table.itertuples()],
            tr("State"): table["state"].map(lambda state: state_names(tr).get(state, state)),
            tr("Person"): table["person"].map(_text),
            tr("Data"): table["data"].map(_text),
            tr("What learns"): table["strategy"].map(lambda strategy: strategy_name(tr, strategy)),
            tr("Score"): _scores(visit, table),
        }
    )
    _draw_table(visit, shown, "class_runs")
    st.caption(tr("▶ is under way; a number is the place in the queue; – has ended or was never measured."))


def draw_results(visit: Visit, table: pd.DataFrame) -> None:
    """Draws the best score of every run, best first within each task; all of it as CSV."""
    tr, results = visit.tr, rank_results(table)
    if results.empty:
        st.info(tr("No run has a score yet."), icon=":material/hourglass_empty:")
        return
    tasks = task_names(tr)
    shown = {
        tr("Person"): results["person"].map(_text),
        tr("Score"): _scores(visit, results),
        tr("Data"): results["data"].map(_text),
        tr("Task"): results["task"].map(tasks.__getitem__),
        tr("What learns"): results["strategy"].map(lambda strategy: strategy_name(tr, strategy)),
        tr("Rates"): [_rates(row.head_learning_rate, row.learning_rate) for row in results.itertuples()],
        tr("Epoch"): [f"{row.best_epoch} / {row.epochs}" for row in results.itertuples()],
        tr("Time"): [NONE if pd.isna(seconds) else visit.seconds(seconds, 1) for seconds in results["seconds"]],
    }
    if results["task"].nunique() == 1:  # said once above, so that the table has room
        st.caption(tr("Task") + ": " + tasks[results["task"][0]])
        del shown[tr("Task")]
    _draw_table(visit, pd.DataFrame(shown), "class_results")
    st.caption(tr("Score: of the best model. Rates: of the head, then of the body where it learns."))
    st.download_button(
        tr("Download as CSV"),
        write_results(table),
        "mlmtune-results.csv",
        "text/csv",
        key="results_csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _choose_run(visit: Visit, table: pd.DataFrame) -> None:
    """Asks for a run by id, so that a row that moves under the pointer is never another run. No two names are equal."""
    tr = visit.tr
    names = {
        row.run: f"{row.person or NONE} · {row.data} · {datetime.fromtimestamp(row.created):%H:%M} · {row.run[:4]}"
        for row in table.itertuples()
    }
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        chosen = choice(st.selectbox, tr("Act on the run of"), names, "class_run")
    state = table.loc[table["run"] == chosen, "state"].iloc[0]
    with right.container(horizontal=True):
        draw_class_buttons(visit, chosen, state, chosen in engine.current().queue.order())


def _draw_table(visit: Visit, shown: pd.DataFrame, key: str) -> None:
    """Draws text columns as wide as they need, numbers to the right: nothing is cut off on a projector."""
    columns = {name: st.column_config.TextColumn(name) for name in shown.columns}
    columns[visit.tr("Score")] = st.column_config.TextColumn(visit.tr("Score"), alignment="right")
    height = HEIGHT if len(shown) > 10 else "auto"
    st.dataframe(shown, hide_index=True, column_config=columns, key=key, height=height)


def _scores(visit: Visit, table: pd.DataFrame) -> list[str]:
    return [NONE if pd.isna(row.score) else format_metric(visit.language, row.metric, row.score) for row in table.itertuples()]


def _text(cell: str) -> object:
    """Returns what people wrote, short enough for a column; the table has a download of its own, so formulas are escaped here too."""
    return escape_formula(truncate(cell, LONGEST)) or NONE


def _rates(head: float, body: float) -> str:
    return f"{head:.0e}" + ("" if pd.isna(body) else f" / {body:.0e}")


def _say(visit: Visit, place: object) -> str:
    return NONE if pd.isna(place) else visit.number(place)


def _is_under_way(row: object) -> bool:
    return pd.isna(row.place) and row.state not in (*ENDED, "interrupted", "paused", "queued")
