"""The model as a stack of blocks: which learn, now or later, which are frozen."""

from typing import Any

import streamlit as st

from pages.parts.visit import escaped

STYLES = {
    "learning": "background:#E69F00;color:#1b1b1b;border:2px solid #b87f00",
    "later": "background:rgba(230,159,0,.28);border:2px dashed #b87f00",
    "partly": "background:rgba(110,130,155,.22);border:2px solid #b87f00",
    "frozen": "background:rgba(110,130,155,.22);border:2px solid rgba(110,130,155,.6)",
    "unused": "background:transparent;border:2px dashed rgba(110,130,155,.6);opacity:.75",
}
SIGNS = {"learning": "✎", "later": "◔", "partly": "✎", "frozen": "❄", "unused": "–"}
BLOCK = "display:flex;justify-content:space-between;gap:1rem;align-items:center;border-radius:8px;padding:0 .8rem;height:1.95rem;margin:3px auto"


def layer_stack(blocks: list[dict[str, Any]], texts: dict[str, str]) -> None:
    """Draws blocks (bottom to top: name, detail, state) with the head on top; `texts`: one for each state, and alt.

    Plain escaped HTML: it holds no state and asks nothing back.
    """
    rows = "".join(_block(block, texts, narrow=i == len(blocks) - 1) for i, block in reversed(list(enumerate(blocks))))
    st.html(f"<div role='img' aria-label='{escaped(texts['alt'])}' class='layer-stack'>{rows}</div>")


def _block(block: dict[str, Any], texts: dict[str, str], narrow: bool) -> str:
    state, width = block["state"], "78%" if narrow else "100%"
    return (
        f"<div data-state='{state}' style='{BLOCK};width:{width};box-sizing:border-box;{STYLES[state]}'><b>{SIGNS[state]} {escaped(block['name'])}</b>"
        f"<span style='font-size:.85rem'>{escaped(block['detail'])} · {escaped(texts[state])}</span></div>"
    )
