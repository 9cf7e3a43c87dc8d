"""Which tokens an answer rests on: asked for by a click, cost said first, checked by deletion."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mlmtune_core.inspecting import model_charts
from pages.shared.choice import choice
from pages.shared.figures import draw_figure
from pages.shared.tables import number_columns
from pages.shared.terms import hint
from pages.shared.visit import Visit, escaped, literal

CHIP = "display:inline-block;margin:2px;padding:1px 7px;border-radius:7px;font-family:monospace;border:1px solid rgba(128,128,128,.45)"
ORANGE, BLUE = "230,159,0", "0,114,178"
STRONGEST = 0.55  # opacity of a colour behind text: with more, pale text is hard to read
PATH_STEPS = 64  # as STEPS in inspecting.attribution, which imports torch


def draw_why(visit: Visit, names: list[str], best: int, tokens: list[str], compute: Callable[[str, int], dict[str, Any] | None]) -> None:  # fmt: skip
    """Draws the attribution. `names` of the logits, of which `best` is the highest; `tokens` of the input; `compute(method, column)` asks the model."""
    tr = visit.tr
    methods = {"occlusion": tr("Occlusion"), "gradients": tr("Integrated gradients"), "attention": tr("Attention")}
    says = {
        "occlusion": tr("One token after the other is replaced by \\[MASK\\]: by how much does the logit fall?"),
        "gradients": tr("The gradient of the logit by each token's embedding, added up along the way from an empty input (\\[PAD\\] everywhere) to this one."),
        "attention": tr("**Attention is not an explanation.** It says from where a layer takes, not what the answer rests on: answers can stay the same under other attention (Jain and Wallace 2019)."),
    }  # fmt: skip
    method = choice(st.segmented_control, tr("Method"), methods, "why_method", required=True, help=hint(visit, "occlusion", "integrated_gradients", "attention"))
    st.markdown(says[method])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        column = best
        if method != "attention" and len(names) > 1:
            column = choice(st.selectbox, tr("Of which logit"), dict(enumerate(names)), "why_column", default=best, width=420)
        pressed = st.button(tr("Compute"), key="why_compute", icon=":material/search:", type="primary")
    cost = {"occlusion": tr("{count} passes through the model"), "gradients": tr("{count} passes through the model, and back"), "attention": tr("{count} pass through the model")}  # fmt: skip
    count, wanted = {"occlusion": len(tokens), "gradients": PATH_STEPS, "attention": 1}[method], (method, column, tuple(tokens))
    if not pressed and st.session_state.get("why_done") != wanted:
        st.caption(cost[method].format(count=visit.number(count)))
        return
    st.session_state["why_done"] = wanted
    found = compute(method, column)
    if found is None:
        return
    if method == "attention":
        _draw_attention(visit, found)
    else:
        _draw_values(visit, found, names[column])


def _draw_values(visit: Visit, found: dict[str, Any], name: str) -> None:
    tr, values = visit.tr, found["values"]
    reach = max(map(abs, values)) or 1.0
    chips = "".join(
        f"<span title='{escaped(visit.number(value, 4, signed=True))}' style='{CHIP};background:rgba({ORANGE if value > 0 else BLUE},{STRONGEST * abs(value) / reach:.2f})'>{escaped(token)}</span>"
        for token, value in zip(found["tokens"], values, strict=True)
    )
    alt = escaped(tr("Tokens coloured by what they add to the logit"))
    st.html(f"<div role='img' aria-label='{alt}' style='line-height:2.1'>{chips}</div>")
    st.caption(tr("Orange speaks for {name}, blue against it.").format(name=literal(name)))
    if "delta" in found:
        st.markdown(
            tr("The values add up to {sum}; the logit moved by {moved} from the empty input to this one. They miss it by {delta}.").format(
                sum=visit.number(sum(values), 4), moved=visit.number(found["logit"] - found["baseline"], 4), delta=visit.number(found["delta"], 4)
            )
        )  # fmt: skip
    if found["removed"]:
        drops = np.array(found["random_drops"])
        st.markdown(
            tr("**Check**: without the top {count} the logit changes by {change}; without {count} drawn at random by {mean} on average ({share} of {tries} draws lower it less).").format(
                count=found["removed"], change=visit.number(-found["drop"], 3, signed=True), mean=visit.number(-float(drops.mean()), 3, signed=True), share=visit.percent(float((drops < found["drop"]).mean())), tries=len(drops)
            )
        )  # fmt: skip
    table = pd.DataFrame({tr("Token"): found["tokens"], tr("Adds to the logit"): values})
    st.dataframe(table, hide_index=True, key="why_table", column_config=number_columns(table))


def _draw_attention(visit: Visit, found: dict[str, Any]) -> None:
    tr, weights = visit.tr, found["attention"]
    left, right = st.columns(2)
    layer = left.slider(tr("Layer"), 1, len(weights), len(weights), key="why_layer")
    head = right.slider(tr("Attention head"), 1, len(weights[0]), 1, key="why_head")
    shown = weights[layer - 1][head - 1]
    tokens = [f"{i} {token}" for i, token in enumerate(found["tokens"])]
    figure = model_charts.plot_attention(tokens, shown, tr("… takes from"), tr("This token …"), visit.separators)
    alt = tr("Heat map: how much every token takes from each other, in one head of one layer.")
    draw_figure(figure, key="attention", alt=alt, name="attention")
    table = pd.DataFrame(shown, index=tokens, columns=tokens)
    st.dataframe(table, key="attention_table", column_config=number_columns(table))
