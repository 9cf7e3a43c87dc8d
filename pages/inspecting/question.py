"""What a model is asked: a typed input or an evaluated example, and which of its answers is shown."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.data.columns import input_roles
from mlmtune_core.names import role_names, split_names
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import find_run
from pages.shared.choice import choice
from pages.shared.visit import Visit

CHAPTER_SENTENCE = "A Apple foi fundada por Steve Jobs na Califórnia"
EXAMPLES_OFFERED = 200
ANSWERS = {"typed": "mlmtune_core.inspecting.predicting:predict", "example": "mlmtune_core.inspecting.predicting:predict_example"}  # session keys of answers to an input
WORD_KEY = "arithmetic_word"  # session key of the word whose answer is shown


def offer_chapter(visit: Visit, run: Run) -> None:
    """Draws a button that writes the chapter's sentence, for tasks on one sentence."""
    tr, (task, _) = visit.tr, _find_roles(run.id)
    if task in ("sequence_classification", "token_classification") and st.button(
        tr("The chapter's sentence: {sentence}").format(sentence=CHAPTER_SENTENCE),
        key="chapter",
        icon=":material/menu_book:",
        type="tertiary",
    ):
        st.session_state["sentence"] = CHAPTER_SENTENCE


def ask_input(visit: Visit, run: Run) -> tuple[Any, ...] | None:
    """Returns what is asked, typed or picked (see `type_input` and `pick_example`); None before it is complete."""
    tr = visit.tr
    sources = {"type": tr("Type an input"), "example": tr("Pick a validation example")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = choice(st.segmented_control, tr("Input"), sources, "source", required=True, label_visibility="collapsed")
        if source == "example":
            return pick_example(visit, run)
        offer_chapter(visit, run)
    return type_input(visit, run)


def type_input(visit: Visit, run: Run) -> tuple[Any, ...] | None:
    """Returns ("typed", texts...) once all texts of the task are written."""
    tr, names = visit.tr, role_names(visit.tr)
    _, roles = _find_roles(run.id)
    texts = []
    for role, place in zip(roles, st.columns(len(roles)), strict=True):
        with place:
            if len(roles) == 1:
                hint = tr("Write a sentence and press Enter")
                texts.append(st.text_input(tr("Sentence"), key="sentence", placeholder=hint, label_visibility="collapsed", persist_state="session"))  # fmt: skip
            else:
                texts.append(st.text_area(names[role], key=f"typed_{role}", height=120, persist_state="session"))
    return ("typed", *texts) if all(text.strip() for text in texts) else None


def pick_example(visit: Visit, run: Run) -> tuple[Any, ...]:
    """Returns ("example", its row) of an evaluated one, and the split if it is another: the first, or the one that was opened."""
    tr, key = visit.tr, f"example_{run.id}"
    side, frame = ask_side(visit, run, "example_side"), run.data()
    examples = frame[frame["split"] == side]
    first, opened = examples.head(EXAMPLES_OFFERED), examples[examples["row"] == st.session_state.get(key)]
    offered = pd.concat([first, opened]).drop_duplicates("row")
    read = offered["words"].map(" ".join) if "words" in offered else offered["question" if "question" in offered else "text"]  # fmt: skip
    seconds = offered["second_text"] if "second_text" in offered else [""] * len(offered)
    labels = {
        int(row): f"{row}: {text[:110]}" + (f" ‖ {second[:80]}" if second else "")
        for row, text, second in zip(offered["row"], read, seconds, strict=True)
    }
    title = tr("Validation example (row: text)") if side == "validation" else tr("Test example (row: text)")
    row = choice(st.selectbox, title, labels, key)
    return ("example", row) if side == "validation" else ("example", row, side)


def ask_side(visit: Visit, run: Run, key: str) -> str:
    """Asks which evaluated examples: those of validation or, if there are any, of the test."""
    sides = [side for side in ("validation", "test") if run.has_predictions(side)]
    if len(sides) < 2:
        return "validation"
    names = {side: split_names(visit.tr)[side] for side in sides}
    return choice(st.segmented_control, visit.tr("Examples"), names, key, required=True)


def ask_place(visit: Visit, answer: dict[str, Any]) -> int:
    """Asks which of several answers: that of a word, or the start or the end of a span."""
    tr = visit.tr
    if answer["view"] == "words":
        words = {i: f"{i + 1}: {word['word']}" for i, word in enumerate(answer["words"])}
        return choice(st.selectbox, tr("Word"), words, WORD_KEY)
    if answer["view"] == "span":
        return choice(st.radio, tr("Which end of the answer"), {0: tr("Start of the answer"), 1: tr("End of the answer")}, "arithmetic_end", horizontal=True)
    return 0


@st.cache_data(max_entries=128, show_spinner=False)
def _find_roles(run_id: str) -> tuple[str, tuple[str, ...]]:
    """Returns (task, its input roles) of a run: they never change."""
    run = find_run(run_id)
    task = run.config().task
    return task, input_roles(task, run.data().columns)
