"""What can be done with a run, by whom and in which state, and the buttons for it."""

import streamlit as st

from mlmtune_core.data.uploads import require_access
from mlmtune_core.errors import PeopleError, RunError, UserError
from mlmtune_core.people import Person, find_person_name, is_class
from mlmtune_core.runs.limits import forget_disk_use
from mlmtune_core.runs.run import ENDED, Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.workers import engine
from pages.settings.form import fill_settings
from pages.shared.visit import Visit, go_to, literal, remembered, show_error

BROKEN = ("failed", "interrupted")
HOLD, RELEASE = "hold", "release"
TO_DELETE = "run_to_delete"  # session key of the run that a person is being asked about


def act(person: Person, run: Run, what: str) -> None:
    """Does one of pause, resume, stop, again, delete, move_up to a run.

    Raises PeopleError if the person may not, whatever a page has drawn, and RunError if the run is gone or not ready.
    """
    run, queue = open_run(run.id), engine.current().queue
    if not person.may_change(run.owner()):
        raise PeopleError("This run is somebody else's: you can look at it, but not change it.")
    if what == "move_up":
        _demand_lead(person)
    if what == "delete" and run.id in queue.under_way():
        raise RunError("This run is going on. Stop it first, then delete it.")
    if what == "delete":
        queue.drop(run)
        run.delete()
        forget_disk_use()
    elif what == "again":
        run.delete_last()
        queue.resume(run)
    else:
        {"pause": queue.pause, "resume": queue.resume, "stop": queue.stop, "move_up": queue.move_up}[what](run)


def act_on_queue(person: Person, what: str) -> None:
    """HOLD: no waiting run begins, those under way go on; RELEASE: they begin again. Raises PeopleError if the person may not."""
    _demand_lead(person)
    queue = engine.current().queue
    {HOLD: queue.hold, RELEASE: queue.release}[what]()


def draw_buttons(visit: Visit, run: Run, state: str) -> None:
    """Draws the buttons that this state and this person allow."""
    tr = visit.tr
    there = state in (*ENDED, "interrupted", "paused") and run.best_folder.is_dir()
    if there and st.button(tr("Open the model"), key="to_inspect", type="primary", icon=":material/search:"):
        go_to("inspect")
    if not visit.person.may_change(run.owner()):
        return
    if state in (*ENDED, *BROKEN):
        _draw_ended(visit, run, state)
    else:
        _draw_living(visit, run, state)
    _draw_delete(visit, run)


def draw_class_buttons(visit: Visit, run_id: str, state: str, waits: bool) -> None:
    """Draws what a teacher can do to one run of the class."""
    tr, run = visit.tr, open_run(run_id)
    if st.button(tr("Look at it"), key="class_open", icon=":material/visibility:"):
        go_to("watch", run=run_id)
    if waits:
        _draw_act(
            visit, run, "move_up", tr("To the front"), ":material/vertical_align_top:", tr("The next one to begin.")
        )
    if state not in (*ENDED, *BROKEN):
        _draw_living(visit, run, state)
    _draw_delete(visit, run)


def ask_before_deleting(visit: Visit, run: Run, afterwards: str = "train") -> None:
    """Opens the dialog, if Delete was pressed for this run; `afterwards` is the page that follows."""
    if st.session_state.get(TO_DELETE) == run.id:
        dialog = st.dialog(visit.tr("Delete this run?"), icon=":material/delete:", on_dismiss=_keep)
        dialog(_ask_deletion)(visit, run, afterwards)


def train_alike(visit: Visit, run: Run) -> None:
    """Opens Train with the settings of a run, on its data if this person may use them, else on those of the visit."""
    fill_settings(run.config())
    data_id = run.about()["data"].get("id", "")
    try:
        require_access(data_id, visit.person)
    except PeopleError:
        data_id = ""
    go_to("train", data=data_id or remembered("data"))


def _draw_ended(visit: Visit, run: Run, state: str) -> None:
    tr = visit.tr
    if state in BROKEN:
        _draw_act(visit, run, "resume", tr("Continue"), ":material/resume:", tr("Goes on where the run last stood."))
        _draw_act(visit, run, "again", tr("Begin again"), ":material/replay:", tr("From the first step, once more."))
    if st.button(tr("Change a setting and train again"), key="change", icon=":material/tune:"):
        train_alike(visit, run)


def _draw_living(visit: Visit, run: Run, state: str) -> None:
    tr, wish = visit.tr, run.control()
    if state == "paused":
        _draw_act(visit, run, "resume", tr("Continue"), ":material/resume:", tr("Goes on where the run last stood."))
    elif state != "queued":
        hint = tr("Lets another run have the worker; this one can go on later where it stood.")
        _draw_act(visit, run, "pause", tr("Pause"), ":material/pause:", hint, wish in ("pause", "stop"))
    hint = tr("Stops within a step and keeps the best model so far.")
    _draw_act(visit, run, "stop", tr("Stop"), ":material/stop:", hint, wish == "stop")


def _draw_act(visit: Visit, run: Run, what: str, title: str, icon: str, hint: str, disabled: bool = False) -> None:
    if st.button(title, key=what, icon=icon, help=hint, disabled=disabled) and try_act(visit, run, what):
        st.rerun()


def try_act(visit: Visit, run: Run, what: str) -> bool:
    """As `act`, for the person of a visit; shows the error as a message."""
    try:
        act(visit.person, run, what)
    except UserError as error:
        show_error(error)
        return False
    return True


def _draw_delete(visit: Visit, run: Run) -> None:
    ready = run.id not in engine.current().queue.under_way()
    if ready and st.button(visit.tr("Delete"), key="delete", icon=":material/delete:"):
        st.session_state[TO_DELETE] = run.id
        st.rerun()  # the dialog belongs to the page: this part is redrawn every two seconds


def _ask_deletion(visit: Visit, run: Run, afterwards: str) -> None:
    tr, whose = visit.tr, find_person_name(run.owner()) if is_class() else ""
    told = " · ".join(text for text in (whose, run.about()["data"]["name"]) if text)
    sentence = tr(
        "{name}: its curves and its model will be gone for everybody who has the link. This cannot be undone."
    )
    st.markdown(sentence.format(name=f"**{literal(told)}**"))
    with st.container(horizontal=True):
        pressed = st.button(tr("Delete it"), key="delete_yes", type="primary", icon=":material/delete:")
        if pressed and try_act(visit, run, "delete"):
            _keep()
            go_to(afterwards, run="")
        if st.button(tr("Keep it"), key="delete_no"):
            _keep()
            st.rerun()


def _keep() -> None:
    st.session_state.pop(TO_DELETE, None)


def _demand_lead(person: Person) -> None:
    if not person.may_act_as_teacher():
        raise PeopleError("Only a teacher may order the queue.")
