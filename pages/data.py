"""Upload or choose, map columns, read the report, see tokens."""

import streamlit as st

from mlmtune_core.data.columns import ROLES
from mlmtune_core.data.reading import read_table
from mlmtune_core.data_store import SAMPLES, keep_reading, keep_upload
from mlmtune_core.errors import DataError, UserError
from pages.parts.choice import choice
from pages.parts.dataset import Dataset, open_dataset
from pages.parts.example_view import draw_examples
from pages.parts.names import column_name, format_names, role_names, task_names
from pages.parts.report_view import draw_report
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
    sound = draw_report(visit, report)
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
    first, *others = st.columns(len(ROLES[dataset.task]) + 1)
    with first:
        task = choice(st.selectbox, tr("Task"), task_names(tr), f"task_{dataset.id}", default=dataset.task)
    if task != dataset.task:
        keep_reading(dataset.id, {"task": task})
        st.rerun()
    chosen = {}
    names = role_names(tr)
    for column, role in zip(others, ROLES[task], strict=True):
        with column:
            options = ({} if role in dataset.columns else {"": "–"}) | {
                name: column_name(tr, name) for name in dataset.table.columns
            }
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


draw(this_visit())
