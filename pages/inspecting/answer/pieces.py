"""The choice between words and sub-words."""

from typing import Any

import streamlit as st

from pages.components.token_row import token_row
from pages.shared.choice import choice
from pages.shared.terms import explained
from pages.shared.visit import Visit


def ask_pieces(visit: Visit, view: str, default: bool) -> bool:
    """Returns whether to show sub-words instead of words. Remembered per kind of answer."""
    tr = visit.tr
    names = {"words": tr("Words"), "pieces": tr("Sub-words")}
    chosen = choice(
        st.segmented_control, tr("Show as"), names, f"pieces_{view}", default="pieces" if default else "words", required=True
    )  # fmt: skip
    return chosen == "pieces"


def draw_input_row(visit: Visit, seen: dict[str, Any]) -> None:
    """Draws what the model read of a text or a pair (see `encoding.describe_tokens`), and what was truncated."""
    tr = visit.tr
    words, tokens = seen["joined"], seen["tokens"]
    if ask_pieces(visit, "input", True):
        token_row(seen, "", 0, tr)
    else:
        segments = dict(zip(seen["word_of"], seen["segments"], strict=True))
        token_row({"tokens": words, "segments": [segments[i] for i in range(len(words))]}, "", 0, tr)
    split = len({word for i, word in enumerate(seen["word_of"]) if word in seen["word_of"][:i]})
    sentence = tr("{words} words and marks, {tokens} sub-words: {split} words come in several pieces (## continues a word). \\[CLS\\] and \\[SEP\\] are marks that the tokenizer adds.")  # fmt: skip
    told = sentence.format(words=len(words), tokens=len(tokens), split=split)
    st.caption(explained(visit, told, "sub_word", "cls", "sep", "tokenizer"), unsafe_allow_html=True)
    if seen["cut"]:
        st.warning(tr("The input was too long: {count} of its sub-words were cut off.").format(count=seen["cut"]))
