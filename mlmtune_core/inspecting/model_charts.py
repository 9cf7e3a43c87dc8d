"""Plotly figures of what is inside a model: weights, sums, maps, attention, calibration."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from mlmtune_core.charts import BLUE, FONT_SIZE, GREEN, GREY, ORANGE, RED, axis_labels, escape_html, make_figure

PALETTE = (BLUE, ORANGE, GREEN, RED, "#CC79A7", "#56B4E9", "#8a6d00", "#5b6770")  # as .streamlit/config.toml

LEGEND_ABOVE = 8  # legend entries; more would leave no room for the map


def plot_matrix(values: Sequence[Sequence[float]], names: Sequence[str], x_title: str, y_title: str, separators: str) -> go.Figure:  # fmt: skip
    """Plots numbers as colours, a row per name and a column per place: orange above zero, blue below, no colour at zero."""
    reach = max(abs(value) for row in values for value in row) or 1.0
    cells = {
        "type": "heatmap",
        "z": values,
        "y": axis_labels(names),
        "colorscale": [[0, BLUE], [0.5, "rgba(128,128,128,0.06)"], [1, ORANGE]],
        "zmin": -reach,
        "zmax": reach,
        "colorbar": {"thickness": 12, "tickfont": {"size": FONT_SIZE}, "tickvals": [-reach, 0, reach], "tickformat": ".2~g"},
        "hovertemplate": "%{y}, %{x}: %{z:.4f}<extra></extra>",
    }
    axis, height = {"type": "category", "showgrid": False}, 150 + 26 * len(names)
    return make_figure([cells], x_title, y_title, separators, height, x={"showgrid": False}, y=axis | {"autorange": "reversed"})


def plot_sum(names: Sequence[str], values: Sequence[float], x_title: str, separators: str) -> go.Figure:
    """Plots summands one below the other, each from where the sum above ends; the last bar is the sum."""
    bars = {
        "type": "waterfall",
        "orientation": "h",
        "y": list(range(len(names))),
        "x": values,
        "measure": ["relative"] * (len(names) - 1) + ["total"],
        "increasing": {"marker": {"color": ORANGE}},
        "decreasing": {"marker": {"color": BLUE}},
        "totals": {"marker": {"color": GREY}},
        "hovertemplate": "%{delta:.4f}<extra></extra>",
    }
    ticks = {"tickvals": list(range(len(names))), "ticktext": axis_labels(names), "autorange": "reversed", "showgrid": False}
    return make_figure([bars], x_title, "", separators, 110 + 28 * len(names), y=ticks)


def plot_attention(tokens: Sequence[str], weights: Sequence[Sequence[float]], x_title: str, y_title: str, separators: str) -> go.Figure:  # fmt: skip
    """Plots attention weights: a row per token, which adds up to 1."""
    names = axis_labels(tokens)
    cells = {
        "type": "heatmap",
        "z": weights,
        "x": names,
        "y": names,
        "colorscale": [[0, "rgba(0,114,178,0.03)"], [1, "rgba(0,114,178,0.9)"]],
        "zmin": 0,
        "zmax": 1,
        "hovertemplate": "%{y} → %{x}: %{z:.3f}<extra></extra>",
    }
    axis = {"type": "category", "showgrid": False}
    height = max(320, min(900, 150 + 24 * len(tokens)))
    return make_figure([cells], x_title, y_title, separators, height, x=axis, y=axis | {"autorange": "reversed"})


def plot_map(
    places: Sequence[Sequence[float]], labels: Sequence[object], right: Sequence[bool], texts: Sequence[str],
    x_title: str, y_title: str, marks: tuple[str, str], separators: str, reach: Sequence[Sequence[float]] = ()
) -> go.Figure:  # fmt: skip
    """Plots points in the plane, a colour per label (or a scale, for numbers), a disc for a right answer and a cross for a wrong one.

    `customdata` is each point's index in `places`. `marks`: names of disc and cross. `reach`: points that the axes must cover,
    if not only `places`: maps with the same ones have the same axes.
    """
    numbers = isinstance(labels[0], float)
    kinds = [None] if numbers else sorted(set(map(str, labels)))
    traces: list[dict[str, Any]] = []
    for number, kind in enumerate(kinds):
        of_kind = [i for i, label in enumerate(labels) if numbers or str(label) == kind]
        for is_right, symbol, sign in ((True, "circle", marks[0]), (False, "x", marks[1])):
            those = [i for i in of_kind if right[i] == is_right]
            colour: dict[str, Any] = {"color": [labels[i] for i in those], "colorscale": "Cividis", "showscale": is_right} if numbers else {"color": PALETTE[number % len(PALETTE)]}  # fmt: skip
            if those:
                traces.append(
                    {
                        "type": "scatter",
                        "mode": "markers",
                        "x": [places[i][0] for i in those],
                        "y": [places[i][1] for i in those],
                        "customdata": those,
                        "text": [f"{escape_html(texts[i])}<br><b>{escape_html(labels[i])}</b>" for i in those],
                        "hovertemplate": "%{text}<extra></extra>",
                        "name": f"{'' if kind is None else escape_html(kind) + ', '}{sign}",
                        "marker": {"symbol": symbol, "size": 9, "opacity": 0.75, **colour},
                    }
                )
    ends = [[min(axis), max(axis)] for axis in zip(*(reach or places), strict=True)]
    spread = [[low - 0.05 * (high - low or 1), high + 0.05 * (high - low or 1)] for low, high in ends]
    fixed = {"automargin": False}  # automatic margins cost a second drawing
    more = {
        "margin": {"l": 70, "r": 10, "t": 30, "b": 60},
        "showlegend": not numbers or len(traces) > 1,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"} if len(traces) <= LEGEND_ABOVE else {},  # else beside it, scrollable
    }
    return make_figure(traces, x_title, y_title, separators, 430, fixed | {"range": spread[0]}, fixed | {"range": spread[1]}, more)


def plot_bars(names: Sequence[str], values: Sequence[float], x_title: str, separators: str) -> go.Figure:
    """Plots a bar per name, in order, from top to bottom."""
    bars = {"type": "bar", "orientation": "h", "y": list(range(len(names))), "x": values, "marker": {"color": BLUE}, "hovertemplate": "%{x:.4f}<extra></extra>"}  # fmt: skip
    ticks = {"tickvals": list(range(len(names))), "ticktext": axis_labels(names), "autorange": "reversed", "showgrid": False}
    return make_figure([bars], x_title, "", separators, 110 + 26 * len(names), y=ticks)


def plot_paired_bars(names: Sequence[str], first: Sequence[float], second: Sequence[float], titles: tuple[str, str], x_title: str, separators: str) -> go.Figure:  # fmt: skip
    """Plots two bars per name, shares from 0 to 1; the second is hatched, in another colour."""
    looks = ({"color": BLUE}, {"color": ORANGE, "pattern": {"shape": "/"}})
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "y": list(range(len(names))),
            "x": values,
            "name": title,
            "marker": look,
            "text": values,
            "texttemplate": f"{title} %{{x:.1%}}",
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": f"{title}: %{{x:.2%}}<extra></extra>",
        }
        for title, values, look in zip(titles, (first, second), looks, strict=True)
    ]
    ticks = {"tickvals": list(range(len(names))), "ticktext": axis_labels(names), "autorange": "reversed", "showgrid": False}
    share = {"range": [0, 1.12], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    return make_figure(bars, x_title, "", separators, 120 + 56 * len(names), x=share, y=ticks)


def plot_changes(names: Sequence[str], values: Sequence[float], x_title: str, separators: str) -> go.Figure:
    """Plots a bar per name, in order, from top to bottom: orange to the right of zero, blue to the left, with its number."""
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(names))),
        "x": values,
        "marker": {"color": [ORANGE if value > 0 else BLUE for value in values]},
        "text": values,
        "texttemplate": "%{x:+.1f}" if max(map(abs, values)) >= 10 else "%{x:+.2f}",
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{x:+.4f}<extra></extra>",
    }
    ticks = {"tickvals": list(range(len(names))), "ticktext": axis_labels(names), "autorange": "reversed", "showgrid": False}
    low, high = min(0.0, *values), max(0.0, *values)
    reach = [low - 0.12 * (high - low or 1), high + 0.12 * (high - low or 1)]
    return make_figure([bars], x_title, "", separators, 110 + 26 * len(names), x={"range": reach}, y=ticks)


def plot_calibration(confidence: Sequence[float], accuracy: Sequence[float], count: Sequence[int], x_title: str, y_title: str, separators: str) -> go.Figure:  # fmt: skip
    """Plots accuracy by confidence; the dotted line is perfect calibration."""
    points = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": confidence,
        "y": accuracy,
        "text": count,
        "marker": {"color": BLUE, "size": 9},
        "hovertemplate": "%{x:.0%} → %{y:.0%} (%{text})<extra></extra>",
    }
    line = {"type": "scatter", "x": [0, 1], "y": [0, 1], "mode": "lines", "line": {"color": GREY, "dash": "dot"}, "hoverinfo": "skip"}
    share = {"range": [-0.02, 1.02], "tickformat": ".0%"}
    return make_figure([line, points], x_title, y_title, separators, 380, x=share, y=share)
