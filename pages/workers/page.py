"""The page of workers: here and on other machines, the scheduler, and how many runs wait."""

import time

import pandas as pd
import streamlit as st

from mlmtune_core.workers import engine
from mlmtune_core.workers.cluster import Cluster, WorkerRow
from pages.shared.visit import Visit, literal, remembered, this_visit

REFRESH_SECONDS = 3
SHORT = 4  # characters of a run's id: whoever knows all of it may open the run
MEGABYTE = 2**20


def draw(visit: Visit) -> None:
    """Draws the scheduler, the queue and the workers, refreshed every three seconds."""
    st.fragment(_draw_all, run_every=REFRESH_SECONDS)(visit)


def _draw_all(visit: Visit) -> None:
    tr, running = visit.tr, engine.current()
    if running.cluster:
        _draw_scheduler(visit, running.cluster)
    rows, at_work = running.workers(), running.queue.under_way()
    with st.container(horizontal=True):
        st.metric(tr("Workers for runs"), visit.number(sum(row.role == "train" for row in rows)), border=True)
        st.metric(tr("Runs under way"), visit.number(len(at_work)), border=True)
        st.metric(tr("Runs that wait"), visit.number(running.queue.length()), border=True)
    if len(at_work) > sum(bool(row.run) for row in rows):
        st.caption(
            tr("Runs without a worker in the table begin in a moment, or go on where the scheduler cannot see them.")
        )
    st.dataframe(pd.DataFrame([_told(visit, row) for row in rows]), hide_index=True, key="workers")


def _draw_scheduler(visit: Visit, cluster: Cluster) -> None:
    tr, address = visit.tr, literal(cluster.address)
    if cluster.connected:
        st.success(tr("Connected to the scheduler at {address}.").format(address=address), icon=":material/lan:")
    else:
        st.warning(
            tr(
                "The scheduler at {address} cannot be reached; trying again. Runs under way go on where their worker lives, the others wait."
            ).format(address=address),
            icon=":material/lan:",
        )


def _told(visit: Visit, row: WorkerRow) -> dict[str, str]:
    """Returns a worker as a row of the table. It contains the whole id of a run only if the visitor has it anyway."""
    tr = visit.tr
    roles = {"train": tr("carries out runs"), "inspect": tr("opens models"), "rehearse": tr("times runs before they start"), "data": tr("reads files")}  # fmt: skip
    run = row.run if row.run == remembered("run") else f"{row.run[:SHORT]}…"
    return {
        tr("Worker"): row.name,
        tr("Role"): roles[row.role],
        tr("Machine"): row.machine,
        tr("State"): tr("at run {run}").format(run=run) if row.run else tr("ready"),
        tr("Memory"): f"{visit.number(row.memory / MEGABYTE)} MB",
        tr("For"): visit.seconds(time.time() - row.since),
    }


draw(this_visit())
