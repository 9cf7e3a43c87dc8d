"""Files to evaluate on: a second file as validation set, a third as test set."""

import streamlit as st

from mlmtune_core.data.uploads import find_upload_name, load_reading, save_reading
from mlmtune_core.errors import UserError
from mlmtune_core.runs.limits import accept_copy
from pages.data.upload import ask_upload
from pages.shared.visit import Visit, literal, remember


def ask_side_files(visit: Visit, data_id: str) -> None:
    """Draws which files are evaluated on, and lets each be added or removed."""
    tr, reading = visit.tr, load_reading(data_id)
    titles = {
        "validation": tr("Validation: measured after every epoch; it decides which model is kept"),
        "test": tr("Test: measured once, at the end"),
    }
    with st.expander(tr("Measure with files of their own"), icon=":material/rule:"):
        for side, title in titles.items():
            st.markdown("**" + title + "**")
            if reading.get(side):
                _draw_given(visit, data_id, side, reading)
                continue
            found = ask_upload(visit, f"{side}_{data_id}")
            if found:
                own = accept_copy(data_id, visit.person)
                save_reading(own, load_reading(own) | {side: found}, visit.person)
                remember("data", own)
                st.rerun()


def _draw_given(visit: Visit, data_id: str, side: str, reading: dict[str, object]) -> None:
    name, button = st.columns([3, 1], vertical_alignment="center")
    try:
        name.markdown(literal(find_upload_name(str(reading[side]))))
    except UserError as error:
        name.markdown(literal(error.translate(visit.tr)))
    if button.button(visit.tr("Take it away"), key=f"remove_{side}", icon=":material/close:"):
        save_reading(data_id, {name: value for name, value in reading.items() if name != side}, visit.person)
        st.rerun()
