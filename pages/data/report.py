"""The report on the data: counts, and each problem with its rows and a download of them."""

import streamlit as st

from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.report import Problem
from mlmtune_core.names import role_names
from mlmtune_core.workers import engine
from pages.shared.dataset import PREPARE_SECONDS
from pages.shared.visit import Visit, literal

SHOW = {"error": st.error, "warning": st.warning, "note": st.info}
ICONS = {"error": ":material/error:", "warning": ":material/warning:", "note": ":material/info:"}


def draw_report(visit: Visit, data_id: str, data: Prepared) -> bool:
    """Draws counts and problems; returns True if training may start."""
    tr, report = visit.tr, data.report
    kept = visit.number(data.example_count)
    if report.rows_kept < data.example_count:
        kept = tr("{taken} of {sound}").format(taken=visit.number(report.rows_kept), sound=kept)
    with st.container(horizontal=True):
        st.metric(tr("Rows in the file"), visit.number(data.rows_read), border=True, width="content")
        st.metric(tr("Examples that can be used"), kept, border=True, width="content")
        if report.labels and data.task != "question_answering":
            st.metric(tr("Labels"), visit.number(len(report.labels)), border=True, width="content")
        st.metric(tr("Fingerprint of the data"), report.fingerprint, border=True, width="content")
    for problem in report.problems:
        _draw_problem(visit, data_id, data, problem)
    return not report.errors


def _draw_problem(visit: Visit, data_id: str, data: Prepared, problem: Problem) -> None:
    tr = visit.tr
    side = problem.kind.partition("_")[0]
    where = {"validation": tr("Validation file") + ": ", "test": tr("Test file") + ": "}.get(side, "")
    SHOW[problem.severity](literal(where + problem.translate(tr)), icon=ICONS[problem.severity])
    if not problem.rows:
        return
    named = ", ".join(map(str, problem.rows[:12])) + (" …" if problem.count > 12 else "")
    with st.expander(tr("Rows at fault: {rows}").format(rows=named)):
        titles = {**role_names(tr), "row": tr("Row")}
        st.dataframe(data.affected_rows[problem.kind].rename(columns=titles), hide_index=True, key=f"rows_{problem.kind}")
        st.download_button(
            tr("Download these rows"),
            lambda: engine.current().ask(
                "mlmtune_core.data.preparation:write_affected_rows",
                data_id,
                problem.kind,
                role="data",
                seconds=PREPARE_SECONDS,
            ),
            f"{problem.kind}.csv",
            "text/csv",
            key=f"download_{problem.kind}",
            on_click="ignore",
        )
