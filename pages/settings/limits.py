"""The limits of this server and how much is used, in one line; own runs, if one has to go."""

import streamlit as st

from mlmtune_core.names import state_names
from mlmtune_core.people import is_class
from mlmtune_core.runs.limits import Use, find_problems, is_near, read_limits
from mlmtune_core.runs.owned_runs import expiry_time, find_usage, runs_of
from mlmtune_core.runs.run import ENDED, Run
from mlmtune_core.workers import engine
from pages.shared.choice import choice
from pages.shared.visit import Visit, go_to

LOOK_SECONDS = 3


def find_use_of(visit: Visit) -> Use:
    """Returns how much of the limits the visit's person uses now."""
    return find_usage(visit.person, engine.current().queue.waiting(visit.person.id))


def draw_limits(visit: Visit, use: Use) -> None:
    """Draws one line on what waits, what is kept and for how long; a warning once a limit is near.

    If a limit blocks Start, the page is redrawn as soon as it no longer does.
    """
    if find_problems(use):
        st.fragment(_wait_for_room, run_every=LOOK_SECONDS)(visit)
    tr, limits = visit.tr, read_limits()
    told = []
    if limits.runs_waiting and (is_class() or use.waiting):
        told.append(tr("waiting: {count} of {limit} runs").format(count=use.waiting, limit=limits.runs_waiting))
    if limits.runs_kept:
        told.append(tr("kept: {count} of {limit} runs").format(count=use.kept, limit=limits.runs_kept))
    if limits.disk_mb:
        shown = visit.number(use.disk_mb), visit.number(limits.disk_mb)
        told.append(tr("disk of all: {used} of {limit} MB").format(used=shown[0], limit=shown[1]))
    if limits.keep_days:
        told.append(tr("each for {days} days after its last step").format(days=visit.number(limits.keep_days)))
    if not told:
        return
    line = tr("On this server: {limits}.").format(limits="; ".join(told))
    if is_near(use):
        st.warning(line + " " + tr("Delete runs that you no longer need."), icon=":material/inventory_2:")
        _offer_own_runs(visit)
    else:
        st.caption(line)


def _wait_for_room(visit: Visit) -> None:
    if not find_problems(find_use_of(visit)):
        st.rerun()


def draw_age(visit: Visit, run: Run) -> None:
    """Draws until when a finished run is kept, if it expires."""
    until = expiry_time(run.last_changed())
    if until is not None and run.state() in (*ENDED, "interrupted", "paused"):
        st.caption(visit.tr("Kept until {day}; then it is deleted by itself.").format(day=visit.day(until)))


def _offer_own_runs(visit: Visit) -> None:
    """Offers the person's own runs; the page of each has the button that deletes it."""
    tr, runs = visit.tr, runs_of(visit.person.id)
    if not runs:
        return
    names = {}
    for run in runs:
        about = run.about()
        told = [visit.day(about["created"]), about["data"]["name"], state_names(tr)[run.state()], run.id[:4]]
        names[run.id] = " · ".join(told)  # with the id, because equal names would be one choice
    chosen = choice(st.selectbox, tr("Runs of mine"), names, "own_run")
    if st.button(tr("Open this run"), key="open_own_run", icon=":material/open_in_new:"):
        go_to("watch", run=chosen)
