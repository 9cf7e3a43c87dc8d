"""The data of a visit: opened from its id, read as was chosen, checked; kept in cache while unchanged."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core import engine
from mlmtune_core.config import RunConfig
from mlmtune_core.data import checking, columns, reading, splitting
from mlmtune_core.data_store import SAMPLES, find_reading, open_data


@dataclass(frozen=True)
class Dataset:
    """A file, how it was read, and which task and columns were chosen."""

    id: str
    table: reading.Table
    task: str
    columns: dict[str, str]

    @property
    def header(self) -> bool:
        """Whether the first row was taken for column names."""
        return self.table.format.header

    def report(self) -> checking.Report:
        """Rows, labels and problems. Raises DataError where a column is wanting."""
        return _check(self.id, self.task, self.columns, self.header, self.table)


def open_dataset(data_id: str) -> Dataset:
    """The data of a link. Raises DataError."""
    chosen = find_reading(data_id)
    table = _read(data_id, chosen.get("header"))
    task = SAMPLES[data_id].task if data_id in SAMPLES else chosen.get("task") or columns.guess_task(table.rows)
    guessed = columns.guess(table.rows, task)
    told = {
        role: column
        for role, column in (chosen.get("columns") or {}).items()
        if column in table.columns and role in columns.ROLES[task]
    }
    return Dataset(data_id, table, task, guessed | told)


@st.cache_data(max_entries=64, show_spinner=False)
def preview(checkpoint: str, task: str, fingerprint: str, max_length: int, _examples: pd.DataFrame) -> dict[str, Any]:
    """Lengths and tokens as the checkpoint's tokenizer makes them (see previewing.preview_tokens)."""
    rows = _examples.to_dict("records")
    seen = engine.current().ask("mlmtune_core.previewing:preview_tokens", checkpoint, task, rows, max_length)
    for example, row in zip(seen["shown"], rows, strict=False):
        example["label"] = row.get("label", "")
    return seen


@st.cache_data(max_entries=256, show_spinner=False)
def describe_model(checkpoint: str, task: str, labels: int, strategy: str, head: str) -> dict[str, Any]:
    """Blocks and counts of weights (see previewing.describe_model)."""
    return engine.current().ask("mlmtune_core.previewing:describe_model", checkpoint, task, labels, strategy, head)


def split_of(report: checking.Report, seed: int) -> pd.DataFrame:
    """Label (or rarest tag of the sentence) x split -> number of examples."""
    examples = splitting.split_examples(report.examples, RunConfig.model_fields["validation_share"].default, seed)
    label = examples["label"] if "label" in examples else pd.Series(splitting.rarest_tags(examples["tags"].tolist()))
    counts = pd.crosstab(label.rename(None), examples["split"].rename(None), margins=True, margins_name="Σ")
    return counts[[name for name in ("train", "validation", "Σ") if name in counts]]


@st.cache_data(max_entries=32, show_spinner=False)
def _read(data_id: str, header: bool | None) -> reading.Table:
    name, raw = open_data(data_id)
    return reading.read_table(raw, name, header)


@st.cache_data(max_entries=32, show_spinner=False)
def _check(data_id: str, task: str, chosen: dict[str, str], header: bool, _table: reading.Table) -> checking.Report:
    return checking.check(_table.rows, task, columns.choose(_table.rows, task, dict(chosen)))
