"""One sweep, live: progress, curves, scores and the table."""

import streamlit as st

from mlmtune_core.config import RANKED_BY
from mlmtune_core.names import axis_names, baseline_names
from mlmtune_core.runs.sweeps import Sweep
from pages.compare.scores import draw_scores
from pages.compare.state import ask_before_deleting, draw_state
from pages.components.sweep_chart import sweep_chart
from pages.serving.addresses import BASE, PLOTLY_ROUTE
from pages.settings.values import say_settings, setting_title
from pages.shared.choice import choice
from pages.shared.visit import Visit, go_to, literal

REFRESH_SECONDS = 2


def draw_sweep(visit: Visit, sweep: Sweep) -> None:
    """Draws the state, the curves, then the results."""
    tr, about = visit.tr, sweep.about()
    told = [about["data"]["name"], *(setting_title(visit, name) for name in about["choices"])]
    st.caption(literal(" · ".join(told)))
    living = sweep.state() != "finished"
    ask_before_deleting(visit, sweep)
    st.fragment(draw_state, run_every=REFRESH_SECONDS if living else None)(visit, sweep, living)
    draw_chart(visit, sweep)
    st.fragment(draw_scores, run_every=REFRESH_SECONDS if living else None)(visit, sweep)
    st.caption(tr("The runs go on when you close this page. Its address brings you back, from any browser."))
    if st.button(tr("A new sweep"), key="new_sweep", icon=":material/add:"):
        go_to("compare", sweep="")


def draw_chart(visit: Visit, sweep: Sweep) -> None:
    """Draws the curves of all runs, as small charts or in one, over the chosen axis."""
    tr, about = visit.tr, sweep.about()
    runs = sweep.runs()
    if not runs:
        return
    views = {"grid": tr("Small charts"), "overlay": tr("All in one")}
    configs = [run.config() for run in runs]
    task = configs[0].task
    axes_y = {"score": tr("Score"), "validation_loss": tr("Validation loss"), "train_loss": tr("Training loss, smoothed")}
    axes_x = {"step": tr("Step"), "epoch": tr("Epoch"), "seconds": tr("Seconds")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = choice(st.segmented_control, tr("Curves"), views, "sweep_chart_view", required=True)
        y = choice(st.segmented_control, tr("What is drawn"), axes_y, "sweep_y", required=True)
        x = choice(st.segmented_control, tr("Over"), axes_x, "sweep_x", required=True)
    swept = [name for name in about["choices"] if name != "seed"]
    arms = [say_settings(visit, {name: getattr(config, name) for name in swept}) for config in configs]
    names = list(dict.fromkeys(arms))
    texts = {
        "alt": tr("The curves of all runs of the sweep; the same numbers stand in the table below."),
        "axis_x": axes_x[x],
        "axis_y": axis_names(tr)[RANKED_BY[task]] if y == "score" else axes_y[y],
        "baseline": baseline_names(tr)[task],
        "seed": tr("seed"),
        "offline": tr("The server cannot be reached. Trying again…"),
    }
    told = [{"arm": names.index(arm), "seed": config.seed} for arm, config in zip(arms, configs, strict=True)]
    sweep_chart({"kind": "sweep", "id": sweep.id}, told, names, texts, key=f"sweep_{sweep.id}", plotly=PLOTLY_ROUTE, base=BASE,
                separators=visit.separators, view=view, x=x, y=y)  # fmt: skip
