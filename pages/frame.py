"""The script that every visit runs: language, theme, navigation."""

from pathlib import Path

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.translating import LANGUAGES
from pages.parts.choice import choice
from pages.parts.entrance import ask_name_and_code
from pages.parts.visit import Visit, begin_visit, show_error

ICON = Path(__file__).parent / "parts" / "icon.png"


def main() -> None:
    """Begins the visit, offers the languages and runs the page of the address, once its visitor was let in."""
    st.set_page_config(page_title="mlmtune", page_icon=str(ICON), layout="wide")
    visit = begin_visit()
    pages = _make_pages(visit)
    st.session_state["pages"] = pages
    page = st.navigation(list(pages.values()), position="top" if visit.person.admitted else "hidden")
    title, corner = st.columns([4, 1], vertical_alignment="center")
    greeting = page is pages["home"] or not visit.person.admitted
    title.title(
        visit.tr("See what fine-tuning does to a language model") if greeting else page.title.partition(" ")[2],
        anchor=False,
    )
    with corner.container(horizontal=True, horizontal_alignment="right"):
        _offer_languages(visit)
    if not visit.person.admitted:
        ask_name_and_code(visit)
        return
    try:
        page.run()
    except UserError as error:
        show_error(error)


def _make_pages(visit: Visit) -> dict[str, st.Page]:
    """All pages by name; the teacher's stands in the navigation of teachers only."""
    tr = visit.tr
    titles = {
        "home": tr("Start here"),
        "data": tr("Data"),
        "train": tr("Train"),
        "watch": tr("Watch"),
        "inspect": tr("Inspect"),
        "teacher": tr("Class"),
    }
    return {
        name: st.Page(
            f"{name}.py",
            title=title if name == "home" else f"{number} {title}",
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
