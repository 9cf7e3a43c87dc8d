"""The data of a visit: prepared by the data worker, cached while its reading and edits are unchanged."""

import json
import time
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.config import RunConfig
from mlmtune_core.data import splitting
from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.report import Report
from mlmtune_core.data.uploads import load_edits, load_progress, load_reading, require_access
from mlmtune_core.errors import UserError
from mlmtune_core.workers import engine
from pages.shared.visit import Visit

PREPARE_SECONDS = 300.0
LOOK_SECONDS = 0.25
QUIET_SECONDS = 0.6


def open_dataset(visit: Visit, data_id: str) -> Prepared:
    """Returns the data of a link, with a progress bar while they are read.

    Raises DataError for a file that cannot be read, PeopleError for somebody else's.
    """
    require_access(data_id, visit.person)
    key = json.dumps([load_reading(data_id), load_edits(data_id)], sort_keys=True)
    question = _prepare(data_id, key)
    wait_for(visit, question, data_id)
    try:
        return question.result(PREPARE_SECONDS)
    except UserError:
        _prepare.clear(data_id, key)
        raise


def wait_for(visit: Visit, question: engine.Question, data_id: str) -> None:
    """Draws the worker's progress until it is done; short work draws nothing."""
    bar, began = None, time.monotonic()
    while not question.done():
        time.sleep(0.02 if time.monotonic() - began < QUIET_SECONDS else LOOK_SECONDS)
        if time.monotonic() - began > QUIET_SECONDS:
            bar = bar or st.empty()
            share = load_progress(data_id)
            bar.progress(share, visit.tr("Reading and checking the file: {share}").format(share=visit.percent(share)))
    if bar:
        bar.empty()


@st.cache_resource(max_entries=64, show_spinner=False)
def _prepare(data_id: str, key: str) -> engine.Question:
    """The question to the data worker; asked once for the same reading and edits."""
    return engine.current().begin("mlmtune_core.data.preparation:prepare", data_id, role="data")


@st.cache_data(max_entries=64, show_spinner=False)
def preview(checkpoint: str, task: str, fingerprint: str, max_length: int, _rows: list[dict]) -> list[dict[str, Any]]:
    """Returns some examples as the checkpoint's tokenizer encodes them (see inspecting/trials/preview)."""
    return engine.current().ask("mlmtune_core.inspecting.trials.preview:preview_tokens", checkpoint, task, _rows, max_length)


@st.cache_data(max_entries=64, show_spinner=False)
def count_sub_words(checkpoint: str, fingerprint: str, _examples: pd.DataFrame) -> list[int]:
    """Returns the length of every example in sub-words."""
    return engine.current().ask("mlmtune_core.inspecting.trials.preview:count_sub_words", checkpoint, _examples.to_dict("records"))


@st.cache_data(max_entries=256, show_spinner=False)
def describe_model(
    checkpoint: str, task: str, strategy: str, first_layers: int, labels: int, head: str, pooling: str
) -> dict[str, Any]:
    """Returns blocks and counts of weights (see inspecting/trials/preview)."""
    question = checkpoint, task, labels, strategy, head, first_layers, pooling
    return engine.current().ask("mlmtune_core.inspecting.trials.preview:describe_model", *question)


def split_of(report: Report, seed: int) -> pd.DataFrame:
    """Returns label (or another stratum, see splitting.find_strata) x split -> number of examples."""
    examples = splitting.split_examples(report.examples, RunConfig.model_fields["validation_share"].default, seed)
    kinds = pd.DataFrame({"kind": splitting.find_strata(examples), "split": examples["split"].to_numpy()})
    counts = kinds.value_counts(sort=False).unstack(fill_value=0).sort_index()  # what pd.crosstab computes, in a tenth of the time
    counts = counts[[name for name in splitting.SPLITS if name in counts]].rename_axis(columns=None)
    counts["Σ"] = counts.sum(axis=1)
    counts.loc["Σ"] = counts.sum()
    return counts
