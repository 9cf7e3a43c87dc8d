"""An answer as a table: all numbers, sortable and downloadable, probabilities as bars."""

import pandas as pd
import streamlit as st

from pages.shared.tables import number_columns, share_columns
from pages.shared.visit import Visit


def draw_table(
    visit: Visit, table: pd.DataFrame, probability_columns: list[str], *, temperature: float = 1, key: str = "answer_table"
) -> None:  # fmt: skip
    """Draws all numbers, sortable and downloadable; probabilities as bars, with the temperature if it is not 1."""
    tr = visit.tr
    title = tr("All of it as a table")
    if temperature != 1:
        title = tr("All of it as a table, at temperature {temperature}").format(temperature=visit.number(temperature, 2))
    st.markdown(f"**{title}**")
    st.dataframe(table, hide_index=True, column_config=number_columns(table) | share_columns(*probability_columns), key=key)
