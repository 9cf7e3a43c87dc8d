"""The choice of what to train on the data: their task, or masked words in their texts first."""

from dataclasses import replace

import streamlit as st

from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.report import Report
from mlmtune_core.names import task_names
from mlmtune_core.runs.owned_runs import to_plain_texts
from pages.shared.choice import choice
from pages.shared.terms import hint
from pages.shared.visit import Visit

MASKED = "masked_words"
ABOUT_LABELS = ("too_few_rows",)  # errors that also block texts without labels


def ask_stage(visit: Visit, data: Prepared) -> Prepared:
    """Returns the data as they are, or as texts alone if the person wants the first stage."""
    tr = visit.tr
    stages = {"task": task_names(tr)[data.task], "masked": tr("First stage: guess masked words in these texts")}
    if data.task != MASKED:
        stage = choice(st.segmented_control, tr("What is learnt"), stages, "stage", required=True, help=hint(visit, "pre_training", "fine_tuning"))
        if stage == "task":
            return data
    st.caption(
        tr("The encoder reads on in texts like yours, no labels needed: worth while where they are many and unlike what the checkpoint has read. Keep the result as a checkpoint and train your task from it. Choose “Everything” for that: a head alone only shows what the encoder knows already.")
    )
    return data if data.task == MASKED else replace(data, task=MASKED, report=_as_texts(data.report.fingerprint, data.report))


@st.cache_resource(max_entries=16, show_spinner=False)
def _as_texts(fingerprint: str, _report: Report) -> Report:
    """Returns the report on the texts alone; cached, because its fingerprint covers all of them."""
    errors = tuple(problem for problem in _report.problems if problem.kind in ABOUT_LABELS)
    return replace(_report, examples=to_plain_texts(_report.examples), labels={}, problems=errors)
