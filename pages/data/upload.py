"""How data come in: a file, pasted rows, or the name of a data set on the Hub."""

import streamlit as st

from mlmtune_core.data.preparation import MAX_EXAMPLES
from mlmtune_core.data.uploads import delete_upload
from mlmtune_core.errors import UserError
from mlmtune_core.runs.limits import accept_upload, read_limits
from mlmtune_core.workers import engine
from pages.shared.dataset import PREPARE_SECONDS, wait_for
from pages.shared.visit import Visit, show_error

HUB_SECONDS = 300.0


def ask_upload(visit: Visit, key: str) -> str | None:
    """Draws the three ways in; returns the id of new data once they are read. What cannot be read changes nothing."""
    tr = visit.tr
    by_file, by_paste, by_name = st.tabs([tr("A file"), tr("Paste rows"), tr("A name on the Hub (online)")])
    with by_file:
        found = _ask_file(visit, key)
    with by_paste:
        found = found or _ask_paste(visit, key)
    with by_name:
        found = found or _ask_hub(visit, key)
    return found


def _ask_file(visit: Visit, key: str) -> str | None:
    tr = visit.tr
    st.markdown(
        tr(
            "CSV, TSV, Excel, JSON, JSON Lines, Parquet: one example per row. CoNLL columns or CoNLL-U: one word per line. SQuAD: questions with contexts."
        )
    )
    limit = read_limits().upload_mb
    title = tr("File: up to {limit} MB; of more than {rows} rows a part is taken, each label with its share")
    title = title.format(limit=visit.number(limit), rows=visit.number(MAX_EXAMPLES))
    upload = st.file_uploader(title, key=f"{key}_{st.session_state.get('uploads', 0)}", max_upload_size=limit)
    return _keep(visit, upload.name, upload.getvalue()) if upload is not None else None


def _ask_paste(visit: Visit, key: str) -> str | None:
    tr = visit.tr
    pasted = st.text_area(
        tr("Rows, as copied from a spreadsheet or a text file"),
        key=f"{key}_pasted_{st.session_state.get('uploads', 0)}",
        height=180,
        placeholder=tr("text\tlabel\nWhat a lovely film!\tpositive\nI want my money back.\tnegative"),
    )
    if st.button(tr("Use these rows"), key=f"{key}_use_pasted", disabled=not pasted.strip()):
        return _keep(visit, tr("pasted rows") + ".txt", pasted.encode("utf-8", errors="replace"))
    return None


def _ask_hub(visit: Visit, key: str) -> str | None:
    tr = visit.tr
    name = st.text_input(tr("Name of the data set"), key=f"{key}_hub", placeholder="stanfordnlp/imdb")
    if not st.button(tr("Fetch it"), key=f"{key}_fetch", disabled=not name.strip()):
        return None
    try:
        with st.spinner(tr("Fetching from the Hub…")):
            file, raw = engine.current().ask(
                "mlmtune_core.data.readers.hub:fetch", name.strip(), role="data", seconds=HUB_SECONDS
            )
    except UserError as error:
        show_error(error)
        return None
    return _keep(visit, file, raw)


def _keep(visit: Visit, name: str, raw: bytes) -> str | None:
    """Stores the bytes and reads them once; deletes what cannot be read, with a message."""
    try:
        data_id = accept_upload(name, raw, visit.person.id)
    except UserError as error:
        show_error(error)
        return None
    try:
        question = engine.current().begin("mlmtune_core.data.preparation:count_rows", data_id, role="data")
        wait_for(visit, question, data_id)
        question.result(PREPARE_SECONDS)
    except UserError as error:
        delete_upload(data_id, visit.person)
        show_error(error)
        return None
    st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1
    return data_id
