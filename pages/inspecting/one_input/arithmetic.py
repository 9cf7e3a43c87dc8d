"""The arithmetic of an answer, step by step: z = hW + b, softmax, loss, one gradient step, as tables."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mlmtune_core.inspecting import arithmetic, model_charts
from mlmtune_core.inspecting.arithmetic import Linear
from mlmtune_core.names import choice_names
from pages.shared.choice import choice
from pages.shared.figures import draw_figure
from pages.shared.tables import number_columns
from pages.shared.visit import Visit, literal

SHOWN_PRODUCTS = 10
DIGITS = 6
STEP_KEY = "arithmetic_step"


@dataclass(frozen=True)
class Opened:
    """One head and one input (see inspecting/head_view), and the reader's choices: which logit, which truth, which rate."""

    layer: Linear
    names: list[str]
    token: str
    between: str
    pooling: str
    scale: tuple[float, float] | None
    index: int
    truth: Any
    rate: float

    @property
    def name(self) -> str:
        return self.names[self.index]


def draw_arithmetic(visit: Visit, head: dict[str, Any], rate: float) -> None:
    """Draws `head`, from `head_view`. `rate`: the initial learning rate of the step."""
    opened = _ask(visit, head, rate)
    steps = _steps(visit)
    with st.container(horizontal=True, vertical_alignment="center"):
        names = {name: f"{number} {title}" for number, (name, (title, _)) in enumerate(steps.items(), 1)}
        chosen = choice(st.segmented_control, visit.tr("Step"), names, STEP_KEY, required=True, label_visibility="collapsed")
        place = list(steps).index(chosen)
        for key, title, icon, to in (("back", visit.tr("Back"), "arrow_back", place - 1), ("forth", visit.tr("Next step"), "arrow_forward", place + 1)):  # fmt: skip
            there = 0 <= to < len(steps)
            target = list(steps)[to] if there else chosen
            st.button(title, key=f"arithmetic_{key}", icon=f":material/{icon}:", disabled=not there, on_click=_go, args=(target,))
    steps[chosen][1](visit, opened)


def _go(step: str) -> None:
    st.session_state[STEP_KEY] = step


def _steps(visit: Visit) -> dict[str, tuple[str, Callable[[Visit, Opened], None]]]:
    tr = visit.tr
    return {
        "vector": ("h", _draw_vector),
        "weights": ("W, b", _draw_weights),
        "logits": ("z = hW + b", _draw_logit),
        "probabilities": (tr("Probabilities"), _draw_probabilities),
        "loss": (tr("Loss and gradient"), _draw_loss),
        "step": (tr("One gradient step"), _draw_step),
    }


def _ask(visit: Visit, head: dict[str, Any], rate: float) -> Opened:
    """Asks which logit to follow, and what counts as true; by default the highest, and the data's label."""
    tr, names = visit.tr, head["names"]
    layer = Linear(head["vectors"], head["weight"], head["bias"], head["kind"])
    best = int(layer.logits.argmax())
    index, truth = best, head["truth"]
    shown = dict(enumerate(f"{i}: {name}" for i, name in enumerate(names)) if layer.kind == "one place" else enumerate(names))
    left, right = st.columns(2)
    if layer.kind != "one number":
        with left:
            title = tr("Follow the logit of") if layer.kind != "one place" else tr("Follow the logit of the token")
            index = choice(st.selectbox, title, shown, "arithmetic_index", default=best)
    with right:
        if layer.kind == "several labels":
            held = [i for i, holds in enumerate(truth or []) if holds]
            picked = st.multiselect(tr("Labels that hold"), list(shown), default=held, format_func=shown.__getitem__, key="arithmetic_truths")
            truth = [int(i in picked) for i in shown]
        elif layer.kind == "one number":
            mean, deviation = head["scale"]
            known = mean if truth is None else truth * deviation + mean
            truth = (st.number_input(tr("True score"), value=float(known), key="arithmetic_score") - mean) / deviation
        else:
            truth = choice(st.selectbox, tr("True answer"), shown, "arithmetic_truth", default=best if truth is None else truth)
    return Opened(layer, list(names), head["token"], head["between"], head["pooling"], head["scale"], index, truth, rate)


def _draw_vector(visit: Visit, opened: Opened) -> None:
    tr, vector = visit.tr, _vector(opened)
    token = opened.names[opened.index] if opened.layer.kind == "one place" else opened.token
    if opened.pooling in ("", "cls"):
        told = tr("The encoder turns every token into a vector. The head reads the one of {token}: {count} numbers, h.")
    else:
        told = tr("The encoder turns every token into a vector. The head reads {read}: {count} numbers, h.")
    read = literal(choice_names(tr)["pooling"].get(opened.pooling, ""))
    st.markdown(told.format(token=literal(token), read=read, count=visit.number(len(vector))))
    between = {
        "pooler": tr("A pooler stands in between, a linear layer and tanh: so every number of h lies between −1 and 1."),
        "mlp": tr("A hidden layer stands in between, a linear layer and GELU: h is what comes out of it, and no number of it is below −0.17."),
    }
    if opened.between:
        st.markdown(between[opened.between])
    figure = model_charts.plot_matrix([vector.tolist()], ["h"], tr("Place in the vector"), "", visit.separators)
    _plot(figure, "h", tr("The numbers of h as colours."))
    _table({tr("Place"): range(len(vector)), "h": vector})


def _draw_weights(visit: Visit, opened: Opened) -> None:
    tr, layer = visit.tr, opened.layer
    inputs, outputs = layer.weight.shape
    told = tr("W holds {inputs} × {outputs} = {count} numbers: a column for each logit, a row for each number of h. b holds {outputs} more.")
    rest = tr("The hidden layer before it has weights of its own.") if opened.between else tr("They are all that a head has to learn.")
    st.markdown(told.format(inputs=visit.number(inputs), outputs=outputs, count=visit.number(inputs * outputs)) + " " + rest)
    names = opened.names if layer.kind != "one place" else ["W"]
    figure = model_charts.plot_matrix(layer.weight.T.tolist(), names, tr("Place in the vector"), "", visit.separators)
    _plot(figure, "w", tr("The weights W as colours, a row for each logit."))
    columns = {f"W({name})": layer.weight[:, k] for k, name in enumerate(names)}
    _table({tr("Place"): range(inputs), **columns})
    st.latex("b")
    _table({tr("Logit"): names, "b": layer.bias}, key="arithmetic_bias")


def _draw_logit(visit: Visit, opened: Opened) -> None:
    tr = visit.tr
    parts = arithmetic.split_logit(opened.layer, opened.index, SHOWN_PRODUCTS)
    st.latex(r"z_k = \sum_j h_j W_{jk} + b_k")
    st.markdown(
        tr("z of {name} is {logit}: the sum of {count} products and b. Here are the {shown} largest by size, and what all the others add up to.").format(
            name=literal(opened.name), logit=visit.number(parts.logit, 4, signed=True), count=visit.number(len(opened.layer.weight)), shown=len(parts.values)
        )
    )  # fmt: skip
    names = [*(f"h({j}) · W({j})" for j in parts.places), tr("all the others"), "b", "z"]
    figure = model_charts.plot_sum(names, [*parts.values, parts.rest, parts.bias, 0], tr("Logit z (no unit)"), visit.separators)
    _plot(figure, "z", tr("The largest products, the sum of the others, and b add up to the logit."))
    _table({tr("Place"): parts.places, "h": parts.inputs, "W": parts.weights, "h · W": parts.values})
    st.markdown(tr("All logits"))
    _table({tr("Logit"): opened.names, "z": opened.layer.logits}, key="arithmetic_logits")


def _draw_probabilities(visit: Visit, opened: Opened) -> None:
    tr, layer = visit.tr, opened.layer
    if layer.kind == "one number":
        mean, deviation = opened.scale or (0.0, 1.0)
        st.latex(r"\hat{y} = \mu + z \cdot \sigma")
        st.markdown(
            tr("A number needs no probabilities: z counts standard deviations from the mean of the scores that were learnt from. {mean} + ({z}) · {deviation} = {number}.").format(
                mean=visit.number(mean, 4), z=visit.number(float(layer.logits[0]), 4), deviation=visit.number(deviation, 4), number=visit.number(mean + float(layer.logits[0]) * deviation, 4)
            )
        )  # fmt: skip
        return
    if layer.kind == "several labels":
        st.latex(r"y_k = \frac{1}{1 + e^{-z_k}}")
        st.markdown(tr("Each logit goes through the sigmoid by itself, so the probabilities need not sum to 1."))
        _table({tr("Logit"): opened.names, "z": layer.logits, "exp(−z)": np.exp(-layer.logits), "y": arithmetic.find_probabilities(layer)})
        return
    steps = arithmetic.split_softmax(layer.logits)
    st.latex(r"y_k = \frac{e^{z_k - m}}{\sum_i e^{z_i - m}}, \qquad m = \max_i z_i")
    st.markdown(
        tr("The largest logit, m = {maximum}, is subtracted first. That changes no probability, and e to a large z would be more than a computer can write. The powers add up to {total}; each one's share of it is its probability.").format(
            maximum=visit.number(steps.maximum, 4), total=visit.number(steps.total, 4)
        )
    )  # fmt: skip
    _table({tr("Logit"): opened.names, "z": layer.logits, "z − m": steps.shifted, "exp(z − m)": steps.powers, "y": steps.probabilities})


def _draw_loss(visit: Visit, opened: Opened) -> None:
    tr, layer = visit.tr, opened.layer
    loss = arithmetic.find_loss(layer, opened.truth)
    equations = {
        "one number": r"L = (z - t)^2, \qquad \frac{\partial L}{\partial z} = 2\,(z - t)",
        "several labels": r"L = -\frac{1}{C}\sum_k \left[t_k \log y_k + (1 - t_k) \log (1 - y_k)\right], \qquad \frac{\partial L}{\partial z_k} = \frac{y_k - t_k}{C}",
    }
    st.latex(equations.get(layer.kind, r"L = -\log y_t, \qquad \frac{\partial L}{\partial z_k} = y_k - t_k"))
    st.markdown(tr("The loss of this answer is {loss}. Its gradient says for every logit how fast the loss would grow with it: down where it is negative, and training goes the other way.").format(loss=visit.number(loss.value, 4)))  # fmt: skip
    _table({tr("Logit"): opened.names, "y": arithmetic.find_probabilities(layer), "t": _wanted(opened), "dL/dz": loss.gradient})


def _draw_step(visit: Visit, opened: Opened) -> None:
    tr, layer = visit.tr, opened.layer
    rate = st.number_input(tr("Learning rate η"), 0.0, 100.0, opened.rate, format="%.6f", key="arithmetic_rate", width=260)
    after = arithmetic.take_step(layer, opened.truth, rate)
    before_loss, after_loss = (arithmetic.find_loss(each, opened.truth).value for each in (layer, after))
    st.latex(r"W \leftarrow W - \eta\, h^{\top} \frac{\partial L}{\partial z}, \qquad b \leftarrow b - \eta\, \frac{\partial L}{\partial z}")
    st.markdown(
        tr("After one step on this input alone the loss is {after} instead of {before}. Training takes AdamW and many inputs at a time; this is plain gradient descent, which can be followed by hand.").format(
            after=visit.number(after_loss, 4), before=visit.number(before_loss, 4)
        )
    )  # fmt: skip
    before, later = (arithmetic.find_probabilities(each) for each in (layer, after))
    _table({tr("Logit"): opened.names, tr("z before"): layer.logits, tr("z after"): after.logits, tr("y before"): before, tr("y after"): later})
    change = after.weight - layer.weight
    names = opened.names if layer.kind != "one place" else ["W"]
    figure = model_charts.plot_matrix(change.T.tolist(), names, tr("Place in the vector"), "", visit.separators)
    _plot(figure, "change", tr("How much every weight changes, as colours."))
    columns = {f"ΔW({name})": change[:, k] for k, name in enumerate(names)}
    _table({tr("Place"): range(len(change)), **columns}, key="arithmetic_change")
    st.latex(r"\Delta b")
    _table({tr("Logit"): names, "Δb": after.bias - layer.bias}, key="arithmetic_bias")


def _vector(opened: Opened) -> np.ndarray:
    return opened.layer.vectors[opened.index if opened.layer.kind == "one place" else 0]


def _wanted(opened: Opened) -> np.ndarray:
    """Returns the truth as a number per logit."""
    if opened.layer.kind in ("several labels", "one number"):
        return np.atleast_1d(np.asarray(opened.truth, dtype=float))
    return np.eye(len(opened.names))[int(opened.truth)]


def _plot(figure: Any, key: str, alt: str) -> None:
    draw_figure(figure, key=f"arithmetic_figure_{key}", alt=alt, name=f"arithmetic-{key}")


def _table(columns: dict[str, Any], key: str = "arithmetic_table") -> None:
    """Draws every number with six digits; sortable, can be copied cell by cell or downloaded."""
    frame = pd.DataFrame(columns)
    st.dataframe(frame, hide_index=True, key=key, column_config=number_columns(frame, DIGITS))
