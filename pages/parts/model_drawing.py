"""The model as it will learn: how many of its weights, and the stack of its layers"""

from typing import Any

import streamlit as st

from mlmtune_core.errors import UserError
from pages.parts.dataset import describe_model
from pages.parts.layer_stack import layer_stack
from pages.parts.terms import hint
from pages.parts.visit import Visit, show_error

SEEN = ("checkpoint", "task", "strategy", "first_layers")  # what the drawing of the model depends on


def draw_model(visit: Visit, settings: dict[str, object], outputs: int) -> bool:
    """The stack of layers and the count of weights that will learn; False where there is no such model."""
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
    """How many weights will learn; where layers have to wait, how many at first, and how many in the end."""
    tr = visit.tr
    told = {name: visit.number(seen[name]) for name in ("first", "trainable", "total")}
    if seen["first"] == seen["trainable"]:
        sentence = tr("**{trainable} of {total} weights will learn ({share})**")
    else:
        sentence = tr("**{first} of {total} weights will learn at first, {trainable} in the end ({share})**")
    return sentence.format(**told, share=visit.percent(seen["trainable"] / seen["total"], 3))


def _say_weights(visit: Visit, block: dict[str, Any]) -> str:
    """How many weights a block has; where only some of them learn, how many these are."""
    if block["state"] != "partly":
        return visit.number(block["weights"])
    frozen = block["weights"] - block["learning"]
    return f"{visit.number(frozen)} + {visit.number(block['learning'])}"
