"""The page of the class: everyone's runs and the queue, results, and cleaning up."""

import streamlit as st

from mlmtune_core.errors import PeopleError, RunError
from mlmtune_core.people import is_class
from mlmtune_core.runs.results import make_results
from mlmtune_core.runs.shelf import list_runs, open_run
from mlmtune_core.workers import engine
from pages.shared.choice import choice
from pages.shared.visit import Visit, show_error, this_visit
from pages.shell.entrance import ask_teacher_code
from pages.teacher.class_table import draw_results, draw_runs
from pages.teacher.clean_up import ask_clean_up
from pages.watch.buttons import HOLD, RELEASE, TO_DELETE, act_on_queue, ask_before_deleting

REFRESH_SECONDS = 2.5


def draw(visit: Visit) -> None:
    """Draws, for teachers, what is under way, the results, and what may be deleted. For others a sentence, and the way in."""
    tr = visit.tr
    if not is_class():
        raise PeopleError("There is no class on this server. It has one once MLMTUNE_TEACHER_CODE is set.")
    if not visit.person.is_teacher:
        show_error(PeopleError("This page is for teachers."))
        ask_teacher_code(visit)
        return
    _finish_deleting(visit)
    ways = {"runs": tr("Runs and queue"), "results": tr("Results"), "clean_up": tr("Clean up")}
    way = choice(st.segmented_control, tr("View"), ways, "class_way", required=True, label_visibility="collapsed")
    if way == "clean_up":
        ask_clean_up(visit)
    else:
        st.fragment(_draw_live, run_every=REFRESH_SECONDS)(visit, way)


def _draw_live(visit: Visit, way: str) -> None:
    queue = engine.current().queue
    table = make_results(list_runs(), queue.order())
    if way == "results":
        draw_results(visit, table)
        return
    _draw_queue(visit, len(queue.under_way()), queue.length(), queue.held)
    draw_runs(visit, table)


def _draw_queue(visit: Visit, under_way: int, waiting: int, held: bool) -> None:
    """Draws how much is under way, and the switch that holds the queue."""
    tr = visit.tr
    with st.container(horizontal=True, vertical_alignment="center"):
        counts = {"under_way": visit.number(under_way), "waiting": visit.number(waiting)}
        st.markdown(tr("Under way: **{under_way}** · waiting: **{waiting}**").format(**counts), width="content")
        what, title, icon = (RELEASE, tr("Continue the queue"), "play_arrow") if held else (HOLD, tr("Pause the queue"), "pause")  # fmt: skip
        if st.button(title, key=what, icon=f":material/{icon}:", type="primary" if held else "secondary"):
            act_on_queue(visit.person, what)
            st.rerun()
        if held:
            st.warning(tr("The queue is paused for everybody: runs under way go on, no other begins."), icon=":material/pause_circle:", width="stretch")


def _finish_deleting(visit: Visit) -> None:
    run_id = st.session_state.get(TO_DELETE, "")
    try:
        if run_id:
            ask_before_deleting(visit, open_run(run_id), afterwards="teacher")
    except RunError:  # already gone, as wanted
        st.session_state.pop(TO_DELETE, None)


draw(this_visit())
