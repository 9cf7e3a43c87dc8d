"""Words as chips coloured by their most likely tag; every label's probability of the chosen one beside them."""

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "mlmtune_token_strip",
    html='<div class="token-strip"></div>',
    js=(HERE / "token_strip.js").read_text(encoding="utf-8"),
    css=(HERE / "token_strip.css").read_text(encoding="utf-8"),
)


def token_strip(
    words: list[dict[str, Any]], label_names: list[str], texts: dict[str, str], *, key: str, separators: str = ".,"
) -> int:
    """Draws the words and returns the index of the chosen one.

    Each word: word, pieces, label, probabilities and logits by label, as `predicting.answer` gives them. `texts`:
    probability, logit, pieces, alt. Words reach the page as text, never as markup.
    """
    result = _component(
        key=key,
        default={"picked": 0},
        on_picked_change=lambda: None,
        data={"words": words, "labels": label_names, "texts": texts, "decimal": separators[0]},
    )
    return min(int(result.picked or 0), len(words) - 1)
