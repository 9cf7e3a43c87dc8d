"""The overfitting explorer: few labels, wrong labels, many epochs; both curves and the gap between them."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.config import validate
from mlmtune_core.data.subsets import reduce_and_mislabel, split_in_three
from mlmtune_core.inspecting.trials.explorer_charts import plot_overfitting
from mlmtune_core.language import format_rate
from pages.components.dial_chart import dial_chart
from pages.explore.explored import Explored, ask_explored, offer_run
from pages.shared.choice import choice
from pages.shared.tables import number_columns
from pages.shared.visit import Visit

LABELS = (16, 32, 64, 128, 256, 512, 1024)
NOISE = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4)
EPOCHS = (5, 10, 20, 40, 80, 160)
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
DROPOUT = (0.0, 0.1, 0.3, 0.5)
DECAY = (0.0, 0.01, 0.1, 1.0)
PATIENCE = (0, 1, 2, 3, 5, 10)
HEIGHT = 380


def draw_overfitting(visit: Visit, explored: Explored) -> None:
    """Draws settings, curves, the test scores, the table, and the button for a real run."""
    tr = visit.tr
    split = split_in_three(explored.examples, validate(explored.settings).validation_share, 0)
    labels, noise, more = _ask(visit, int((split["split"] == "train").sum()))
    settings = explored.settings | more | {"early_stopping_metric": "validation_loss"}
    found = ask_explored(
        visit, explored, "mlmtune_core.inspecting.trials.head_trials:try_labels", explored.fingerprint, settings, labels, noise, patient=True
    )
    if found is None:
        return
    _draw_curves(visit, found)
    _draw_test(visit, found)
    st.caption(
        tr(
            "The encoder stays frozen, so that a change is drawn at once. A linear head has few weights and overfits mildly: for more, take few labels, some of them wrong, a high rate and many epochs, or run it for real with all weights."
        )
    )
    offer_run(visit, explored, settings, reduce_and_mislabel(split, labels, noise, 0), "overfit")
    with st.expander(tr("The curves as a table"), icon=":material/table:"):
        _draw_table(visit, found)


def _ask(visit: Visit, available: int) -> tuple[int, float, dict[str, Any]]:
    """Returns (how many labels, share of wrong ones, settings of the run)."""
    tr, settings = visit.tr, {}
    first, second = st.columns(3), st.columns(4)
    counts = {count: visit.number(count) for count in LABELS if count < available} | {
        available: tr("all ({count})").format(count=visit.number(available))
    }
    with first[0]:
        labels = choice(st.select_slider, tr("Labels to learn from"), counts, "overfit_labels", default=32)
    with first[1]:
        noise = choice(
            st.select_slider,
            tr("Wrong labels among them"),
            {share: visit.percent(share) for share in NOISE},
            "overfit_noise",
            default=0.2,
        )
    asked = {
        "epochs": (tr("Epochs"), EPOCHS, 40, visit.number),
        "head_learning_rate": (tr("Learning rate"), RATES, 1e-2, format_rate),
        "dropout": (tr("Dropout"), DROPOUT, 0.0, lambda value: visit.number(value, 1)),
        "weight_decay": (tr("Weight decay"), DECAY, 0.0, lambda value: visit.number(value, 2)),
        "patience": (
            tr("Early stopping: patience"),
            PATIENCE,
            3,
            lambda value: visit.number(value) if value else tr("never stop"),
        ),
    }
    for column, (name, (title, values, usual, write)) in zip([first[2], *second], asked.items(), strict=True):
        with column:
            settings[name] = choice(
                st.select_slider,
                title,
                {value: write(value) for value in values},
                f"overfit_{name}",
                default=usual,
                help=visit.help(name),
            )
    return labels, noise, settings


def _draw_curves(visit: Visit, found: dict[str, Any]) -> None:
    tr = visit.tr
    texts = {
        "epoch": tr("Epoch"),
        "loss": tr("Loss (nats)"),
        "accuracy": tr("Accuracy"),
        "train": tr("Learnt from, without dropout"),
        "validation": tr("Validation"),
        "test": tr("Test, at best and at last"),
        "majority": tr("Always the most frequent label"),
        "turn": tr("validation turns"),
        "stopped": tr("early stop"),
    }
    alt = tr(
        "Two charts by epoch, loss and accuracy, each with a line for what is learnt from and one for validation; the gap between them is filled."
    )
    dial_chart(plot_overfitting(found, texts, visit.separators), alt, HEIGHT, key="overfit")


def _draw_test(visit: Visit, found: dict[str, Any]) -> None:
    """Draws the finding in a sentence, and the test score at the best epoch and at the last."""
    tr, evaluations = visit.tr, found["lanes"][0]["evaluations"]
    if evaluations[-1]["epoch"] < found["epochs"]:
        st.warning(
            tr("After epoch {epoch} the loss was no number any more.").format(epoch=evaluations[-1]["epoch"]),
            icon=":material/warning:",
        )
    best, last = evaluations[min(found["best"], len(evaluations) - 1)], evaluations[-1]
    said, at_best, at_last = st.columns([3, 1, 1])
    at_best.metric(
        tr("Test at the best epoch ({epoch})").format(epoch=best["epoch"]),
        visit.percent(best["test_accuracy"], 1),
        border=True,
    )
    change = visit.percent(last["test_accuracy"] - best["test_accuracy"], 1, signed=True)
    at_last.metric(
        tr("Test at the last epoch ({epoch})").format(epoch=last["epoch"]),
        visit.percent(last["test_accuracy"], 1),
        change,
        border=True,
    )
    with said:
        st.markdown(_say(visit, found, last))
        st.caption(
            tr(
                "The best epoch is the one with the lowest validation loss before the run would stop. The {count} test examples are always the same ones and decide nothing."
            ).format(count=visit.number(found["sizes"]["test"]))
        )


def _say(visit: Visit, found: dict[str, Any], last: dict[str, Any]) -> str:
    tr = visit.tr
    told = tr(
        "{count} labels, {wrong} of them wrong. In the end the head gives back {train} of them, and is right on {validation} of the validation examples."
    )
    counts = {"count": visit.number(found["sizes"]["train"]), "wrong": visit.number(found["wrong"])}
    sentence = told.format(
        **counts,
        train=visit.percent(last["train_accuracy"], 1),
        validation=visit.percent(last["validation_accuracy"], 1),
    )
    if found["turn"]:
        return sentence + " " + tr("The validation loss turns after epoch {epoch}.").format(epoch=found["turn"])
    return sentence + " " + tr("The validation loss has not turned yet.")


def _draw_table(visit: Visit, found: dict[str, Any]) -> None:
    tr = visit.tr
    titles = {
        "epoch": tr("Epoch"),
        "train_loss": tr("Loss on what is learnt from"),
        "validation_loss": tr("Validation loss"),
        "test_loss": tr("Test loss"),
        "train_accuracy": tr("Accuracy on what is learnt from"),
        "validation_accuracy": tr("Validation accuracy"),
        "test_accuracy": tr("Test accuracy"),
    }
    table = pd.DataFrame(found["lanes"][0]["evaluations"])[list(titles)].rename(columns=titles)
    st.dataframe(table, hide_index=True, key="overfit_table", column_config=number_columns(table))
