"""One example as the model sees it: a row of sub-words, with their tags below."""

from html import escape

import streamlit as st

from mlmtune_core.translating import Translate

CHIP = (
    "display:inline-block;vertical-align:top;line-height:1.7;margin:2px;padding:1px 7px;border:1px solid rgba(128,128,128,.45);border-radius:7px;"
    "font-family:monospace;font-size:.92rem;text-align:center"
)
SPECIAL = ";background:rgba(128,128,128,.25);font-weight:600"
TAGGED = ";border-color:#D55E00;border-width:2px"
TAG = "display:block;font-size:.72rem;color:#D55E00;font-weight:600"


def token_row(tokens: list[str], labels: list[str], label: str, row: int, tr: Translate) -> None:
    """Draws tokens as chips; `labels`: one per token or empty; `label`: of the whole text, or empty. All text is escaped."""
    chips = "".join(_chip(token, labels[i] if labels else "") for i, token in enumerate(tokens))
    ending = f" <span style='white-space:nowrap'>→ <b>{escape(label)}</b></span>" if label else ""
    number = escape(tr("row {row}").format(row=row)) if row else ""
    st.html(
        f"<div style='line-height:2'><span style='opacity:.7;font-size:.85rem;margin-right:.5rem'>{number}</span>{chips}{ending}</div>"
    )


def _chip(token: str, label: str) -> str:
    tagged = bool(label) and label != "O"
    style = (
        CHIP
        + (SPECIAL if token.startswith("[") and token.endswith("]") and len(token) > 2 else "")
        + (TAGGED if tagged else "")
    )
    below = f"<span style='{TAG}'>{escape(label)}</span>" if tagged else ""
    return f"<span style='{style}'>{escape(token)}{below}</span>"
