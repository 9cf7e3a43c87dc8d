"""A trained model to take home: prepared by a click, as an archive that plain transformers opens"""

import streamlit as st

from mlmtune_core import engine
from mlmtune_core.run_store import Run
from pages.parts.addresses import MODEL_ROUTE
from pages.parts.visit import Visit

SECONDS = 300.0
OPEN_WHOLE = """from transformers import AutoTokenizer, {kind}

tokenizer = AutoTokenizer.from_pretrained("model")
model = {kind}.from_pretrained("model")
"""
OPEN_PARTS = """python model/predict.py "A text" "Its second text, where there are pairs"
"""


def draw_take_home(visit: Visit, run: Run) -> None:
    """What is in the archive, the button that makes it, the link, and the lines that open it."""
    tr = visit.tr
    st.markdown(
        tr("The best model as a folder for plain **transformers**, without mlmtune. Where transformers has the same head (words, questions, and texts with the pooler head) its own class opens it; else encoder and head come apart, with a short script that joins them. Its own class is offered only where its answers to some examples agree to 0.0001.")
    )  # fmt: skip
    key = f"taken_{run.id}"
    if st.button(tr("Prepare the archive"), key="take_home", icon=":material/inventory_2:"):
        with st.spinner(tr("Writing the model and comparing answers…")):
            st.session_state[key] = engine.current().ask("mlmtune_core.exporting:zip_model", run.id, seconds=SECONDS)
    if key not in st.session_state or not run.export_file.is_file():
        return
    kind, size = st.session_state[key], run.export_file.stat().st_size / 1e6
    address = MODEL_ROUTE.replace("{run_id:path}", run.id)
    title = tr("Download model.zip ({size} MB)").format(size=visit.number(size))
    st.link_button(title, address, icon=":material/download:", type="primary", key="take_home_link")
    st.markdown(tr("Unpack it, and in the folder beside it:"))
    st.code(OPEN_WHOLE.format(kind=kind) if kind else OPEN_PARTS, language="python" if kind else "shell")
    st.caption(tr("The archive goes after a day; it can be made again at any time."))
