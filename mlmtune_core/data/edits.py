"""Applies edits to a file's rows that can be undone: change a cell, rename a label, drop rows."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

Edit = dict[str, Any]
Batch = list[Edit]


def apply_edits(rows: pd.DataFrame, batches: Sequence[Batch]) -> pd.DataFrame:
    """Applies batches of edits, oldest first, to the rows of a file. Skips edits whose row or column no longer exists.

    An edit is {row, column, value}, {row, drop: true}, or {column, old, value} for every cell that equals `old`.
    """
    if not any(batches):
        return rows
    rows = rows.copy()
    for edit in (edit for batch in batches for edit in batch):
        column = edit.get("column")
        if edit.get("drop"):
            rows = rows.drop(index=edit["row"], errors="ignore")
        elif column in rows.columns and "old" in edit:
            rows.loc[rows[column].astype(str).str.strip() == edit["old"], column] = edit["value"]
        elif column in rows.columns and edit.get("row") in rows.index:
            rows.at[edit["row"], column] = edit["value"]
    return rows


def find_edits(before: pd.DataFrame, changes: dict[str, Any], columns: Sequence[str]) -> Batch:
    """Converts the changes of st.data_editor (`edited_rows`, `deleted_rows`, by position) to edits by row number."""
    batch: Batch = []
    for position, cells in changes.get("edited_rows", {}).items():
        row = int(before.index[int(position)])
        batch += [{"row": row, "column": name, "value": value if value is not None else ""} for name, value in cells.items() if name in columns]  # fmt: skip
    return batch + [{"row": int(before.index[position]), "drop": True} for position in changes.get("deleted_rows", [])]
