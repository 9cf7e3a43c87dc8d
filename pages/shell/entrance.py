"""The entrance: a name and the code of the class, asked once, before any page."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.people import MAX_NAME, admit, admit_token, class_code, find_person, is_class, rename
from pages.shared.visit import Visit, literal, read_cookie, read_token, show_error
from pages.shell.sign_in import SignedIn


def ask_name_and_code(visit: Visit) -> None:
    """Draws the form; whoever it admits gets the page that they came for."""
    tr, coded = visit.tr, bool(class_code())
    with st.form("entrance", width=520, border=True):
        st.subheader(tr("Welcome to the class"), anchor=False)
        st.markdown(tr("Your name stands beside the runs that you start, for your teacher and your class to see."))
        name = st.text_input(tr("Your name"), visit.person.name, MAX_NAME, key="entrance_name")
        title = tr("Code of the class") if coded else tr("Teacher's code (students leave it empty)")
        hint = tr("Your teacher has it. A teacher writes the teacher's code here.") if coded else None
        code = st.text_input(title, key="entrance_code", type="password", help=hint, autocomplete="off")
        pressed = st.form_submit_button(tr("Come in"), key="entrance_go", type="primary", icon=":material/login:")
    st.caption(tr("Nothing else is asked. This browser is known again by a cookie of this server."))
    if pressed:
        _change(admit, name, code, st.context.ip_address or "")


def recognise(visit: Visit, signed: SignedIn) -> Visit:
    """Returns the visit of somebody who signed in: the same person in every browser. Without a class code they are admitted."""
    st.session_state["signed_in_token"] = signed.token
    person = find_person(signed.token)
    if is_class() and not person.admitted and not class_code():
        person = admit(signed.token, signed.name)
    if is_class() and person.admitted and not find_person(read_cookie()).admitted:
        admit_token(read_cookie(), person.name)  # for the routes, which only get the cookie
    visit = replace(visit, person=person if person.name else replace(person, name=signed.name))
    st.session_state["visit"] = visit
    return visit


def ask_teacher_code(visit: Visit) -> None:
    """Draws the form by which an admitted person becomes a teacher."""
    with st.form("teacher_code", width=520, border=True):
        code = st.text_input(visit.tr("Teacher's code"), key="teacher_code_typed", type="password", autocomplete="off")
        pressed = st.form_submit_button(visit.tr("Open"), key="teacher_code_go", type="primary")
    if pressed and code.strip():
        _change(admit, visit.person.name, code, st.context.ip_address or "")


def draw_name(visit: Visit) -> None:
    """Draws who is visiting, and the place to correct a name."""
    tr = visit.tr
    hint = tr("Your name, as the class sees it")
    with st.popover(literal(visit.person.name), icon=":material/person:", help=hint, key="person"), st.form("rename", border=False):  # fmt: skip
        name = st.text_input(tr("Your name"), visit.person.name, MAX_NAME, key="new_name")
        pressed = st.form_submit_button(tr("Change the name"), key="rename_go")
        if pressed:
            _change(rename, name)


def _change(act: Callable[..., object], *what: str) -> None:
    """Redraws the page once it is done; or says why it is not."""
    try:
        act(read_token(), *what)
    except UserError as error:
        show_error(error)
        return
    st.rerun()
