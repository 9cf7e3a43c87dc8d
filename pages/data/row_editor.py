"""The rows of a file as a table to repair: cells, labels, rows dropped; every change can be undone."""

import streamlit as st

from mlmtune_core.data.edits import Batch, find_edits
from mlmtune_core.data.preparation import MAX_SHOWN_ROWS, Prepared
from mlmtune_core.data.uploads import load_edits, save_edits, save_reading
from mlmtune_core.runs.limits import accept_copy
from pages.shared.choice import choice
from pages.shared.visit import Visit, remember


def edit_rows(visit: Visit, data_id: str, data: Prepared) -> None:
    """Draws the table, the renaming of labels, and undo."""
    tr = visit.tr
    said = tr("Look at the rows and repair them")
    done = tr("changes so far: {count}").format(count=data.edits) if data.edits else ""
    with st.expander(f"{said} ({done})" if done else said, icon=":material/edit_note:"):
        st.caption(
            tr(
                "Click into a cell to write it anew; tick rows to drop them. The file itself stays as it was uploaded, and every run names the data it used by their fingerprint."
            )
        )
        if data.edits and st.button(tr("Undo the last change"), key="undo_edit", icon=":material/undo:"):
            save_edits(data_id, load_edits(data_id)[:-1], visit.person)
            st.rerun()
        _rename_label(visit, data_id, data)
        _draw_table(visit, data_id, data)


def _draw_table(visit: Visit, data_id: str, data: Prepared) -> None:
    head, key = data.head, f"rows_{data_id}_{data.edits}"
    plain = [name for name in head.columns if head[name].map(lambda cell: isinstance(cell, str)).all()]
    st.data_editor(
        head,
        num_rows="delete",
        key=key,
        column_order=list(dict.fromkeys([*data.columns.values(), *head.columns])),
        disabled=[name for name in head.columns if name not in plain],
        height=320,
    )
    if data.rows_read > MAX_SHOWN_ROWS:
        st.caption(visit.tr("These are the first {count} rows.").format(count=visit.number(MAX_SHOWN_ROWS)))
    batch = find_edits(head, st.session_state.get(key) or {}, plain)
    if batch:
        _keep(visit, data_id, batch)


def _rename_label(visit: Visit, data_id: str, data: Prepared) -> None:
    """Renames one label in all rows: for labels that differ by case or a typing error."""
    tr, column = visit.tr, data.columns.get("label")
    if not column or not data.report or not data.report.labels:
        return
    old, new, go = st.columns([2, 2, 1], vertical_alignment="bottom")
    labels = {label: label for label in data.report.labels}
    with old:
        chosen = choice(st.selectbox, tr("Rename the label"), labels, f"old_label_{data_id}_{data.edits}")
    with new:
        written = st.text_input(tr("to"), key=f"new_label_{data_id}_{data.edits}")
    with go:
        wanted = written.strip() and written.strip() != chosen
        if st.button(tr("Rename"), key="rename_label", disabled=not wanted):
            _keep(visit, data_id, [{"column": column, "old": chosen, "value": written.strip()}])


def _keep(visit: Visit, data_id: str, batch: Batch) -> None:
    """Saves the change; a change of a sample goes to a copy of it."""
    own = accept_copy(data_id, visit.person)
    if own != data_id:
        save_reading(own, {}, visit.person)
        remember("data", own)
    save_edits(own, [*load_edits(own), batch], visit.person)
    st.rerun()
