"""The table twin of an answer: all numbers, sortable and downloadable, probabilities as bars."""

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.visit import Visit

DIGITS = 4


def share_columns(*names: str) -> dict[str, Any]:
    """Column settings: shares, 0 to 1, as bars with a percentage."""
    return {name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=1) for name in names}


def number_columns(table: pd.DataFrame, digits: int) -> dict[str, Any]:
    """Column settings: every fraction with so many digits behind the sign that the browser's language puts before them."""
    return {
        name: st.column_config.NumberColumn(str(name), format="localized", step=10.0**-digits)
        for name in table.select_dtypes("float").columns
    }


def rate_columns(*names: str) -> dict[str, Any]:
    """Column settings: learning rates, of any size, as 1E-4."""
    return {name: st.column_config.NumberColumn(name, format="scientific") for name in names}


def draw_table(
    visit: Visit, table: pd.DataFrame, probability_columns: list[str], *, temperature: float = 1, key: str = "answer_table"
) -> None:  # fmt: skip
    """All numbers, sortable and downloadable; probabilities as bars, at a temperature that is said where it is not 1."""
    tr = visit.tr
    title = tr("All of it as a table")
    if temperature != 1:
        title = tr("All of it as a table, at temperature {temperature}").format(temperature=visit.number(temperature, 2))
    st.markdown(f"**{title}**")
    st.dataframe(table, hide_index=True, column_config=number_columns(table, DIGITS) | share_columns(*probability_columns), key=key)
