"""The report on the data: counts, and each problem with the rows at fault and a download of them."""

import streamlit as st

from mlmtune_core.data.checking import Report
from pages.parts.visit import Visit


def draw_report(visit: Visit, report: Report) -> bool:
    """Counts and problems; True where training may start."""
    tr = visit.tr
    with st.container(horizontal=True):
        st.metric(tr("Rows in the file"), visit.number(report.rows_read), border=True, width="content")
        st.metric(tr("Examples that can be used"), visit.number(report.rows_kept), border=True, width="content")
        st.metric(tr("Labels"), visit.number(len(report.labels)), border=True, width="content")
    for problem in report.problems:
        show = st.error if problem.severity == "error" else st.warning
        show(
            problem.say(tr).replace("$", r"\$"),
            icon=":material/error:" if problem.severity == "error" else ":material/warning:",
        )
        with st.expander(
            tr("Rows at fault: {rows}").format(
                rows=", ".join(map(str, problem.rows[:12])) + (" …" if problem.count > 12 else "")
            )
        ):
            at_fault = report.rows_at_fault(problem)
            st.dataframe(at_fault, hide_index=True, key=f"rows_{problem.kind}")
            st.download_button(
                tr("Download these rows"),
                at_fault.to_csv(index=False).encode("utf-8-sig"),
                f"{problem.kind}.csv",
                "text/csv",
                key=f"download_{problem.kind}",
            )
    return not report.errors
