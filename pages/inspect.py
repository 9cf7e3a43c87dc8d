"""One trained model on one input: probabilities, logits."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import charts, engine
from mlmtune_core.errors import UserError
from mlmtune_core.run_store import Run, open_run
from pages.parts.choice import choice
from pages.parts.names import strategy_name, task_names
from pages.parts.token_row import token_row
from pages.parts.token_strip import token_strip
from pages.parts.visit import Visit, go_to, literal, remembered, show_error, this_visit

CHAPTER_SENTENCE = "A Apple foi fundada por Steve Jobs na Califórnia"
EXAMPLES_OFFERED = 200


def draw(visit: Visit) -> None:
    """Ask, then the answer: logits, probabilities, and all of it as a table."""
    tr = visit.tr
    if not remembered("run"):
        st.info(tr("There is no trained model in this visit yet. Train one, or open the link of a run."), icon=":material/arrow_back:")
        if st.button(tr("Set up a run"), key="set_up", type="primary"):
            go_to("train")
        return
    run = open_run(remembered("run"))
    about = run.about()
    st.caption(literal(f"{about['data']['name']} · {task_names(tr)[about['config']['task']]} · {strategy_name(tr, about['config']['strategy'])}"))
    question = _ask(visit, run)
    if question is None:
        return
    try:
        with st.spinner(tr("Asking the model…")):
            answer = _answer(run.id, (run.best_folder / "weights.safetensors").stat().st_mtime_ns if run.best_folder.is_dir() else 0, *question)
    except UserError as error:
        show_error(error)
        return
    (_draw_words if "words" in answer else _draw_label)(visit, answer)


def _ask(visit: Visit, run: Run) -> tuple[str, str | int] | None:
    """("predict", text) or ("predict_example", row), or None while nothing is asked."""
    tr = visit.tr
    ways = {"type": tr("Type a sentence"), "example": tr("Pick a validation example")}
    way = choice(st.segmented_control, tr("Input"), ways, "way", required=True, label_visibility="collapsed")
    if way == "example":
        return "predict_example", _pick_example(visit, run)
    if st.button(tr("The chapter's sentence: {sentence}").format(sentence=CHAPTER_SENTENCE), key="chapter", icon=":material/menu_book:", type="tertiary"):
        st.session_state["sentence"] = CHAPTER_SENTENCE
    text = st.text_input(tr("Sentence"), key="sentence", placeholder=tr("Write a sentence and press Enter"), persist_state="session")
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


def _draw_label(visit: Visit, answer: dict[str, Any]) -> None:
    tr = visit.tr
    st.subheader(tr("Answer: {label} ({probability})").format(label=literal(answer["label"]), probability=visit.percent(answer["probabilities"][answer["label"]], 1)))
    if "true" in answer:
        right = answer["true"] == answer["label"]
        st.markdown(("✓ " if right else "✗ ") + (tr("The label in the data is the same.") if right else tr("The label in the data is {label}.").format(label=literal(answer["true"]))))
    st.markdown(tr("The head turns the vector of [CLS] into one number per label, the **logits** z = hW + b. **Softmax** turns them into probabilities that sum to 1.").replace("[CLS]", r"\[CLS\]"))
    figure = charts.plot_logits(answer["logits"], answer["probabilities"], tr("Logit z (no unit)"), tr("Probability, softmax(z)"), visit.separators)
    st.plotly_chart(figure, key="logits", alt=tr("Bars: the logit of every label, and its probability beside it."), config={"displaylogo": False})
    token_row(answer["tokens"], [], "", 0, tr)
    if answer["cut"]:
        st.warning(tr("The text was too long: its last {count} sub-words were cut off.").format(count=answer["cut"]))
    table = pd.DataFrame({tr("Label"): list(answer["logits"]), tr("Logit"): list(answer["logits"].values()), tr("Probability"): list(answer["probabilities"].values())})
    _draw_table(visit, table.sort_values(tr("Probability"), ascending=False), [tr("Probability")])


def _draw_words(visit: Visit, answer: dict[str, Any]) -> None:
    tr, words = visit.tr, answer["words"]
    st.markdown(tr("Every word has its own softmax. The colour is the most likely tag; point at a word to see the probabilities of all tags, click to keep it."))
    label_names = list(words[0]["probabilities"])
    texts = {"probability": tr("probab."), "logit": tr("logit"), "pieces": tr("sub-words"), "alt": tr("The words of the sentence with their most likely tags")}
    token_strip(words, label_names, texts, key="strip", separators=visit.separators)
    if "true" in answer:
        wrong = [f"{word['word']} ({true})" for word, true in zip(words, answer["true"], strict=True) if word["label"] != true]
        st.markdown(literal(tr("All tags are as in the data.") if not wrong else tr("Different in the data: {words}.").format(words=", ".join(wrong))))
    rows = [{tr("Word"): word["word"], tr("Sub-words"): " ".join(word["pieces"]), tr("Tag"): word["label"],
             **word["probabilities"], **{f"z({name})": value for name, value in word["logits"].items()}} for word in words]
    _draw_table(visit, pd.DataFrame(rows), label_names)


def _draw_table(visit: Visit, table: pd.DataFrame, probability_columns: list[str]) -> None:
    """All numbers, sortable and downloadable; probabilities as bars."""
    tr = visit.tr
    st.markdown("**" + tr("All of it as a table") + "**")
    bars = {name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=1) for name in probability_columns}
    st.dataframe(table, hide_index=True, column_config=bars, key="answer_table")


draw(this_visit())
