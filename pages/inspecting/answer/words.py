"""Words with tags, or their sub-words, each with its softmax, and which one counts."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.models.probabilities import at_temperature, find_entropy
from mlmtune_core.runs.run import Run
from pages.components.token_strip import token_strip
from pages.inspecting.answer.pieces import ask_pieces
from pages.inspecting.answer.table import draw_table
from pages.inspecting.answer.temperature import ask_temperature, say_entropy, say_temperature
from pages.inspecting.question import WORD_KEY
from pages.shared.terms import hint
from pages.shared.visit import Visit, literal


def draw_words(visit: Visit, run: Run, answer: dict[str, Any]) -> None:
    """Draws the strip with its panel, the differences from the data, and the table."""
    tr = visit.tr
    st.markdown(
        tr(
            "Every word has its own softmax. The colour is the most likely tag; point at a word, or go along with the arrow keys, to see the probabilities of all tags; click to keep it."
        ),
        help=hint(visit, "softmax", "tag", "logit"),
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        pieces = ask_pieces(visit, "words", False)
        temperature = ask_temperature(visit)
    label_names = list(answer["words"][0]["logits"])
    shown = [_tempered(visit, each, temperature) for each in (_to_chips(answer["tokens"]) if pieces else answer["words"])]
    texts = {
        "probability": tr("probab."),
        "logit": tr("logit"),
        "pieces": tr("sub-words"),
        "alt": tr("The sub-words of the sentence with their most likely tags") if pieces else tr("The words of the sentence with their most likely tags"),
    }  # fmt: skip
    token_strip(shown, label_names, texts, key="strip", separators=visit.separators, on_pick=lambda i: _follow(answer, pieces, i))
    say_temperature(visit)
    if pieces:
        _say_what_counts(visit, answer["tokens"])
    elif "true" in answer:
        _draw_truth(visit, answer)
    _draw_table(visit, shown, label_names, temperature, pieces)


def _follow(answer: dict[str, Any], pieces: bool, place: int) -> None:
    """Makes the arithmetic follow the word chosen here."""
    word = answer["tokens"][place]["word"] if pieces else place
    if word >= 0:
        st.session_state[WORD_KEY] = word


def _to_chips(tokens: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns tokens as the strip takes them; tokens without a word of their own stand aside."""
    return [token | {"word": token["token"], "pieces": [token["token"]], "aside": token["word"] < 0} for token in tokens]


def _tempered(visit: Visit, word: dict[str, Any], temperature: float) -> dict[str, Any]:
    shares = at_temperature(word["logits"], temperature)
    return word | {"probabilities": shares, "note": say_entropy(visit, list(shares.values()))}


def _say_what_counts(visit: Visit, tokens: list[dict[str, Any]]) -> None:
    tr = visit.tr
    st.caption(
        tr("The tag of a word is that of its first sub-word. The head gives numbers for the others, too: those that continue a word (##), \\[CLS\\] and \\[SEP\\], here with a dashed frame. Nothing is read from them.")
    )  # fmt: skip
    if tokens[-1]["window"] > 1:
        sentence = tr("The sentence is read in {windows} windows that overlap, one after the other here; each word counts in one of them.")
        st.caption(sentence.format(windows=tokens[-1]["window"]))


def _draw_truth(visit: Visit, answer: dict[str, Any]) -> None:
    """Draws which words have another tag in the data."""
    tr = visit.tr
    pairs = zip(answer["words"], answer["true"], strict=True)
    wrong = [f"{word['word']} ({true})" for word, true in pairs if word["label"] != true]
    different = tr("Different in the data: {words}.").format(words=", ".join(wrong))
    st.markdown(literal(different if wrong else tr("All tags are as in the data.")))


def _draw_table(visit: Visit, shown: list[dict[str, Any]], label_names: list[str], temperature: float, pieces: bool) -> None:
    tr = visit.tr
    at = "" if temperature == 1 else f"; T = {visit.number(temperature, 2)}"
    columns = {name: f"p({name}{at})" for name in label_names}
    rows = [
        {
            tr("Word"): word["word"],
            **({tr("Counts"): not word["aside"]} if pieces else {tr("Sub-words"): " ".join(word["pieces"])}),
            tr("Tag"): word["label"],
            **{columns[name]: share for name, share in word["probabilities"].items()},
            tr("Entropy in bits"): find_entropy(word["probabilities"].values()),
            **{f"z({name})": value for name, value in word["logits"].items()},
        }
        for word in shown
    ]
    draw_table(visit, pd.DataFrame(rows), list(columns.values()), temperature=temperature)
