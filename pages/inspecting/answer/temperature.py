"""The temperature of the softmax: a slider over the logits that are there; the answer stays."""

import math

import streamlit as st

from mlmtune_core.models.probabilities import find_entropy
from pages.shared.choice import choice
from pages.shared.visit import Visit

KEY = "temperature"
STEPS = 20  # steps per factor of ten, so that 0.1, 1 and 10 are among them


def ask_temperature(visit: Visit) -> float:
    """Returns T, from 0.1 to 10 in equal ratios; 1, the model's own, until it is moved."""
    tr = visit.tr
    labels = {step: visit.number(_value(step), 2) for step in range(-STEPS, STEPS + 1)}
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        step = choice(st.select_slider, tr("Temperature T"), labels, KEY, default=0, width=380)
        st.button(tr("Back to 1"), key="temperature_back", icon=":material/undo:", disabled=step == 0, on_click=_go_back)
    return _value(step)


def say_temperature(visit: Visit, several: bool = False) -> None:
    """Says what T does, and that it changes no answer."""
    tr = visit.tr
    softmax = tr("The logits are divided by T before the softmax: below 1 it becomes sharper, above 1 flatter. For looking only: the model answers with T = 1, and what is most likely stays so at every temperature.")  # fmt: skip
    sigmoid = tr("The logits are divided by T before the sigmoid: below 1 it becomes sharper, above 1 flatter. For looking only: the model answers with T = 1, and what is above 50 % stays so at every temperature.")  # fmt: skip
    st.caption(sigmoid if several else softmax)


def _value(step: int) -> float:
    return round(10 ** (step / STEPS), 2)


def _go_back() -> None:
    st.session_state[KEY] = 0


def say_entropy(visit: Visit, shares: list[float]) -> str:
    """Says how flat the probabilities are, in one number, with its minimum and maximum."""
    sentence = visit.tr("Entropy: {entropy} bits (0: all on one; {most}: all alike)")
    return sentence.format(entropy=visit.number(find_entropy(shares), 2), most=visit.number(math.log2(len(shares)), 2))


def share_title(visit: Visit, temperature: float, several: bool = False) -> str:
    """Returns the title of a column of probabilities at this temperature."""
    tr = visit.tr
    if temperature == 1:
        return tr("Probability, sigmoid(z)") if several else tr("Probability, softmax(z)")
    title = tr("Probability, sigmoid(z / {temperature})") if several else tr("Probability, softmax(z / {temperature})")
    return title.format(temperature=visit.number(temperature, 2))
