"""What a model answered to one input: logits beside probabilities, words with tags, a number, a span; all of it as a table."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import charts
from mlmtune_core.names import role_names
from mlmtune_core.run_store import Run
from pages.parts.answer_table import draw_table
from pages.parts.figures import figure_config
from pages.parts.logit_bars import logit_bars
from pages.parts.span_view import draw_span
from pages.parts.token_row import token_row
from pages.parts.token_strip import token_strip
from pages.parts.visit import Visit, literal

NEIGHBOURS = 8


def draw_answer(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    """The answer in the way that its task names (`view`)."""
    views = {"labels": _draw_label, "words": _draw_words, "number": _draw_number, "span": draw_span}
    views[answer["view"]](visit, run, answer)


def _draw_label(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    tr = visit.tr
    if answer["several"]:
        said = ", ".join(answer["label"]) or tr("none of the labels")
        st.subheader(tr("Answer: {label}").format(label=literal(said)), anchor=False)
    else:
        share = visit.percent(answer["probabilities"][answer["label"]], 1)
        st.subheader(tr("Answer: {label} ({probability})").format(label=literal(answer["label"]), probability=share), anchor=False)
    if "true" in answer:
        true = answer["true"] if isinstance(answer["true"], str) else ", ".join(answer["true"]) or tr("none of the labels")  # fmt: skip
        right = tr("The label in the data is the same.")
        wrong = tr("The label in the data is {label}.").format(label=literal(true))
        st.markdown(f"✓ {right}" if answer["true"] == answer["label"] else f"✗ {wrong}")
    single = tr("The head turns the vector of [CLS] into one number per label, the **logits** z = hW + b. **Softmax** turns them into probabilities that sum to 1.")  # fmt: skip
    many = tr("The head turns the vector of [CLS] into one number per label, the **logits** z = hW + b. Each goes through the **sigmoid** by itself: a label holds where z is above 0, that is, above 50 %.")  # fmt: skip
    st.markdown((many if answer["several"] else single).replace("[CLS]", r"\[CLS\]"))
    titles = tr("Logit z (no unit)"), tr("Probability, sigmoid(z)") if answer["several"] else tr("Probability, softmax(z)")
    chosen = answer["label"] if answer["several"] else [answer["label"]]
    alt = tr("Bars: the logit of every label, and its probability beside it.")
    logit_bars(visit, answer["logits"], answer["probabilities"], chosen, titles, alt)
    _draw_tokens(visit, answer)
    table = pd.DataFrame(
        {
            tr("Label"): list(answer["logits"]),
            tr("Logit"): list(answer["logits"].values()),
            tr("Probability"): list(answer["probabilities"].values()),
        }
    )
    draw_table(visit, table.sort_values(tr("Probability"), ascending=False), [tr("Probability")])


def _draw_number(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    """The number among the scores that were learnt from, and the examples whose scores are nearest."""
    tr, frame = visit.tr, run.data()
    st.subheader(tr("Answer: {number}").format(number=visit.number(answer["value"], 2)))
    if "true" in answer:
        off = visit.number(abs(answer["true"] - answer["value"]), 2)
        st.markdown(tr("In the data: {number}; off by {off}.").format(number=visit.number(answer["true"], 2), off=off))
    st.markdown(
        tr(
            "The head gives one number z for the vector of \\[CLS\\], here {z}. It counts standard deviations from the mean of the scores that were learnt from: {mean} + ({z}) · {deviation}."
        ).format(
            z=visit.number(answer["logit"], 3),
            mean=visit.number(answer["mean"], 2),
            deviation=visit.number(answer["deviation"], 2),
        )
    )
    train = frame[frame["split"] == "train"]
    titles = tr("Score (a number)"), tr("Examples"), tr("this input")
    figure = charts.plot_number(answer["value"], train["score"].tolist(), *titles, visit.separators)
    st.plotly_chart(figure, key="number", alt=tr("Histogram of the scores with the answer in it."), config=figure_config("number"))  # fmt: skip
    _draw_tokens(visit, answer)
    st.markdown("**" + tr("Neighbours on the scale: training examples with nearly this score") + "**")
    near = train.iloc[(train["score"] - answer["value"]).abs().argsort()[:NEIGHBOURS]].sort_values("score")
    shown = near[[name for name in ("score", "text", "second_text") if name in near]].rename(columns=role_names(tr))
    st.dataframe(shown, hide_index=True, key="answer_table")


def _draw_tokens(visit: Visit, answer: dict[str, Any]) -> None:
    token_row(answer, "", 0, visit.tr)
    if answer["cut"]:
        sentence = visit.tr("The input was too long: {count} of its sub-words were cut off.")
        st.warning(sentence.format(count=answer["cut"]))


def _draw_words(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    tr, words = visit.tr, answer["words"]
    st.markdown(
        tr(
            "Every word has its own softmax. The colour is the most likely tag; point at a word to see the probabilities of all tags, click to keep it."
        )
    )
    label_names = list(words[0]["probabilities"])
    texts = {
        "probability": tr("probab."),
        "logit": tr("logit"),
        "pieces": tr("sub-words"),
        "alt": tr("The words of the sentence with their most likely tags"),
    }
    token_strip(words, label_names, texts, key="strip", separators=visit.separators)
    if "true" in answer:
        wrong = [
            f"{word['word']} ({true})"
            for word, true in zip(words, answer["true"], strict=True)
            if word["label"] != true
        ]
        st.markdown(
            literal(
                tr("All tags are as in the data.")
                if not wrong
                else tr("Different in the data: {words}.").format(words=", ".join(wrong))
            )
        )
    rows = [
        {
            tr("Word"): word["word"],
            tr("Sub-words"): " ".join(word["pieces"]),
            tr("Tag"): word["label"],
            **{f"p({name})": value for name, value in word["probabilities"].items()},
            **{f"z({name})": value for name, value in word["logits"].items()},
        }
        for word in words
    ]
    draw_table(visit, pd.DataFrame(rows), [f"p({name})" for name in label_names])
