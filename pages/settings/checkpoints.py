"""Checkpoints saved from runs: chosen to start from, saved under a name, deleted."""

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.models.saved_checkpoints import SavedCheckpoint, find_saved
from mlmtune_core.people import find_person_name, is_class
from mlmtune_core.runs.kept_checkpoints import checkpoint_size, delete_checkpoint, list_checkpoints
from mlmtune_core.runs.run import Run
from mlmtune_core.workers import engine
from pages.shared.choice import choice
from pages.shared.visit import Visit, go_to, literal, show_error

SECONDS = 300.0


def draw_keep_checkpoint(visit: Visit, run: Run) -> None:
    """Draws, below a finished run on masked words, a name and the button that saves its best model as a checkpoint."""
    tr, key = visit.tr, f"kept_of_{run.id}"
    may = run.weights_file.is_file() and visit.person.may_change(run.owner())
    if run.config().task != "masked_words" or not may:
        return
    with st.container(border=True):
        st.markdown("**" + tr("Start from this model") + "**")
        st.markdown(tr("Kept as a checkpoint, encoder and head together, it can be chosen on the page Train. Plain transformers opens it too (AutoModelForMaskedLM)."))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            title = st.text_input(tr("Name of the checkpoint"), key=f"title_of_{run.id}", max_chars=60, width=360)
            pressed = st.button(tr("Keep it as a checkpoint"), key="keep_checkpoint", type="primary", icon=":material/bookmark_add:")
        if pressed:
            _keep(visit, run, title, key)
        if st.session_state.get(key):
            _draw_kept(visit, st.session_state[key])


def _keep(visit: Visit, run: Run, title: str, key: str) -> None:
    saving = "mlmtune_core.exporting.model_folder:save_checkpoint"
    try:
        with st.spinner(visit.tr("Writing the checkpoint…")):
            st.session_state[key] = engine.current().ask(saving, run.id, title, visit.person, seconds=SECONDS)
    except UserError as error:
        show_error(error)


def _draw_kept(visit: Visit, name: str) -> None:
    tr = visit.tr
    try:
        kept = find_saved(name)
    except UserError:  # deleted in the meantime
        return
    st.success(tr("“{title}” is kept.").format(title=literal(kept.title)), icon=":material/bookmark:")
    if st.button(tr("Train a task from it"), key="train_from_it", icon=":material/arrow_forward:"):
        st.session_state.update({"checkpoint_kind": "kept", "checkpoint_kept": name, "stage": "task"})
        go_to("train")


def has_kept(visit: Visit) -> bool:
    """Returns whether there is a saved checkpoint that this person may start from."""
    return bool(list_checkpoints(visit.person))


def ask_kept(visit: Visit) -> str:
    """Returns the chosen one's name, as settings have it; an own one can be deleted beside it."""
    tr, known = visit.tr, {kept.name: kept for kept in list_checkpoints(visit.person)}
    titles = {name: _describe(visit, kept) for name, kept in known.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = choice(st.selectbox, tr("Checkpoint that was trained here"), titles, "checkpoint_kept")
        if visit.person.may_change(known[chosen].owner):
            with st.popover(tr("Delete"), icon=":material/delete:", key="delete_checkpoint"):
                _ask_deletion(visit, known[chosen])
    return chosen


def _describe(visit: Visit, kept: SavedCheckpoint) -> str:
    """Its title, its owner in a class, the day; and the id, because equal names would be one choice."""
    whose = find_person_name(kept.owner) if is_class() else ""
    return " · ".join(text for text in (kept.title, whose, visit.day(kept.made), kept.id[:4]) if text)


def _ask_deletion(visit: Visit, kept: SavedCheckpoint) -> None:
    tr = visit.tr
    sentence = tr("“{title}” ({size} MB) will be gone, and models that were trained from it can no longer be opened. This cannot be undone.")
    st.markdown(sentence.format(title=literal(kept.title), size=visit.number(checkpoint_size(kept) / 1e6)))
    if st.button(tr("Delete it"), key="delete_checkpoint_yes", type="primary", icon=":material/delete:"):
        delete_checkpoint(kept.name, visit.person)
        st.rerun()
