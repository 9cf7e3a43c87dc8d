"""The answer to one input: logits beside probabilities, a number, words or a span, and the table."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import charts
from mlmtune_core.models.probabilities import at_temperature
from mlmtune_core.names import choice_names, format_labels, role_names
from mlmtune_core.runs.run import Run
from pages.inspecting.answer.logit_bars import logit_bars
from pages.inspecting.answer.pieces import draw_input_row
from pages.inspecting.answer.span import draw_span
from pages.inspecting.answer.table import draw_table
from pages.inspecting.answer.temperature import ask_temperature, say_entropy, say_temperature, share_title
from pages.inspecting.answer.words import draw_words
from pages.shared.figures import draw_figure
from pages.shared.tables import number_columns
from pages.shared.terms import explained
from pages.shared.visit import Visit, literal

NEIGHBOURS = 8


def draw_answer(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    """Draws the answer in the way that its task names (`view`)."""
    views = {"labels": _draw_label, "words": draw_words, "number": _draw_number, "span": draw_span}
    st.fragment(views[answer["view"]])(visit, run, answer)  # another temperature redraws the answer, and nothing else


def _draw_label(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    tr = visit.tr
    heading = st.container(horizontal=True, vertical_alignment="center", gap="medium")
    if answer["several"]:
        said = format_labels(tr, answer["label"])
        heading.subheader(tr("Answer: {label}").format(label=literal(said)), anchor=False, width="content")
    else:
        share = visit.percent(answer["probabilities"][answer["label"]], 1)
        st.subheader(tr("Answer: {label} ({probability})").format(label=literal(answer["label"]), probability=share), anchor=False, width="content")  # fmt: skip
    if "true" in answer:
        right = tr("The label in the data is the same.")
        wrong = tr("The label in the data is {label}.").format(label=literal(format_labels(tr, answer["true"])))
        heading.markdown(f"✓ {right}" if answer["true"] == answer["label"] else f"✗ {wrong}", width="content")
    single = tr("The head turns {read} into one number per label, the **logits** z = hW + b. **Softmax** turns them into probabilities that sum to 1.")  # fmt: skip
    many = tr("The head turns {read} into one number per label, the **logits** z = hW + b. Each goes through the **sigmoid** by itself: a label holds where z is above 0, that is, above 50 %.")  # fmt: skip
    read = choice_names(tr)["pooling"][run.config().pooling]
    says = (many if answer["several"] else single).format(read=literal(read))
    st.markdown(explained(visit, says, "head", "vector", "cls", "label", "logit", "softmax", "sigmoid", "probability"), unsafe_allow_html=True)
    bars = st.container()  # drawn above the slider that moves them
    temperature = ask_temperature(visit)
    shares = at_temperature(answer["logits"], temperature, answer["several"])
    titles = tr("Logit z (no unit)"), share_title(visit, temperature, answer["several"])
    chosen = answer["label"] if answer["several"] else [answer["label"]]
    alt = tr("Bars: the logit of every label, and its probability beside it.")
    with bars:
        logit_bars(visit, answer["logits"], shares, chosen, titles, alt)
        if not answer["several"]:
            st.markdown(explained(visit, say_entropy(visit, list(shares.values())), "entropy"), unsafe_allow_html=True)
    say_temperature(visit, answer["several"])
    draw_input_row(visit, answer)
    table = pd.DataFrame(
        {
            tr("Label"): list(answer["logits"]),
            tr("Logit"): list(answer["logits"].values()),
            titles[1]: list(shares.values()),
        }
    )
    draw_table(visit, table.sort_values(tr("Logit"), ascending=False), [titles[1]], temperature=temperature)


def _draw_number(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    """Draws the number among the training scores, and the examples with the nearest scores."""
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
    figure = charts.plot_predicted_score(answer["value"], train["score"].tolist(), *titles, visit.separators)
    draw_figure(figure, key="number", alt=tr("Histogram of the scores with the answer in it."), name="number")  # fmt: skip
    draw_input_row(visit, answer)
    st.markdown("**" + tr("Neighbours on the scale: training examples with nearly this score") + "**")
    near = train.iloc[(train["score"] - answer["value"]).abs().argsort()[:NEIGHBOURS]].sort_values("score")
    shown = near[[name for name in ("score", "text", "second_text") if name in near]].rename(columns=role_names(tr))
    st.dataframe(shown, hide_index=True, key="answer_table", column_config=number_columns(shown, 2))
