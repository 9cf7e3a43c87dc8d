"""The script that every visit runs: language, theme, navigation."""

import os
from pathlib import Path

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.language import LANGUAGES
from mlmtune_core.people import is_class
from pages.lessons.link import keep_fixed, read_fixed
from pages.shared.choice import choice
from pages.shared.projector import draw_projector
from pages.shared.visit import Visit, begin_visit, show_error
from pages.shell.entrance import ask_name_and_code, draw_name, recognise
from pages.shell.glossary import draw_glossary
from pages.shell.sign_in import SignedIn, draw_way_out, signed_in
from pages.shell.tour import draw_tour

PAGES = Path(__file__).parent
ICON, STYLE = PAGES / "shell" / "icon.png", PAGES / "shell" / "page.css"
FOLDERS = {"inspect": "inspecting"}  # address -> folder where they differ: a package named inspect would hide the standard library's


def main() -> None:
    """Begins the visit, asks who it is if the server wants to know, and draws the page of the address once its visitor is admitted."""
    st.set_page_config(page_title="mlmtune", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    visit = begin_visit()
    try:
        signed = signed_in(visit)
        _draw(recognise(visit, signed) if signed else visit, signed)
    except UserError as error:
        show_error(error)


def _draw(visit: Visit, signed: SignedIn | None) -> None:
    pages = _make_pages(visit)
    st.session_state["pages"] = pages
    let_in = visit.person.admitted
    keep_fixed()
    page = st.navigation(list(pages.values()), position="top" if let_in and not read_fixed().locked else "hidden")
    greeting = page is pages["home"] or not let_in
    title = visit.tr("See what fine-tuning does to a language model") if greeting else page.title.lstrip("0123456789 ")
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.title(title, anchor=False, width="stretch")
        if signed:
            draw_way_out(visit, signed)
        elif is_class() and let_in:
            draw_name(visit)
        if let_in:
            draw_glossary(visit)
            draw_projector(visit)
        _offer_languages(visit)
    if let_in:
        draw_tour(visit, page.url_path or "home")
        page.run()
    else:
        ask_name_and_code(visit)


def _make_pages(visit: Visit) -> dict[str, st.Page]:
    """Returns all pages by name; only teachers see the teacher's, and the workers' page appears only with a cluster."""
    tr = visit.tr
    titles = {
        "home": tr("Start here"),
        "data": tr("Data"),
        "train": tr("Train"),
        "watch": tr("Watch"),
        "inspect": tr("Inspect"),
        "explore": tr("Explore"),
        "compare": tr("Compare"),
        "lessons": tr("Lessons"),
        "teacher": tr("Class"),
    }
    if os.environ.get("MLMTUNE_SCHEDULER"):
        titles["workers"] = tr("Workers")
    return {
        name: st.Page(
            PAGES / FOLDERS.get(name, name) / "page.py",
            title=title if name in ("home", "lessons", "workers") else f"{number} {title}",
            url_path="" if name == "home" else name,
            default=name == "home",
            visibility="visible" if name != "teacher" or visit.person.is_teacher else "hidden",
        )
        for number, (name, title) in enumerate(titles.items())
    }


def _offer_languages(visit: Visit) -> None:
    chosen = choice(
        st.segmented_control,
        visit.tr("Language"),
        LANGUAGES,
        "language",
        default=visit.language,
        label_visibility="collapsed",
        required=True,
    )
    if chosen != visit.language:
        st.session_state["lang"] = chosen
        st.query_params["lang"] = chosen
        st.rerun()


main()
