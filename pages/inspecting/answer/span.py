"""The answer in its context: start and end probability of every token, and the best spans."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.models.probabilities import at_temperature
from mlmtune_core.runs.run import Run
from pages.components.token_strip import token_strip
from pages.inspecting.answer.pieces import ask_pieces
from pages.inspecting.answer.table import draw_table
from pages.inspecting.answer.temperature import ask_temperature, say_entropy, say_temperature
from pages.shared.terms import hint
from pages.shared.visit import Visit, literal

SIDES = ("start", "end")
COLOURED = 0.02  # from this probability on a chip is coloured; the most probable one always is


def draw_span(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    """Draws the answer, the next best spans, and the tokens of its window."""
    tr = visit.tr
    said = answer["answer"] or tr("the context does not say")
    st.subheader(tr("Answer: {label}").format(label=literal(said)), anchor=False)
    if "true" in answer:
        true = " | ".join(answer["true"]) or tr("the context does not say")
        st.markdown(tr("In the data: {answer}").format(answer=literal(true)))
    st.markdown(
        tr(
            "For every token the head gives two numbers: how well it would begin the answer, and how well it would end it. Softmax over the tokens makes probabilities of them. The answer is the span whose start and end logits have the largest sum."
        ),
        help=hint(visit, "head", "logit", "softmax"),
    )
    if answer["windows"] > 1:
        sentence = tr("The context is read in {windows} windows; this is window {window}.")
        st.caption(sentence.format(windows=answer["windows"], window=answer["window"]))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        pieces = ask_pieces(visit, "span", True)
        temperature = ask_temperature(visit)
    shares = _find_shares(answer["tokens"], temperature)
    _draw_strip(visit, answer, shares, pieces)
    say_temperature(visit)
    for title, side in zip((tr("start"), tr("end")), SIDES, strict=True):
        st.markdown(f"**{title}** · {say_entropy(visit, shares[side])}")
    _draw_spans(visit, answer["spans"], temperature)
    _draw_tokens(visit, answer["tokens"], shares, temperature)


def _find_shares(tokens: list[dict[str, Any]], temperature: float) -> dict[str, list[float]]:
    """Returns, for start and end, the probability of every token of the window."""
    logits = {side: {str(i): token["logits"][side] for i, token in enumerate(tokens)} for side in SIDES}
    return {side: list(at_temperature(logits[side], temperature).values()) for side in SIDES}


def _draw_strip(visit: Visit, answer: dict[str, Any], shares: dict[str, list[float]], pieces: bool) -> None:
    """Draws chips coloured by the larger of both probabilities; the chosen one's numbers beside them."""
    tr, tokens = visit.tr, answer["tokens"]
    names = {"start": tr("start"), "end": tr("end")}
    places = [[i] for i in range(len(tokens))] if pieces else _group(tokens)
    sums = [{side: sum(shares[side][i] for i in group) for side in SIDES} for group in places]
    best = {side: max(range(len(sums)), key=lambda i: sums[i][side]) for side in SIDES}
    chips = []
    for number, (group, share) in enumerate(zip(places, sums, strict=True)):
        first, side = tokens[group[0]], max(share, key=share.get)
        coloured = share[side] >= COLOURED or number == best[side]
        chips.append(
            {
                "word": first["token"] if pieces else answer["joined"][first["word"]],
                "pieces": [tokens[i]["token"] for i in group],
                "label": names[side] if coloured else "O",
                "probabilities": {names[side]: value for side, value in share.items()},
                "logits": {names[side]: value for side, value in first["logits"].items()} if len(group) == 1 else {},
                "aside": not first["in_context"],
            }
        )
    texts = {"probability": tr("probab."), "logit": tr("logit"), "pieces": tr("sub-words")}
    alt = tr("The sub-words of the context with their probability to begin and to end the answer")
    token_strip(chips, list(names.values()), texts | {"alt": alt}, key="span_strip", separators=visit.separators)
    dashed = tr("A dashed frame: question and marks. The softmax runs over them, too, but only the context may answer; \\[CLS\\] stands for no answer.")  # fmt: skip
    summed = tr("A word's probability is the sum of those of its sub-words; logits have no such sum.")
    st.caption(dashed if pieces else f"{dashed} {summed}")


def _group(tokens: list[dict[str, Any]]) -> list[list[int]]:
    """Returns the indices of the tokens of every word."""
    groups: dict[int, list[int]] = {}
    for i, token in enumerate(tokens):
        groups.setdefault(token["word"], []).append(i)
    return list(groups.values())


def _draw_spans(visit: Visit, found: list[dict[str, Any]], temperature: float) -> None:
    tr = visit.tr
    shares = at_temperature({str(i): span["logit"] for i, span in enumerate(found)}, temperature)
    spans = pd.DataFrame(
        {
            tr("Span"): [span["text"] or tr("(no answer)") for span in found],
            tr("Start + end logit"): [span["logit"] for span in found],
            tr("Probability among these"): list(shares.values()),
        }
    )
    draw_table(visit, spans, [tr("Probability among these")], temperature=temperature)


def _draw_tokens(visit: Visit, tokens: list[dict[str, Any]], shares: dict[str, list[float]], temperature: float) -> None:
    """Draws every token of the window with both of its logits and probabilities."""
    tr = visit.tr
    columns = {"start": tr("Start, probability"), "end": tr("End, probability")}
    table = pd.DataFrame(
        {
            tr("Token"): [token["token"] for token in tokens],
            tr("Start, logit"): [token["logits"]["start"] for token in tokens],
            columns["start"]: shares["start"],
            tr("End, logit"): [token["logits"]["end"] for token in tokens],
            columns["end"]: shares["end"],
        }
    )
    draw_table(visit, table, list(columns.values()), temperature=temperature, key="token_table")
