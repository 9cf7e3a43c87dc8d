"""How confident the model is: calibration, confident mistakes, doubtful answers, slices of the data."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.inspecting import model_charts
from mlmtune_core.runs.run import Run
from pages.inspecting.example_table import draw_rows
from pages.shared.figures import draw_figure
from pages.shared.tables import share_columns
from pages.shared.terms import hint
from pages.shared.visit import Visit


def draw_certainty(visit: Visit, run: Run, side: str, found: dict[str, Any]) -> None:
    """Draws `found`, from `certainty.find_certainty`."""
    tr = visit.tr
    bins = pd.DataFrame(found["calibration"])
    st.markdown("**" + tr("Is it as often right as it says?") + "**", help=hint(visit, "calibration", "probability"))
    st.markdown(
        tr("Answers are put together by the probability that the model gave them. On the dotted line it is right as often as it says; below it says too much. On average it is off by {error} (ECE).").format(
            error=visit.percent(found["error"], 1)
        )
    )  # fmt: skip
    titles = {"confidence": tr("Probability it gave"), "accuracy": tr("Share that is right"), "count": tr("Answers")}
    figure = model_charts.plot_calibration(bins["confidence"], bins["accuracy"], bins["count"], titles["confidence"], titles["accuracy"], visit.separators)  # fmt: skip
    alt = tr("Calibration curve: how often answers of like probability are right.")
    draw_figure(figure, key="calibration", alt=alt, name="calibration")
    st.dataframe(bins.rename(columns=titles), hide_index=True, key="calibration_table", column_config=share_columns(titles["confidence"], titles["accuracy"]))  # fmt: skip
    titles = {"row": tr("Row"), "text": tr("Text"), "true": tr("In the data"), "predicted": tr("Predicted"), "confidence": tr("Probability it gave")}  # fmt: skip
    for name, title in (("confident_errors", tr("Wrong, and sure of it")), ("least_certain", tr("The answers it doubts most"))):  # fmt: skip
        st.markdown(f"**{title}**")
        draw_rows(visit, run, side, found[name], titles, name, ["confidence"])
    st.markdown("**" + tr("Where it is right: by length and by label") + "**")
    slices = pd.DataFrame(found["slices"])
    slices["by"] = slices["by"].map({"length": tr("Length in words"), "label": tr("Label in the data")})
    columns = {"by": tr("By"), "slice": tr("Slice"), "accuracy": tr("Share that is right"), "count": tr("Answers")}
    st.dataframe(slices.rename(columns=columns), hide_index=True, key="slices", column_config=share_columns(columns["accuracy"]))  # fmt: skip
