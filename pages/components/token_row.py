"""One input as the model reads it: a row of sub-words with segments, and tags or the answer below."""

from typing import Any

import streamlit as st

from mlmtune_core.language import Translate
from pages.shared.visit import escaped

CHIP = (
    "display:inline-block;vertical-align:top;line-height:1.7;margin:2px;padding:1px 7px;border:1px solid rgba(128,128,128,.45);border-radius:7px;"
    "font-family:monospace;font-size:.92rem;text-align:center"
)
SPECIAL = ";background:rgba(128,128,128,.25);font-weight:600"
SECOND = ";background:rgba(0,158,115,.16);border-style:dashed"
TAGGED = ";border-color:#D55E00;border-width:2px"
IGNORED = ";opacity:.55"
TAG = "display:block;font-size:.72rem;color:#D55E00;font-weight:600"
MAX_CHIPS = 160


def token_row(seen: dict[str, Any], label: str, row: int, tr: Translate) -> None:
    """Draws tokens as chips. All text is escaped.

    seen: `tokens`; `segments`, 0 or 1 per token; and, if there are any, `labels` (a tag per token) and `asked` (false:
    the token is read, but has no label). label: of the whole text, or "". row: its number, or 0.
    """
    tokens = seen["tokens"]
    parts = [seen.get(name) or [""] * len(tokens) for name in ("segments", "labels")]
    asked = seen.get("asked") or [True] * len(tokens)
    shown = list(zip(tokens, *parts, asked, strict=True))[:MAX_CHIPS]
    chips = "".join(_chip(*each) for each in shown) + (" …" if len(tokens) > MAX_CHIPS else "")
    ending = f" <span style='white-space:nowrap'>→ <b>{escaped(label)}</b></span>" if label else ""
    number = escaped(tr("row {row}").format(row=row)) if row else ""
    st.html(
        f"<div style='line-height:2'><span style='opacity:.7;font-size:.85rem;margin-right:.5rem'>{number}</span>{chips}{ending}</div>"
    )


def _chip(token: str, segment: int | str, label: str, asked: bool) -> str:
    tagged = bool(label) and label != "O"
    special = token.startswith("[") and token.endswith("]") and len(token) > 2
    style = CHIP + (SPECIAL if special else SECOND if segment == 1 else "") + (TAGGED if tagged else "")
    style += "" if asked or special else IGNORED
    below = f"<span style='{TAG}'>{escaped(label)}</span>" if tagged else ""
    return f"<span style='{style}'>{escaped(token)}{below}</span>"
