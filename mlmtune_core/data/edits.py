"""Small repairs of a file's rows: a cell written anew, a label renamed everywhere, rows dropped; each can be undone."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

Edit = dict[str, Any]
Batch = list[Edit]


def apply_edits(rows: pd.DataFrame, batches: Sequence[Batch]) -> pd.DataFrame:
    """Rows as read and batches of edits, oldest first -> rows as they are to be used. What no longer fits is passed over.

    An edit is {row, column, value}, {row, drop: true}, or {column, old, value} for every cell that reads `old`.
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


def find_edits(before: pd.DataFrame, after: dict[str, Any], columns: Sequence[str]) -> Batch:
    """What a person did in a table on a page (`edited_rows`, `deleted_rows` by place) as edits by row number."""
    batch: Batch = []
    for place, cells in after.get("edited_rows", {}).items():
        row = int(before.index[int(place)])
        batch += [{"row": row, "column": name, "value": value if value is not None else ""} for name, value in cells.items() if name in columns]  # fmt: skip
    return batch + [{"row": int(before.index[place]), "drop": True} for place in after.get("deleted_rows", [])]
