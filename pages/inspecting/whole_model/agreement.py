"""Where two runs agree over all examples, and which only one of them gets right."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.names import format_metric, metric_names, role_names
from mlmtune_core.runs.run import Run
from pages.inspecting.example_table import draw_rows
from pages.shared.choice import choice
from pages.shared.visit import Visit


def draw_agreement(visit: Visit, run: Run, found: dict[str, Any]) -> None:
    """Draws `found`, from `review.compare_measured`."""
    tr, is_number = visit.tr, run.config().task == "regression"
    told = tr("A was measured with {first} examples, B with {second}; {shared} of them are the same.")
    st.markdown(told.format(shared=visit.number(found["shared"]), first=visit.number(found["own"][0]), second=visit.number(found["own"][1])))  # fmt: skip
    if found["learnt"]:
        st.caption(tr("{count} examples of A are left out because B learnt from them.").format(count=visit.number(found["learnt"])))  # fmt: skip
    if not found["shared"]:
        st.info(tr("There is nothing that both were measured with. Runs on the same data with the same seed and validation share have the same examples."), icon=":material/info:")  # fmt: skip
        return
    _draw_shares(visit, found, is_number)
    if found["own"] != [found["shared"]] * 2:
        _draw_scores(visit, found)
    names = {
        "first": tr("A is nearer ({count})") if is_number else tr("only A is right ({count})"),
        "second": tr("B is nearer ({count})") if is_number else tr("only B is right ({count})"),
    }
    shown = {kind: name.format(count=visit.number(found["counts"][kind])) for kind, name in names.items()}
    kind = choice(st.segmented_control, tr("Show those where"), shown, "compare_kind", required=True)
    rows = [row for row in found["rows"] if row["kind"] == kind]
    if len(rows) < found["counts"][kind]:
        st.caption(tr("The first {count} of them.").format(count=visit.number(len(rows))))
    titles = {"row": tr("Row"), "true": tr("In the data"), "first": tr("A says"), "second": tr("B says"), **role_names(tr)}
    draw_rows(visit, run, "validation", rows, titles, "compare_rows")


def _draw_shares(visit: Visit, found: dict[str, Any], is_number: bool) -> None:
    tr, counts, shared = visit.tr, found["counts"], found["shared"]
    with st.container(horizontal=True):
        if not is_number:
            st.metric(tr("Answered alike"), visit.percent(found["agree"] / shared, 1), border=True, width="content")
        if found["words"]:
            st.metric(tr("Words tagged alike"), visit.percent(found["words"][0] / max(1, found["words"][1]), 1), border=True, width="content")  # fmt: skip
        titles = {"both": tr("both right"), "first": tr("only A right"), "second": tr("only B right"), "neither": tr("neither right")}  # fmt: skip
        if is_number:
            titles = {"first": tr("A nearer"), "second": tr("B nearer"), "both": tr("as near")}
        for kind, title in titles.items():
            st.metric(title, visit.number(counts[kind]), border=True, width="content")


def _draw_scores(visit: Visit, found: dict[str, Any]) -> None:
    tr, names = visit.tr, metric_names(visit.tr)
    first, second = found["shared_scores"]
    rows = [(names[name], format_metric(visit.language, name, first[name]), format_metric(visit.language, name, second[name])) for name in first]
    st.markdown("**" + tr("Scores on the examples of both") + "**")
    st.dataframe(pd.DataFrame(rows, columns=[tr("Score"), "A", "B"]), hide_index=True, key="compare_shared", width="content")
