"""The page of data: upload or choose, map columns, read the report, see tokens."""

import streamlit as st

from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.uploads import PACKAGE_SAMPLES, SAMPLES
from mlmtune_core.errors import UserError
from mlmtune_core.names import task_names
from pages.data.preview import draw_examples
from pages.data.reading import ask_reading, format_names
from pages.data.report import draw_report
from pages.data.row_editor import edit_rows
from pages.data.side_files import ask_side_files
from pages.data.upload import ask_upload
from pages.shared.dataset import open_dataset
from pages.shared.visit import Visit, go_to, literal, remember, remembered, show_error, this_visit


def draw(visit: Visit) -> None:
    """Draws the upload, then how it was read, the report, and what the model will read."""
    tr = visit.tr
    data_id = remembered("data")
    with st.expander(tr("Upload a file"), expanded=not data_id, icon=":material/upload_file:"):
        found = ask_upload(visit, "upload")
    if found:
        remember("data", found)
        st.rerun()
    if not data_id:
        st.info(
            tr("Choose a file above, or take a sample from the first page. You will see here what was found in it."),
            icon=":material/arrow_upward:",
        )
        return
    try:
        data = open_dataset(visit, data_id)
    except UserError as error:
        show_error(error)
        return
    _draw_data(visit, data_id, data)


def _draw_data(visit: Visit, data_id: str, data: Prepared) -> None:
    tr = visit.tr
    shelf = {**SAMPLES, **PACKAGE_SAMPLES}
    if data_id in shelf:
        st.subheader(tr("Sample") + ": " + tr(shelf[data_id].topic))
        st.caption(task_names(tr)[data.task] + " · " + format_names(tr, data.format))
    else:
        st.subheader(literal(data.name), anchor=False)
        ask_reading(visit, data_id, data)
    if data.report is None:
        show_error(data.error)
        edit_rows(visit, data_id, data)
        return
    sound = draw_report(visit, data_id, data)
    if sound and st.button(
        tr("Go on: train on these data"), key="to_train", type="primary", icon=":material/arrow_forward:"
    ):
        go_to("train")
    edit_rows(visit, data_id, data)
    ask_side_files(visit, data_id)
    if sound:
        draw_examples(visit, data)


draw(this_visit())
