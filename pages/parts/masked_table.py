"""The candidates for one [MASK]: before and after as bars and numbers, with the change"""

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.visit import Visit

BAR = 150


def draw_candidates(visit: Visit, candidates: list[dict[str, Any]], number: int, places: int) -> None:
    """One row a candidate, the likeliest afterwards first; those that were asked for bear a mark. Bars of both sides are on one scale, whose end is the largest."""
    tr = visit.tr
    if places > 1:
        st.markdown("**" + tr("Place {number}").format(number=number) + "**")
    rows = []
    for each in candidates:
        before, after = each["before"], each["after"]
        rows.append(
            {
                tr("Candidate"): ("★ " if each["asked"] else "") + each["token"],
                tr("Before"): before["probability"],
                tr("After"): after["probability"],
                tr("Change (percentage points)"): _signed(visit, 100 * (after["probability"] - before["probability"])),
                tr("Rank before"): before["rank"],
                tr("Rank after"): after["rank"],
                tr("Logit before"): round(before["logit"], 3),
                tr("Logit after"): round(after["logit"], 3),
            }
        )
    largest = max(each[side]["probability"] for each in candidates for side in ("before", "after"))
    shares = {name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=largest, width=BAR) for name in (tr("Before"), tr("After"))}
    logits = {name: st.column_config.NumberColumn(name, format="localized", step=0.001) for name in (tr("Logit before"), tr("Logit after"))}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=shares | logits, height="content", key=f"candidates_{number}")


def _signed(visit: Visit, points: float) -> str:
    """A direction that is seen without colour."""
    if abs(points) < 0.005:
        return f"= {visit.number(0, 2)}"
    return f"{'▲' if points > 0 else '▼'} {visit.number(points, 2, signed=True)}"
