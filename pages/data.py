"""Upload or choose, map columns, read the report, see tokens."""

import streamlit as st

from mlmtune_core.data.checking import Report
from mlmtune_core.data.columns import ROLES
from mlmtune_core.data.reading import read_table
from mlmtune_core.data_store import SAMPLES, keep_reading, keep_upload
from mlmtune_core.errors import DataError, UserError
from pages.parts.choice import choice
from pages.parts.dataset import Dataset, open_dataset
from pages.parts.example_view import draw_examples
from pages.parts.names import format_names, role_names, task_names
from pages.parts.visit import Visit, go_to, literal, remember, remembered, show_error, this_visit

UPLOAD_ENDINGS = ["csv", "tsv", "txt", "jsonl", "ndjson", "conll", "bio", "iob"]


def draw(visit: Visit) -> None:
    """Upload first; then how it was read, the report, the split and what the model will see."""
    tr = visit.tr
    _draw_upload(visit)
    data_id = remembered("data")
    if not data_id:
        st.info(
            tr("Choose a file above, or take a sample from the first page. You will see here what was found in it."),
            icon=":material/arrow_upward:",
        )
        return
    try:
        dataset = open_dataset(data_id)
    except UserError as error:
        show_error(error)
        return
    st.subheader(_title(visit, dataset))
    _draw_reading(visit, dataset)
    try:
        report = dataset.report()
    except UserError as error:
        show_error(error)
        st.dataframe(dataset.table.rows.head(20), key="raw_rows")
        return
    sound = _draw_report(visit, report)
    if sound and st.button(
        tr("Go on: train on these data"), key="to_train", type="primary", icon=":material/arrow_forward:"
    ):
        go_to("train")
    if sound:
        draw_examples(visit, dataset, report)


def _draw_upload(visit: Visit) -> None:
    tr = visit.tr
    with st.expander(tr("Upload a file"), expanded=not remembered("data"), icon=":material/upload_file:"):
        st.markdown(
            tr(
                "**One label per text**: CSV, TSV or JSON Lines with a text and a label in each row.  \n"
                "**One label per word**: CoNLL columns, a word and its tag on each line, an empty line between sentences."
            )
        )
        upload = st.file_uploader(
            tr("File (up to 50 MB)"), type=UPLOAD_ENDINGS, key=f"upload_{st.session_state.get('uploads', 0)}"
        )
        if upload is None:
            return
        try:
            raw = upload.getvalue()
            read_table(raw, upload.name)
        except DataError as error:
            show_error(error)
            return
        st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1
        remember("data", keep_upload(upload.name, raw))
        st.rerun()


def _title(visit: Visit, dataset: Dataset) -> str:
    tr = visit.tr
    return (
        literal(dataset.table.name)
        if dataset.id not in SAMPLES
        else tr("Sample") + ": " + tr(SAMPLES[dataset.id].topic)
    )


def _draw_reading(visit: Visit, dataset: Dataset) -> None:
    """How the file was read, and the columns, which can be changed (a sample's are known)."""
    tr, form = visit.tr, dataset.table.format
    st.caption(format_names(tr, form))
    if dataset.id in SAMPLES:
        return
    task = choice(st.radio, tr("Task"), task_names(tr), f"task_{dataset.id}", default=dataset.task, horizontal=True)
    if task != dataset.task:
        keep_reading(dataset.id, {"task": task})
        st.rerun()
    chosen = {}
    names = role_names(tr)
    for column, role in zip(st.columns(len(ROLES[task]) + 1), ROLES[task], strict=False):
        with column:
            options = ({} if role in dataset.columns else {"": "–"}) | {name: name for name in dataset.table.columns}
            chosen[role] = choice(
                st.selectbox,
                names[role],
                options,
                f"column_{dataset.id}_{task}_{role}",
                default=dataset.columns.get(role),
            )
    chosen = {role: column for role, column in chosen.items() if column}
    header = dataset.header
    if form.kind == "table":
        header = st.toggle(tr("The first row holds column names"), value=form.header, key=f"header_{dataset.id}")
    if chosen != dataset.columns or header != dataset.header:
        keep_reading(
            dataset.id, {"task": task, "columns": chosen if header == dataset.header else {}, "header": header}
        )
        st.rerun()


def _draw_report(visit: Visit, report: Report) -> bool:
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


draw(this_visit())
