"""One trained model: on one input, probabilities and logits; on all that it was measured with, right and wrong."""

from typing import Any

import streamlit as st

from mlmtune_core import engine
from mlmtune_core.data.columns import asked_roles
from mlmtune_core.errors import UserError
from mlmtune_core.run_shelf import find_run
from mlmtune_core.run_store import Run
from pages.parts.answer_view import draw_answer
from pages.parts.choice import choice
from pages.parts.names import role_names, split_names
from pages.parts.review_view import draw_review
from pages.parts.run_header import open_run_or_ask
from pages.parts.visit import Visit, show_error, this_visit

CHAPTER_SENTENCE = "A Apple foi fundada por Steve Jobs na Califórnia"
EXAMPLES_OFFERED = 200
REVIEW_SECONDS = 120.0


def draw(visit: Visit) -> None:
    """One run, and what it is asked: a question draws its own part of the page anew, not the whole."""
    sentence = visit.tr("There is no trained model in this visit yet. Train one, or open the link of a run.")
    run = open_run_or_ask(visit, sentence)
    if run is not None:
        st.fragment(_draw_questions)(visit, run)


def _draw_questions(visit: Visit, run: Run) -> None:
    """Ask one thing and see the whole answer; or look at all answers together."""
    tr = visit.tr
    ways = {
        "type": tr("Type an input"),
        "example": tr("Pick a validation example"),
        "review": tr("All that it was measured with"),
    }
    way = choice(st.segmented_control, tr("Input"), ways, "way", required=True, label_visibility="collapsed")
    try:
        if way == "review":
            _draw_review(visit, run)
            return
        asked = _pick_example(visit, run) if way == "example" else _type_input(visit, run)
        if asked is not None:
            with st.spinner(tr("Asking the model…")):
                answer = _ask(run.id, _changed(run), *asked)
            draw_answer(visit, run, answer)
    except UserError as error:
        show_error(error)


def _type_input(visit: Visit, run: Run) -> tuple[Any, ...] | None:
    """("predict", texts...) once all that the task asks about is written."""
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
    return ("predict", *texts) if all(text.strip() for text in texts) else None


def _pick_example(visit: Visit, run: Run) -> tuple[Any, ...]:
    frame = run.data()
    examples = frame[frame["split"] == "validation"].head(EXAMPLES_OFFERED)
    read = examples["words"].map(" ".join) if "words" in examples else examples["question" if "question" in examples else "text"]  # fmt: skip
    seconds = examples["second_text"] if "second_text" in examples else [""] * len(examples)
    labels = {
        int(row): f"{row}: {text[:110]}" + (f" ‖ {second[:80]}" if second else "")
        for row, text, second in zip(examples["row"], read, seconds, strict=True)
    }
    title = visit.tr("Validation example (row: text)")
    return "predict_example", choice(st.selectbox, title, labels, f"example_{run.id}")


def _draw_review(visit: Visit, run: Run) -> None:
    sides = [side for side in ("validation", "test") if run.has_predictions(side)]
    side = "validation"
    if len(sides) > 1:
        names = {side: split_names(visit.tr)[side] for side in sides}
        side = choice(st.segmented_control, visit.tr("Examples"), names, "review_side", required=True)
    with st.spinner(visit.tr("Counting…")):
        draw_review(visit, run.config().task, _review(run.id, _changed(run), side))


def _changed(run: Run) -> int:
    """When the kept weights were written: answers of older ones are not shown."""
    return run.weights_file.stat().st_mtime_ns if run.weights_file.is_file() else 0


@st.cache_data(max_entries=128, show_spinner=False)
def _find_roles(run_id: str) -> tuple[str, tuple[str, ...]]:
    """(task, what it asks about) of a run: they never change."""
    run = find_run(run_id)
    task = run.config().task
    return task, asked_roles(task, run.data().columns)


@st.cache_data(max_entries=128, show_spinner=False)
def _ask(run_id: str, changed: int, function: str, *question: str | int) -> dict[str, Any]:
    """What the best model answers; asked once for the same weights and input."""
    return engine.current().ask(f"mlmtune_core.predicting:{function}", run_id, *question)


@st.cache_data(max_entries=32, show_spinner=False)
def _review(run_id: str, changed: int, side: str) -> dict[str, Any]:
    """What the best model got right and wrong."""
    return engine.current().ask("mlmtune_core.reviewing:review", run_id, side, seconds=REVIEW_SECONDS)


draw(this_visit())
