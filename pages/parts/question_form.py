"""What a trained model is asked: a typed input, or an example that it was measured with; and which of its answers is looked at"""

from typing import Any

import streamlit as st

from mlmtune_core.data.columns import asked_roles
from mlmtune_core.names import role_names
from mlmtune_core.run_shelf import find_run
from mlmtune_core.run_store import Run
from pages.parts.choice import choice
from pages.parts.visit import Visit

CHAPTER_SENTENCE = "A Apple foi fundada por Steve Jobs na Califórnia"
EXAMPLES_OFFERED = 200


def type_input(visit: Visit, run: Run) -> tuple[Any, ...] | None:
    """("typed", texts...) once all that the task asks about is written."""
    tr, names = visit.tr, role_names(visit.tr)
    task, roles = _find_roles(run.id)
    if task in ("sequence_classification", "token_classification") and st.button(
        tr("The chapter's sentence: {sentence}").format(sentence=CHAPTER_SENTENCE),
        key="chapter",
        icon=":material/menu_book:",
        type="tertiary",
    ):
        st.session_state["sentence"] = CHAPTER_SENTENCE
    texts = []
    for role, place in zip(roles, st.columns(len(roles)), strict=True):
        with place:
            if len(roles) == 1:
                hint = tr("Write a sentence and press Enter")
                texts.append(st.text_input(tr("Sentence"), key="sentence", placeholder=hint, persist_state="session"))
            else:
                texts.append(st.text_area(names[role], key=f"typed_{role}", height=120, persist_state="session"))
    return ("typed", *texts) if all(text.strip() for text in texts) else None


def pick_example(visit: Visit, run: Run) -> tuple[Any, ...]:
    """("example", its row) of one of the first examples that were measured with."""
    frame = run.data()
    examples = frame[frame["split"] == "validation"].head(EXAMPLES_OFFERED)
    read = examples["words"].map(" ".join) if "words" in examples else examples["question" if "question" in examples else "text"]  # fmt: skip
    seconds = examples["second_text"] if "second_text" in examples else [""] * len(examples)
    labels = {
        int(row): f"{row}: {text[:110]}" + (f" ‖ {second[:80]}" if second else "")
        for row, text, second in zip(examples["row"], read, seconds, strict=True)
    }
    title = visit.tr("Validation example (row: text)")
    return "example", choice(st.selectbox, title, labels, f"example_{run.id}")


def ask_place(visit: Visit, answer: dict[str, Any]) -> int:
    """Which of several answers: that of a word, or the start or the end of a span."""
    tr = visit.tr
    if answer["view"] == "words":
        words = {i: f"{i + 1}: {word['word']}" for i, word in enumerate(answer["words"])}
        return choice(st.selectbox, tr("Word"), words, "arithmetic_word")
    if answer["view"] == "span":
        return choice(st.radio, tr("Which end of the answer"), {0: tr("Start of the answer"), 1: tr("End of the answer")}, "arithmetic_end", horizontal=True)
    return 0


@st.cache_data(max_entries=128, show_spinner=False)
def _find_roles(run_id: str) -> tuple[str, tuple[str, ...]]:
    """(task, what it asks about) of a run: they never change."""
    run = find_run(run_id)
    task = run.config().task
    return task, asked_roles(task, run.data().columns)
