"""The script that every visit runs: language, theme, navigation."""

import os
from pathlib import Path

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.translating import LANGUAGES
from pages.parts.choice import choice
from pages.parts.sign_in import SignedIn, draw_way_out, signed_in
from pages.parts.visit import Visit, begin_visit, show_error

ICON = Path(__file__).parent / "parts" / "icon.png"


def main() -> None:
    """Begins the visit, asks who it is where that is wanted, and draws the page of the address."""
    st.set_page_config(page_title="mlmtune", page_icon=str(ICON), layout="wide")
    visit = begin_visit()
    try:
        _draw(visit, signed_in(visit))
    except UserError as error:
        show_error(error)


def _draw(visit: Visit, person: SignedIn | None) -> None:
    tr = visit.tr
    titles = {
        "home": tr("Start here"),
        "data": tr("Data"),
        "train": tr("Train"),
        "watch": tr("Watch"),
        "inspect": tr("Inspect"),
    }
    if os.environ.get("MLMTUNE_SCHEDULER"):
        titles["workers"] = tr("Workers")
    pages = {
        name: st.Page(
            f"{name}.py",
            title=title if name in ("home", "workers") else f"{number} {title}",
            url_path="" if name == "home" else name,
            default=name == "home",
        )
        for number, (name, title) in enumerate(titles.items())
    }
    st.session_state["pages"] = pages
    page = st.navigation(list(pages.values()), position="top")
    title, corner = st.columns([4, 1], vertical_alignment="center")
    titles["home"] = tr("See what fine-tuning does to a language model")
    title.title(titles[page.url_path or "home"], anchor=False)
    with corner.container(horizontal=True, horizontal_alignment="right"):
        if person:
            draw_way_out(visit, person)
        _offer_languages(visit)
    page.run()


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
