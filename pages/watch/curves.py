"""The curves of a run, live, with their texts in the language of the visit."""

import streamlit as st

from mlmtune_core.names import axis_names, baseline_names, metric_names
from mlmtune_core.runs.run import Run
from pages.components.live_chart import live_chart
from pages.serving.addresses import BASE, PLOTLY_ROUTE
from pages.shared.terms import explained
from pages.shared.visit import Visit


def draw_curves(visit: Visit, run: Run) -> None:
    """Draws the curves from the first event on; they follow the run until it ends."""
    texts = _find_texts(visit, run.config().task)
    live_chart(run.id, BASE, PLOTLY_ROUTE, texts, key=f"chart_{run.id}", separators=visit.separators)
    says = visit.tr("Above the loss: on the training set at each step, on the validation set at each evaluation. Below the score, with the baseline as a line.")  # fmt: skip
    terms = "loss", "training_set", "step", "validation_set", "evaluation", "baseline"
    st.caption(explained(visit, says, *terms), unsafe_allow_html=True)


def _find_texts(visit: Visit, task: str) -> dict[str, str]:
    tr = visit.tr
    return {
        "step": tr("Step (one update of the weights)"),
        "loss": tr("Loss (standard deviations²)") if task == "regression" else tr("Loss (nats)"),
        "metric": tr("Score"),
        "train_loss": tr("training loss, each step"),
        "train_loss_smooth": tr("training loss, smoothed"),
        "validation_loss": tr("validation loss"),
        "baseline": baseline_names(tr)[task],
        "best": tr("best model"),
        "unfrozen": tr("layers that learn:"),
        "offline": tr("The server cannot be reached. Trying again…"),
        "alt": tr("Live chart: training loss at each step, validation loss and score at each evaluation."),
        **metric_names(tr),
        **{f"axis_{name}": title for name, title in axis_names(tr).items()},
    }
