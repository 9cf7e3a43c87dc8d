"""The rate finder beside real runs: its curve, its suggestion, and how far that is from the best."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.inspecting.trials.explorer_charts import plot_finder
from mlmtune_core.inspecting.trials.suggested_rate import judge_suggestion, mean_of
from mlmtune_core.language import format_rate
from pages.components.dial_chart import dial_chart
from pages.explore.explored import Explored, ask_explored
from pages.shared.choice import choice
from pages.shared.tables import number_columns, rate_columns
from pages.shared.visit import Visit

FULL = {"strategy": "full", "first_layers": 2, "epochs": 2}  # short enough for one run per rate
FULL_RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
HIGHEST_OF_BODY = 0.1
SEEDS = 3
HEIGHT = 420


def draw_finder(visit: Visit, explored: Explored, settings: dict[str, Any], rates: Sequence[float]) -> None:
    """Draws the finder. `settings`: those of the dial, `rates`: its rates. Nothing runs before it is asked for."""
    tr = visit.tr
    st.markdown(
        tr(
            "A rate finder takes a hundred steps at ever higher rates and looks where the loss falls. It takes seconds, where trying out takes runs. Does it find the best rate?"
        )
    )
    names = {"head_only": tr("head only"), "full": tr("all weights of a small model (first 2 layers)")}
    strategy = choice(st.segmented_control, tr("What may learn?"), names, "finder_strategy", required=True)
    settings = settings | (FULL if strategy == "full" else {"strategy": strategy})
    if not _wanted(tr("Run the finder"), "finder", settings):
        return
    test = ask_explored(visit, explored, "mlmtune_core.inspecting.trials.rate_finder:find_rate", settings)
    if test is None:
        return
    if not test["suggestions"]:
        st.warning(tr("The loss exploded before there was anything to suggest."), icon=":material/warning:")
        return
    st.markdown(
        tr("It suggests **{valley}** by the valley, **{steep}** by the steepest fall.").format(
            **{name: format_rate(rate) for name, rate in test["suggestions"].items()}
        )
    )
    runs = _confront(visit, explored, settings, rates, test["suggestions"]["valley"])
    _draw(visit, test, runs or [])
    if runs:
        _judge(visit, test["suggestions"]["valley"], runs)


def _wanted(label: str, key: str, settings: dict[str, Any]) -> bool:
    """Returns whether this was asked for with these settings; draws a button until then."""
    told = f"{key}_asked"
    if st.session_state.get(told) == settings:
        return True
    st.button(
        label, key=key, icon=":material/play_arrow:", on_click=st.session_state.__setitem__, args=(told, settings)
    )
    return False


def _confront(visit: Visit, explored: Explored, settings: dict[str, Any], rates: Sequence[float], suggestion: float) -> list[dict[str, Any]] | None:  # fmt: skip
    """Returns the real runs at many rates, the suggested one among them: rate, accuracy, loss. None before they are asked for."""
    tr = visit.tr
    if not _wanted(tr("Confront it with real runs"), "confront", settings):
        return None
    if settings["strategy"] == "full":
        every = sorted({*FULL_RATES, min(suggestion, HIGHEST_OF_BODY)})
        return ask_explored(visit, explored, "mlmtune_core.inspecting.trials.rate_finder:train_at", settings, tuple(every))
    every = tuple(sorted({*rates, suggestion}))
    found = ask_explored(visit, explored, "mlmtune_core.inspecting.trials.head_trials:try_rates", explored.fingerprint, settings, every, SEEDS)
    return found and [_as_run(lane, found["epochs"]) for lane in found["lanes"]]


def _as_run(lane: dict[str, Any], epochs: int) -> dict[str, Any]:
    last = lane["evaluations"][-1]
    whole = last["epoch"] == epochs
    return {
        "rate": lane["rate"],
        "accuracy": last["validation_accuracy"] if whole else None,
        "loss": last["validation_loss"] if whole else None,
    }


def _draw(visit: Visit, test: dict[str, Any], runs: list[dict[str, Any]]) -> None:
    tr = visit.tr
    texts = {
        "rate": tr("Learning rate"),
        "loss": tr("Loss (nats)"),
        "final": tr("Final accuracy"),
        "raw": tr("Loss of each step"),
        "smoothed": tr("Smoothed loss"),
        "valley": tr("Suggested: valley"),
        "steep": tr("Suggested: steepest fall"),
        "runs": tr("Real runs"),
        "mean": tr("Mean of the runs at a rate"),
    }
    alt = tr(
        "Above, the loss of the range test against the rate, with the suggested rates as lines; below, the final validation accuracy of real runs against their rate."
    )
    dial_chart(
        plot_finder(test, runs, texts, visit.separators), alt, HEIGHT if runs else HEIGHT // 2 + 80, key="rate_finder"
    )
    table = pd.DataFrame(
        {texts["rate"]: test["rates"], texts["raw"]: test["losses"], texts["smoothed"]: test["smoothed"]}
    )
    with st.expander(tr("The finder as tables"), icon=":material/table:"):
        rates = rate_columns(texts["rate"])
        st.dataframe(table, hide_index=True, key="finder_table", column_config=number_columns(table) | rates)
        if runs:
            ended = pd.DataFrame(runs).rename(
                columns={"rate": texts["rate"], "accuracy": texts["final"], "loss": tr("Validation loss")}
            )
            st.dataframe(ended, hide_index=True, key="finder_runs_table", column_config=number_columns(ended) | rates)


def _judge(visit: Visit, suggestion: float, runs: list[dict[str, Any]]) -> None:
    """Draws how far the suggestion is from the best of the real runs, and what that means."""
    tr = visit.tr
    verdict = judge_suggestion(suggestion, runs)
    if verdict is None:
        st.warning(tr("None of the real runs came to its end."), icon=":material/warning:")
        return
    told = tr(
        "Suggested {suggestion} / best real rate {best} = **{ratio}**. The best runs ended at {best_score} of the validation examples right, those at the suggested rate at {its_score}."
    )
    sentence = told.format(
        suggestion=format_rate(suggestion),
        best=format_rate(verdict["best"]),
        ratio=visit.number(verdict["ratio"], 2),
        best_score=visit.percent(verdict["best_accuracy"], 1),
        its_score=visit.percent(mean_of(runs, verdict["tried"])[0] or 0.0, 1),
    )
    words = {
        "too high": tr("Five times too high or more: do not trust the finder here."),
        "too low": tr("Five times too low or more: do not trust the finder here."),
        "near": tr(
            "Here it is within a factor of five of the best. One data set is no proof: try others, and all weights."
        ),
    }
    draw = st.success if verdict["word"] == "near" else st.warning
    draw(f"{sentence} {words[verdict['word']]}", icon=":material/balance:")
    st.caption(
        tr(
            "From other models: such a finder “does not give reliable results for Transformers models (usually indicates one in the 1e-3 when the actual best value is in the 1e-5 range)” (sgugger, huggingface/transformers issue 16013), given as the reason why its Trainer has none."
        )
    )
