"""How far a sweep is, and buttons for all of its runs: pause, resume, stop, repeat, delete."""

import time

import streamlit as st

from mlmtune_core.errors import PeopleError, UserError
from mlmtune_core.names import state_names
from mlmtune_core.runs.limits import forget_disk_use
from mlmtune_core.runs.run import ENDED
from mlmtune_core.runs.sweeps import Sweep
from mlmtune_core.workers import engine
from pages.compare.form import fill_form
from pages.settings.form import fill_settings
from pages.shared.visit import Visit, go_to, show_error

TO_DELETE = "sweep_to_delete"  # session key of the sweep that a person is being asked about


def draw_state(visit: Visit, sweep: Sweep, living: bool) -> None:
    """Draws how many have ended, the time left, and buttons for all of them."""
    tr, state, runs = visit.tr, sweep.state(), sweep.runs()
    if living and state == "finished":
        st.rerun()
    ended = sum(run.state() in ENDED for run in runs)
    about = sweep.about()
    estimate = about.get("estimate")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.metric(tr("State"), state_names(tr)[state], border=True, width="content")
        st.metric(tr("Runs that have ended"), f"{ended} / {len(runs)}", border=True, width="content")
        if living and estimate:
            left = max(1.0, about["created"] + estimate - time.time()) if ended < len(runs) else 0
            st.metric(tr("Time left, about"), visit.seconds(left), border=True, width="content")
        if visit.person.may_change(about["owner"]):
            with st.container(horizontal=True, width="content"):
                _draw_buttons(visit, sweep, state)
    if living:
        st.progress(ended / max(1, len(runs)))


def _draw_buttons(visit: Visit, sweep: Sweep, state: str) -> None:
    tr, queue = visit.tr, engine.current().queue
    if state in ("paused", "interrupted") and st.button(tr("Continue"), key="sweep_resume", icon=":material/resume:", type="primary"):
        sweep.resume(queue)
        st.rerun()
    if state in ("queued", "training") and st.button(tr("Pause all"), key="sweep_pause", icon=":material/pause:"):
        sweep.pause(queue)
        st.rerun()
    if state != "finished" and st.button(tr("Stop all"), key="sweep_stop", icon=":material/stop:"):
        sweep.stop(queue)
        st.rerun()
    if st.button(tr("Again, with this changed"), key="sweep_again", icon=":material/tune:", help=tr("Opens the form with these settings and values.")):
        config = sweep.runs()[0].config()
        fill_settings(config)
        fill_form(config, sweep.about()["choices"])
        go_to("compare", sweep="", data=sweep.about()["data"].get("id", ""))
    if state == "finished" and st.button(tr("Delete"), key="sweep_delete", icon=":material/delete:"):
        st.session_state[TO_DELETE] = sweep.id
        st.rerun()


def ask_before_deleting(visit: Visit, sweep: Sweep) -> None:
    if st.session_state.get(TO_DELETE) == sweep.id:
        st.dialog(visit.tr("Delete this sweep?"), icon=":material/delete:", on_dismiss=_keep)(_ask_deletion)(visit, sweep)


def _ask_deletion(visit: Visit, sweep: Sweep) -> None:
    tr = visit.tr
    st.markdown(tr("All its {count} runs, with their curves and models, will be gone for everybody who has the link. This cannot be undone.").format(count=len(sweep.runs())))
    with st.container(horizontal=True):
        if st.button(tr("Delete it"), key="sweep_delete_yes", type="primary", icon=":material/delete:"):
            _keep()
            try:
                _delete(visit, sweep)
            except UserError as error:
                show_error(error)
                return
            go_to("compare", sweep="")
        if st.button(tr("Keep it"), key="sweep_delete_no"):
            _keep()
            st.rerun()


def _delete(visit: Visit, sweep: Sweep) -> None:
    if not visit.person.may_change(sweep.about()["owner"]):
        raise PeopleError("This run is somebody else's: you can look at it, but not change it.")
    sweep.delete()
    forget_disk_use()


def _keep() -> None:
    st.session_state.pop(TO_DELETE, None)
