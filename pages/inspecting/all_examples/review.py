"""The scores beside the trivial predictor's, each class, kinds of errors, and the examples."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import charts
from mlmtune_core.names import baseline_names, format_metric, metric_names
from mlmtune_core.runs.run import Run
from pages.inspecting.all_examples.kinds import draw_kinds
from pages.inspecting.all_examples.mistakes import draw_confusion, draw_list
from pages.shared.figures import draw_figure
from pages.shared.terms import about_metric, hint
from pages.shared.visit import Visit


def draw_review(visit: Visit, run: Run, side: str, review: dict[str, Any]) -> None:
    """Draws scores, the task's tables, then the examples of this split."""
    tr, task = visit.tr, run.config().task
    _draw_scores(visit, task, review)
    if "classes" in review and "confusion" in review:
        left, right = st.columns([6, 5], gap="large")
        with left:
            _draw_classes(visit, task, review["classes"])
        with right:
            draw_confusion(visit, run, review["confusion"])
    elif "classes" in review:
        _draw_classes(visit, task, review["classes"])
    if "pairs" in review:
        _subtitle(tr("True score against predicted score"))
        figure = charts.plot_predicted_against_true(review["pairs"], tr("True score"), tr("Predicted score"), visit.separators)
        alt = tr("Scatter plot: true score of every example against the predicted one.")
        draw_figure(figure, key="pairs", alt=alt, name="scores")
    if "groups" in review:
        _draw_groups(visit, review["groups"])
    if "kinds" in review:
        draw_kinds(visit, run, side, review["kinds"])
    draw_list(visit, run, side, review["confusion"]["labels"] if "confusion" in review else [])


def _draw_scores(visit: Visit, task: str, review: dict[str, Any]) -> None:
    tr, names = visit.tr, metric_names(visit.tr)
    with st.container(horizontal=True):
        st.metric(tr("Examples"), visit.number(review["examples"]), border=True, width="content", height="stretch")
        for name, value in review["metrics"].items():
            trivial = tr("trivially {value}").format(value=format_metric(visit.language, name, review["baseline"][name]))
            st.metric(names[name], format_metric(visit.language, name, value), trivial, delta_color="off", delta_arrow="off", border=True, width="content", help=about_metric(visit, name))  # fmt: skip
    st.caption(tr("The small numbers are those of the trivial predictor: {baseline}.").format(baseline=baseline_names(tr)[task]))  # fmt: skip
    if task == "token_classification":
        st.caption(
            tr(
                "Most words are outside of any entity, so accuracy per word is high even for a model that finds nothing. An entity counts only if its first word, its last word and its type are all right: that is why its F1 is lower."
            )
        )


def _draw_classes(visit: Visit, task: str, classes: list[dict[str, Any]]) -> None:
    tr = visit.tr
    title = tr("Whole entities by type") if task == "token_classification" else tr("Each label")
    st.markdown(f"**{title}**", help=hint(visit, "precision", "recall", "f1"))
    titles = {
        "label": tr("Type") if task == "token_classification" else tr("Label"),
        "precision": tr("Precision"),
        "recall": tr("Recall"),
        "f1": "F1",
        "support": tr("In the data"),
    }
    table = pd.DataFrame(classes, columns=list(titles)).rename(columns=titles)
    bars = {titles[name]: _bar(titles[name]) for name in ("precision", "recall", "f1")}
    st.dataframe(table, hide_index=True, column_config=bars, key="classes")


def _draw_groups(visit: Visit, groups: list[dict[str, Any]]) -> None:
    tr, names = visit.tr, metric_names(visit.tr)
    kinds = {"answerable": tr("the context holds the answer"), "no answer": tr("the context does not")}
    titles = {"group": tr("Questions"), "answer_f1": names["answer_f1"], "exact_match": names["exact_match"], "support": tr("In the data")}  # fmt: skip
    table = pd.DataFrame(groups, columns=list(titles)).replace({"group": kinds}).rename(columns=titles)
    bars = {titles[name]: _bar(titles[name]) for name in ("answer_f1", "exact_match")}
    st.dataframe(table, hide_index=True, column_config=bars, key="groups")


def _bar(title: str) -> Any:
    return st.column_config.ProgressColumn(title, format="percent", min_value=0, max_value=1, width=105)


def _subtitle(text: str) -> None:
    st.markdown("**" + text + "**")
