"""The model as it will be trained: how many weights are trainable, and the stack of its layers."""

from typing import Any

import streamlit as st

from mlmtune_core.errors import UserError
from pages.shared.dataset import describe_model
from pages.shared.terms import hint
from pages.shared.visit import Visit, escaped, show_error

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
    """Draws blocks (bottom to top: name, detail, state) with the head on top; `texts`: one per state, and alt.

    Plain escaped HTML, without state or callbacks.
    """
    rows = "".join(_block(block, texts, narrow=i == len(blocks) - 1) for i, block in reversed(list(enumerate(blocks))))
    st.html(f"<div role='img' aria-label='{escaped(texts['alt'])}' class='layer-stack'>{rows}</div>")


def _block(block: dict[str, Any], texts: dict[str, str], narrow: bool) -> str:
    state, width = block["state"], "78%" if narrow else "100%"
    return (
        f"<div data-state='{state}' style='{BLOCK};width:{width};box-sizing:border-box;{STYLES[state]}'><b>{SIGNS[state]} {escaped(block['name'])}</b>"
        f"<span style='font-size:.85rem'>{escaped(block['detail'])} · {escaped(texts[state])}</span></div>"
    )


SEEN = ("checkpoint", "task", "strategy", "first_layers")  # settings that the drawing depends on


def draw_model(visit: Visit, settings: dict[str, object], outputs: int) -> bool:
    """Draws the stack of layers and the number of trainable weights; returns False if there is no such model."""
    tr = visit.tr
    if not settings["checkpoint"]:
        return False
    try:
        head = settings.get("head", "linear"), settings.get("pooling", "cls")
        seen = describe_model(*(settings[name] for name in SEEN), outputs, *head)
    except UserError as error:
        show_error(error)
        return False
    st.markdown(_say_count(visit, seen), help=hint(visit, "weight", "layer", "head", "frozen"))
    head = tr("head (outputs: {outputs})").format(outputs=outputs) if outputs else tr("head (vocabulary)")
    names, numbered, blocks = {"embeddings": tr("embeddings"), "pooler": tr("pooler"), "head": head}, 0, []
    for block in seen["blocks"]:
        numbered += block["name"] == "layer"
        name = names.get(block["name"]) or tr("layer {number}").format(number=numbered)
        blocks.append({"name": name, "detail": _say_weights(visit, block), "state": block["state"]})
    texts = {
        "learning": tr("learns"),
        "later": tr("learns later"),
        "partly": tr("frozen + learns"),
        "frozen": tr("frozen"),
        "unused": tr("not used"),
        "alt": tr("The model as a stack of blocks, embeddings at the bottom, head on top."),
    }
    layer_stack(blocks, texts)
    return True


def _say_count(visit: Visit, seen: dict[str, Any]) -> str:
    """Says how many weights are trained; with gradual unfreezing, how many at first and in the end."""
    tr = visit.tr
    told = {name: visit.number(seen[name]) for name in ("first", "trainable", "total")}
    if seen["first"] == seen["trainable"]:
        sentence = tr("**{trainable} of {total} weights will learn ({share})**")
    else:
        sentence = tr("**{first} of {total} weights will learn at first, {trainable} in the end ({share})**")
    return sentence.format(**told, share=visit.percent(seen["trainable"] / seen["total"], 3))


def _say_weights(visit: Visit, block: dict[str, Any]) -> str:
    """Says how many weights a block has and, if only some are trained, how many these are."""
    if block["state"] != "partly":
        return visit.number(block["weights"])
    frozen = block["weights"] - block["learning"]
    return f"{visit.number(frozen)} + {visit.number(block['learning'])}"
