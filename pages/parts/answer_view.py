"""What a model answered: logits beside probabilities, or words with their tags, and all of it as a table."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import charts
from pages.parts.token_row import token_row
from pages.parts.token_strip import token_strip
from pages.parts.visit import Visit, literal


def draw_label(visit: Visit, answer: dict[str, Any]) -> None:
    tr = visit.tr
    st.subheader(
        tr("Answer: {label} ({probability})").format(
            label=literal(answer["label"]), probability=visit.percent(answer["probabilities"][answer["label"]], 1)
        )
    )
    if "true" in answer:
        right = tr("The label in the data is the same.")
        wrong = tr("The label in the data is {label}.").format(label=literal(answer["true"]))
        st.markdown(f"✓ {right}" if answer["true"] == answer["label"] else f"✗ {wrong}")
    st.markdown(
        tr(
            "The head turns the vector of [CLS] into one number per label, the **logits** z = hW + b. **Softmax** turns them into probabilities that sum to 1."
        ).replace("[CLS]", r"\[CLS\]")
    )
    figure = charts.plot_logits(
        answer["logits"],
        answer["probabilities"],
        tr("Logit z (no unit)"),
        tr("Probability, softmax(z)"),
        visit.separators,
    )
    st.plotly_chart(
        figure,
        key="logits",
        alt=tr("Bars: the logit of every label, and its probability beside it."),
        config={"displaylogo": False},
    )
    token_row(answer["tokens"], [], "", 0, tr)
    if answer["cut"]:
        st.warning(tr("The text was too long: its last {count} sub-words were cut off.").format(count=answer["cut"]))
    table = pd.DataFrame(
        {
            tr("Label"): list(answer["logits"]),
            tr("Logit"): list(answer["logits"].values()),
            tr("Probability"): list(answer["probabilities"].values()),
        }
    )
    _draw_table(visit, table.sort_values(tr("Probability"), ascending=False), [tr("Probability")])


def draw_words(visit: Visit, answer: dict[str, Any]) -> None:
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
            **word["probabilities"],
            **{f"z({name})": value for name, value in word["logits"].items()},
        }
        for word in words
    ]
    _draw_table(visit, pd.DataFrame(rows), label_names)


def _draw_table(visit: Visit, table: pd.DataFrame, probability_columns: list[str]) -> None:
    """All numbers, sortable and downloadable; probabilities as bars."""
    tr = visit.tr
    st.markdown("**" + tr("All of it as a table") + "**")
    bars = {
        name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=1)
        for name in probability_columns
    }
    st.dataframe(table, hide_index=True, column_config=bars, key="answer_table")
