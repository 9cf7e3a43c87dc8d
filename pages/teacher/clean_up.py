"""Deletes old runs, or those of one person, counted and weighed before."""

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.people import find_person_name
from mlmtune_core.runs.limits import forget_disk_use
from mlmtune_core.runs.owned_runs import measure_runs, owners, runs_of, runs_older_than
from mlmtune_core.runs.run import Run
from mlmtune_core.workers import engine
from pages.shared.choice import choice
from pages.shared.visit import Visit, literal, show_error
from pages.watch.buttons import act

MB = 2**20
DAYS = 30
ASKING = "runs_to_delete"  # session key of the runs that a teacher is being asked about


def ask_clean_up(visit: Visit) -> None:
    """Asks which runs; says how many they are and their size; deletes them after a confirmation."""
    tr = visit.tr
    kinds = {"age": tr("Old runs, of everybody"), "person": tr("The runs of one person")}
    kind = choice(st.radio, tr("What may go?"), kinds, "clean_kind", horizontal=True)
    queue = engine.current().queue
    busy = {*queue.under_way(), *queue.order()}
    if kind == "age":
        title = tr("Older than so many days since their last step")
        runs = runs_older_than(st.number_input(title, 0, 3650, DAYS, key="clean_days", width=420), busy)
    else:
        names = {owner: f"{find_person_name(owner) or tr('nobody')} ({count})" for owner, count in owners().items()}
        if not names:
            st.info(tr("Nobody has started a run yet."), icon=":material/hourglass_empty:")
            return
        chosen = choice(st.selectbox, tr("Person (runs)"), names, "clean_person", width=420)
        runs = [run for run in runs_of(chosen) if run.id not in busy]
    size = _weigh(visit, runs)
    st.markdown(tr("Runs: **{count}**, **{size} MB**. Those that wait or are under way stay.").format(count=visit.number(len(runs)), size=size))  # fmt: skip
    if st.button(tr("Delete them"), key="clean", type="primary", disabled=not runs, icon=":material/delete_sweep:"):
        st.session_state[ASKING] = [run.id for run in runs]
    asked = [run for run in runs if run.id in st.session_state.get(ASKING, ())]  # not runs that were added in the meantime
    if asked:
        title = tr("Delete these runs ({count})?").format(count=visit.number(len(asked)))
        st.dialog(title, on_dismiss=_keep)(_ask_once_more)(visit, asked)
    if "cleaned" in st.session_state:
        st.success(tr("Runs deleted: {count}.").format(count=visit.number(st.session_state.pop("cleaned"))))


def _ask_once_more(visit: Visit, runs: list[Run]) -> None:
    tr, size = visit.tr, _weigh(visit, runs)
    people = sorted({find_person_name(run.owner()) or tr("nobody") for run in runs})
    st.markdown(tr("Their curves and models will be gone: {size} MB, runs of {people}. This cannot be undone.").format(size=size, people=literal(", ".join(people))))  # fmt: skip
    with st.container(horizontal=True):
        if st.button(tr("Delete them all"), key="clean_yes", type="primary", icon=":material/delete:"):
            st.session_state["cleaned"] = _delete(visit, runs)
            _keep()
            st.rerun()
        if st.button(tr("Keep them"), key="clean_no"):
            _keep()
            st.rerun()


def _weigh(visit: Visit, runs: list[Run]) -> str:
    return visit.number(measure_runs(runs) / MB, 1)


def _keep() -> None:
    st.session_state.pop(ASKING, None)


def _delete(visit: Visit, runs: list[Run]) -> int:
    """Returns how many were deleted; skips one that is gone already, or has started in the meantime."""
    done = 0
    for run in runs:
        try:
            act(visit.person, run, "delete")
            done += 1
        except UserError as error:
            show_error(error)
    forget_disk_use()
    return done
