"""Evaluated examples as a table; the chosen one opens."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.runs.run import Run
from pages.shared.choice import choice
from pages.shared.tables import share_columns
from pages.shared.visit import Visit

NAMED_BY = ("text", "question", "words", "true")  # the name of a row in the select box
NAME_SIGNS = 90


def draw_rows(visit: Visit, run: Run, side: str, rows: Sequence[dict[str, Any]], titles: dict[str, str], key: str, bars: Sequence[str] = ()) -> None:  # fmt: skip
    """Draws `rows`: each with `row`, its line in the file of this split, and the columns that `titles` (name -> title) names; those in `bars` are shares.

    One is chosen by a click in the table, or in the list below it, which the keyboard reaches.
    """
    tr, picked = visit.tr, f"{key}_picked"
    if not rows:
        return
    shown = {name: title for name, title in titles.items() if name in rows[0]}
    table = pd.DataFrame(rows)[list(shown)].rename(columns=shown)
    config = share_columns(*(titles[name] for name in bars))
    st.dataframe(table, hide_index=True, key=key, column_config=config, on_select=lambda: _take_click(key), selection_mode="single-row")  # fmt: skip
    names = {i: _name(row) for i, row in enumerate(rows)}
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    with left:
        chosen = choice(st.selectbox, tr("Example (row: text)"), names, picked)
    right.button(
        tr("Open it by itself"),
        key=f"{key}_open",
        icon=":material/open_in_new:",
        on_click=open_example,
        args=(run.id, rows[chosen]["row"], side),
        width="stretch",
    )


def open_example(run_id: str, row: int, side: str = "validation") -> None:
    """Makes the page show one example at its next rerun."""
    st.session_state.update({"way": "input", "source": "example", f"example_{run_id}": row, "example_side": side})


def _take_click(key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        st.session_state[f"{key}_picked"] = rows[0]


def _name(row: dict[str, Any]) -> str:
    text = next(str(row[name]) for name in NAMED_BY if name in row)
    word = f"{row['word']} · " if "word" in row else ""
    return f"{row['row']}: {word}{text[:NAME_SIGNS]}"
