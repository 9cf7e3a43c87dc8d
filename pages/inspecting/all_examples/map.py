"""The map: every evaluated example as a point, before and after training, on fixed axes."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.inspecting import model_charts
from mlmtune_core.runs.kept_weights import BEST, START
from pages.shared.choice import choice
from pages.shared.figures import draw_figure
from pages.shared.tables import number_columns
from pages.shared.terms import hint, meaning
from pages.shared.visit import Visit


def ask_method(visit: Visit) -> str:
    """Asks for the projection: PCA at once, t-SNE on demand."""
    names = {"pca": "PCA", "tsne": "t-SNE"}
    return choice(st.segmented_control, visit.tr("Projection"), names, "map_method", required=True, help=hint(visit, "pca", "tsne"))


def draw_map(visit: Visit, drawn: dict[str, Any], moment: str, several_words: bool) -> int | None:
    """Draws `drawn`, from `projection.draw_map`, at the moment shown. Returns the file row of a clicked point, or None."""
    tr = visit.tr
    shown, truth = drawn[moment], drawn["truth"]
    right = [said == true for said, true in zip(shown["said"], truth, strict=True)]
    if isinstance(truth[0], float):
        right = [True] * len(truth)
    axes = [tr("Axis {number}").format(number=number) for number in (1, 2)]
    if drawn["explained"]:
        axes = [f"{axis} ({visit.percent(share)})" for axis, share in zip(axes, drawn["explained"], strict=True)]
    every = [*drawn[START]["places"], *drawn[BEST]["places"]]  # the same axes at every moment
    figure = model_charts.plot_map(shown["places"], truth, right, drawn["texts"], *axes, (tr("right"), tr("wrong")), visit.separators, every)  # fmt: skip
    alt = tr("Scatter plot: a point for every example, coloured by its label in the data; a cross where the model is wrong.")
    chart, beside = st.columns([5, 1])
    with beside:
        _draw_numbers(visit, drawn, moment)
    with chart:
        picked = draw_figure(figure, key="map", alt=alt, name="map", on_select="rerun", selection_mode="points")
    explained = tr("The axes are the two directions in which the vectors of both moments together differ most. The shares in brackets say how much of all difference they show; what they do not show may still tell labels apart.")  # fmt: skip
    st.caption(explained if drawn["explained"] else meaning(visit, "tsne"))
    if several_words:
        st.caption(tr("Every point is a word in its sentence."))
    as_table = st.expander(tr("The map as a table"), key="map_as_table", on_change="rerun")
    if as_table.open:  # else its thousand cells slow down every step of the slider
        places = pd.DataFrame(shown["places"], columns=axes)
        table = places.assign(**{tr("Row"): drawn["rows"], tr("Text"): drawn["texts"], tr("In the data"): truth, tr("Predicted"): shown["said"]})
        as_table.dataframe(table, hide_index=True, key="map_table", column_config=number_columns(table))
    points = picked["selection"]["points"] if picked else []
    return drawn["rows"][points[0]["customdata"]] if points else None


def _draw_numbers(visit: Visit, drawn: dict[str, Any], moment: str) -> None:
    """Draws how well labels are separated, before and at this moment."""
    tr = visit.tr
    helps = {
        "silhouette": (tr("Silhouette"), tr("How much nearer every point is to those of its own label than to those of the nearest other: 1 is far apart, 0 is mixed. Measured in all dimensions, not on the map.")),
        "probe": (tr("Linear probe"), tr("How often a linear classifier that is trained on the vectors alone is right, over parts held out in turn (for numbers: R²). Measured in all dimensions.")),
    }  # fmt: skip
    for name, (title, help_text) in helps.items():
        before, after = drawn[START][name], drawn[moment if moment != START else BEST][name]
        if before is not None and after is not None:
            value = f"{visit.number(before, 2)} → {visit.number(after, 2)}"
            st.metric(title, value, border=True, help=help_text)
