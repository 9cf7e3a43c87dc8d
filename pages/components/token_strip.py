"""Words as chips in the colour of their most likely tag; all probabilities of the chosen word beside them."""

from collections.abc import Callable
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
    words: list[dict[str, Any]],
    label_names: list[str],
    texts: dict[str, str],
    *,
    key: str,
    separators: str = ".,",
    on_pick: Callable[[int], None] | None = None,
) -> None:
    """Draws the words; calls `on_pick` with the index of a clicked word.

    Each word: word, pieces, label, probabilities and logits by label, as `predicting.answer` gives them; and, if there are any, `aside`
    (true: it is read, but has no label) and `note`, a line below its probabilities. `texts`: probability, logit, pieces, alt. Words
    reach the page as text, never as markup.
    """

    def tell() -> None:
        place = int(st.session_state[key].picked)
        if on_pick is not None and place < len(words):
            on_pick(place)

    data = {"words": words, "labels": label_names, "texts": texts, "decimal": separators[0]}
    _component(key=key, default={"picked": 0}, on_picked_change=tell, data=data)
