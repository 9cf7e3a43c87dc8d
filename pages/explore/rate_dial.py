"""The learning-rate dial: heads trained at eleven rates at once, and the curves of the chosen one."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.config import suggest_epochs, validate
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.inspecting.trials.explorer_charts import final_accuracy, plot_rates
from mlmtune_core.language import format_rate
from mlmtune_core.strategies import default_rates
from pages.components.dial_chart import dial_chart
from pages.explore.explored import Explored, ask_explored, offer_run
from pages.explore.rate_finder import draw_finder
from pages.shared.choice import choice
from pages.shared.tables import number_columns, rate_columns
from pages.shared.visit import Visit

RATES = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
WARM_UPS = (0.0, 0.05, 0.1, 0.2, 0.5)
EPOCHS = (1, 3, 5, 10, 20, 40)
HEIGHT = 425


def draw_rates(visit: Visit, explored: Explored) -> None:
    """Draws settings, the dial with its curves, the table, the button for a real run, and the finder."""
    tr = visit.tr
    settings = explored.settings | _ask_settings(visit, explored)
    found = ask_explored(
        visit, explored, "mlmtune_core.inspecting.trials.head_trials:try_rates", explored.fingerprint, settings, RATES, 1, patient=True
    )
    if found is None:
        return
    rate = _draw_dial(visit, found)
    st.caption(
        tr(
            "The encoder stays frozen: what it makes of the texts is computed once, and heads of all rates learn from that at once."
        )
    )
    split = split_examples(explored.examples, validate(settings).validation_share, settings["seed"])
    offer_run(visit, explored, settings | {"head_learning_rate": rate, "patience": 0}, split, "rate")
    with st.expander(tr("The curves as tables"), icon=":material/table:"):
        _draw_tables(visit, found, rate)
    with st.expander(
        tr("Let a rate finder suggest one, and check it"),
        icon=":material/search:",
        key="finder_open",
        on_change="rerun",
    ) as finder:
        if finder.open:
            draw_finder(visit, explored, settings, RATES)


def _ask_settings(visit: Visit, explored: Explored) -> dict[str, Any]:
    """Asks for what all rates share: warm-up, schedule, epochs, seed."""
    tr, columns = visit.tr, st.columns([3, 4, 3, 2], vertical_alignment="bottom")
    shares = {share: visit.percent(share) for share in WARM_UPS}
    with columns[0]:
        warm_up = choice(
            st.select_slider, tr("Warm-up"), shares, "dial_warm_up", default=0.1, help=visit.help("warmup_ratio")
        )
    with columns[1]:
        schedules = {"linear": tr("falls to zero"), "constant": tr("stays constant")}
        schedule = choice(
            st.segmented_control,
            tr("After warm-up the rate"),
            schedules,
            "dial_schedule",
            required=True,
            help=visit.help("schedule"),
        )
    with columns[2]:
        counts = {count: visit.number(count) for count in EPOCHS}
        usual = min(EPOCHS, key=lambda count: abs(count - suggest_epochs(len(explored.examples))))
        epochs = choice(st.select_slider, tr("Epochs"), counts, "dial_epochs", default=usual, help=visit.help("epochs"))
    with columns[3]:
        seed = st.number_input(tr("Seed"), 0, 99, key="dial_seed", help=visit.help("seed"))
    return {"warmup_ratio": warm_up, "schedule": schedule, "epochs": epochs, "seed": seed}


def _draw_dial(visit: Visit, found: dict[str, Any]) -> float:
    """Draws the dial with its four panels; returns the chosen rate."""
    tr = visit.tr
    texts = {
        "step": tr("Step"),
        "loss": tr("Loss (nats)"),
        "accuracy": tr("Accuracy"),
        "rate": tr("Learning rate"),
        "final": tr("Final accuracy"),
        "train_loss": tr("Training loss (moving average)"),
        "validation_loss": tr("Validation loss"),
        "validation_accuracy": tr("Validation accuracy"),
        "majority": tr("Always the most frequent label"),
        "chosen": tr("This rate"),
    }
    figure, moves = plot_rates(found, texts, visit.separators)
    dial = {
        "title": tr("Drag: the learning rate"),
        "labels": [format_rate(rate) for rate in RATES],
        "said": [_say(visit, found, lane) for lane in found["lanes"]],
        "moves": moves,
        "place": min(range(len(RATES)), key=lambda i: abs(RATES[i] - default_rates("head_only")[0])),
    }
    alt = tr(
        "Four charts: loss by step, accuracy by step, final accuracy against the learning rate, and the rate by step. The dialled rate is drawn over all others."
    )
    return RATES[dial_chart(figure, alt, HEIGHT, key="rate_dial", dial=dial)]


def _say(visit: Visit, found: dict[str, Any], lane: dict[str, Any]) -> str:
    """Says how a rate ended, in one sentence."""
    tr, score = visit.tr, final_accuracy(found, lane)
    if score is None:
        broken = tr("Rate {rate}: after step {step} the loss was no number any more.")
        return broken.format(rate=format_rate(lane["rate"]), step=len(lane["losses"]))
    ended = tr(
        "Rate {rate}: {accuracy} of the validation examples right in the end (always the most frequent label: {majority}), validation loss {loss}."
    )
    loss = visit.number(lane["evaluations"][-1]["validation_loss"], 3)
    return ended.format(
        rate=format_rate(lane["rate"]),
        accuracy=visit.percent(score, 1),
        majority=visit.percent(found["majority"], 1),
        loss=loss,
    )


def _draw_tables(visit: Visit, found: dict[str, Any], rate: float) -> None:
    """Draws the end of every rate; and the chosen one, epoch by epoch."""
    tr = visit.tr
    lanes = {lane["rate"]: lane for lane in found["lanes"]}
    rows = [
        {tr("Learning rate"): format_rate(each), **_row(visit, lane["evaluations"][-1])} for each, lane in lanes.items()
    ]
    table = pd.DataFrame(rows)
    st.dataframe(table, hide_index=True, key="rate_table", column_config=number_columns(table))
    st.markdown("**" + tr("Rate {rate}, epoch by epoch").format(rate=format_rate(rate)) + "**")
    rows = [{tr("Step"): each["step"], **_row(visit, each)} for each in lanes[rate]["evaluations"]]
    for row, rates in zip(rows, [[], *_by_epoch(lanes[rate]["rates"], found["steps"])], strict=False):
        row[tr("Rate at the end of the epoch")] = rates[-1] if rates else None
    table = pd.DataFrame(rows)
    columns = number_columns(table) | rate_columns(tr("Rate at the end of the epoch"))
    st.dataframe(table, hide_index=True, key="rate_epochs_table", column_config=columns)


def _row(visit: Visit, evaluation: dict[str, Any]) -> dict[str, Any]:
    tr = visit.tr
    return {
        tr("Epoch"): evaluation["epoch"],
        tr("Training loss, without dropout"): evaluation["train_loss"],
        tr("Validation loss"): evaluation["validation_loss"],
        tr("Validation accuracy"): evaluation["validation_accuracy"],
    }


def _by_epoch(rates: list[float], steps: int) -> list[list[float]]:
    return [rates[start : start + steps] for start in range(0, len(rates), steps)]
