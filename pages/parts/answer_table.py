"""The table twin of an answer: all numbers, sortable and downloadable, probabilities as bars."""

import pandas as pd
import streamlit as st

from pages.parts.visit import Visit


def draw_table(visit: Visit, table: pd.DataFrame, probability_columns: list[str]) -> None:
    """All numbers, sortable and downloadable; probabilities as bars."""
    tr = visit.tr
    st.markdown("**" + tr("All of it as a table") + "**")
    bars = {
        name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=1)
        for name in probability_columns
    }
    st.dataframe(table, hide_index=True, column_config=bars, key="answer_table")
