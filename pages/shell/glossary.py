"""The glossary in the corner of every page, with a search; and the tour once more."""

from dataclasses import asdict
from pathlib import Path

import streamlit as st

from mlmtune_core.glossary import list_terms
from pages.shared.visit import Visit
from pages.shell.tour import offer_again

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "mlmtune_glossary_list",
    html='<div class="glossary"></div>',
    js=(HERE / "glossary.js").read_text(encoding="utf-8"),
    css=(HERE / "glossary.css").read_text(encoding="utf-8"),
)


def draw_glossary(visit: Visit) -> None:
    """Draws a button; its content is sent only while it is open."""
    tr = visit.tr
    opened = st.popover(tr("Glossary"), icon=":material/menu_book:", key="glossary", on_change="rerun")
    if opened.open:
        with opened:
            texts = {"seek": tr("Seek a term"), "none": tr("No term holds this."), "see": tr("See also")}
            _component(key="glossary_list", data={"terms": [asdict(term) for term in list_terms(tr)], "texts": texts})
            offer_again(visit, "tour_from_glossary")
