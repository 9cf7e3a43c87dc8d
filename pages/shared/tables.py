"""How numbers stand in tables: shares as bars, fractions in the visit's language, rates as powers of ten."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

DIGITS = 4


def share_columns(*names: str) -> dict[str, Any]:
    """Returns column settings: shares, 0 to 1, as bars with a percentage."""
    return {name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=1) for name in names}


def number_columns(table: pd.DataFrame, digits: int = DIGITS, others: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Returns column settings: every fraction with this many digits, in the browser's language; `others` by name."""
    return {
        name: st.column_config.NumberColumn(str(name), format="localized", step=10.0 ** -(others or {}).get(name, digits))
        for name in table.select_dtypes("float").columns
    }


def rate_columns(*names: str) -> dict[str, Any]:
    """Returns column settings: learning rates, of any size, as 1E-4."""
    return {name: st.column_config.NumberColumn(name, format="scientific") for name in names}
