"""One trained model on one input: probabilities, logits."""

from typing import Any

import streamlit as st

from mlmtune_core import engine
from mlmtune_core.errors import UserError
from mlmtune_core.run_store import Run
from pages.parts.answer_view import draw_label, draw_words
from pages.parts.choice import choice
from pages.parts.run_header import open_run_or_ask
from pages.parts.visit import Visit, show_error, this_visit

CHAPTER_SENTENCE = "A Apple foi fundada por Steve Jobs na Califórnia"
EXAMPLES_OFFERED = 200


def draw(visit: Visit) -> None:
    """Ask, then the answer: logits, probabilities, and all of it as a table."""
    tr = visit.tr
    run = open_run_or_ask(
        visit, tr("There is no trained model in this visit yet. Train one, or open the link of a run.")
    )
    if run is None:
        return
    question = _ask(visit, run)
    if question is None:
        return
    try:
        with st.spinner(tr("Asking the model…")):
            answer = _answer(
                run.id,
                (run.best_folder / "weights.safetensors").stat().st_mtime_ns if run.best_folder.is_dir() else 0,
                *question,
            )
    except UserError as error:
        show_error(error)
        return
    (draw_words if "words" in answer else draw_label)(visit, answer)


def _ask(visit: Visit, run: Run) -> tuple[str, str | int] | None:
    """("predict", text) or ("predict_example", row), or None while nothing is asked."""
    tr = visit.tr
    ways = {"type": tr("Type a sentence"), "example": tr("Pick a validation example")}
    way = choice(st.segmented_control, tr("Input"), ways, "way", required=True, label_visibility="collapsed")
    if way == "example":
        return "predict_example", _pick_example(visit, run)
    if st.button(
        tr("The chapter's sentence: {sentence}").format(sentence=CHAPTER_SENTENCE),
        key="chapter",
        icon=":material/menu_book:",
        type="tertiary",
    ):
        st.session_state["sentence"] = CHAPTER_SENTENCE
    text = st.text_input(
        tr("Sentence"), key="sentence", placeholder=tr("Write a sentence and press Enter"), persist_state="session"
    )
    return ("predict", text) if text.strip() else None


def _pick_example(visit: Visit, run: Run) -> int:
    frame = run.data()
    examples = frame[frame["split"] == "validation"].head(EXAMPLES_OFFERED)
    texts = examples["text"] if "text" in examples else examples["words"].map(" ".join)
    labels = {int(row): f"{row}: {text[:140]}" for row, text in zip(examples["row"], texts, strict=True)}
    return choice(st.selectbox, visit.tr("Validation example (row: text)"), labels, f"example_{run.id}")


@st.cache_data(max_entries=128, show_spinner=False)
def _answer(run_id: str, changed: int, function: str, question: str | int) -> dict[str, Any]:
    """What the best model answers; asked once for the same weights and input."""
    return engine.current().ask(f"mlmtune_core.predicting:{function}", run_id, question)


draw(this_visit())
