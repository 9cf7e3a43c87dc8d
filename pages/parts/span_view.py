"""Where in the context a model sees the answer: start and end probability of every token, and the best spans."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.run_store import Run
from pages.parts.answer_table import draw_table
from pages.parts.token_strip import token_strip
from pages.parts.visit import Visit, literal


def draw_span(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    """The answer, the spans that came next, and the tokens of the window it stands in."""
    tr = visit.tr
    said = answer["answer"] or tr("the context does not say")
    st.subheader(tr("Answer: {label}").format(label=literal(said)), anchor=False)
    if "true" in answer:
        true = " | ".join(answer["true"]) or tr("the context does not say")
        st.markdown(tr("In the data: {answer}").format(answer=literal(true)))
    st.markdown(
        tr(
            "For every token the head gives two numbers: how well it would begin the answer, and how well it would end it. Softmax over the tokens makes probabilities of them. The answer is the span whose start and end logits have the largest sum."
        )
    )
    _draw_tokens(visit, answer)
    spans = pd.DataFrame(
        {
            tr("Span"): [span["text"] or tr("(no answer)") for span in answer["spans"]],
            tr("Start + end logit"): [span["logit"] for span in answer["spans"]],
            tr("Probability among these"): [span["probability"] for span in answer["spans"]],
        }
    )
    draw_table(visit, spans, [tr("Probability among these")])


def _draw_tokens(visit: Visit, answer: dict[str, Any]) -> None:
    """Tokens of the context as chips, coloured by the larger of both probabilities; the chosen one's numbers beside them."""
    tr = visit.tr
    start, end, neither = tr("start"), tr("end"), "O"
    words = []
    for token in answer["tokens"]:
        if not token["in_context"]:
            continue
        shares = {start: token["start"], end: token["end"]}
        best = max(shares, key=shares.get)
        words.append(
            {
                "word": token["token"],
                "pieces": [token["token"]],
                "label": best if shares[best] >= 0.02 else neither,
                "probabilities": shares,
                "logits": {},
            }
        )
    if answer["windows"] > 1:
        sentence = tr("The context is read in {windows} windows; this is window {window}.")
        st.caption(sentence.format(windows=answer["windows"], window=answer["window"]))
    texts = {
        "probability": tr("probab."),
        "logit": "",
        "pieces": tr("sub-words"),
        "alt": tr("The sub-words of the context with their probability to begin and to end the answer"),
    }
    if words:
        token_strip(words, [start, end], texts, key="span_strip", separators=visit.separators)
