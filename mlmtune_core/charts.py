"""Builds plotly figures that do not change: curves, bars, confusion matrices."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from mlmtune_core.language import escape_controls

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8a94a0"
FONT_SIZE = 15
MAX_BINS = 40
MAX_LABEL_LENGTH = 32  # characters; longer labels would leave no room for the chart


def escape_html(text: object) -> str:
    """Escapes a text so that Plotly shows it literally, without its pseudo-HTML."""
    return escape_controls(str(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def axis_labels(labels: Sequence[str]) -> list[str]:
    """Returns labels for an axis: shortened, escaped, and still unique."""
    short = [label if len(label) <= MAX_LABEL_LENGTH else label[: MAX_LABEL_LENGTH - 1] + "…" for label in map(escape_controls, labels)]
    return [escape_html(name if short.index(name) == i else f"{name} ({i + 1})") for i, name in enumerate(short)]


def plot_label_counts(counts: dict[str, int], x_title: str, separators: str) -> go.Figure:
    """Draws a bar per label: its number of rows, most frequent on top."""
    names = list(counts)[::-1]
    bars = {
        "type": "bar",
        "x": [counts[name] for name in names],
        "y": axis_labels(names),
        "orientation": "h",
        "marker": {"color": BLUE},
        "text": [counts[name] for name in names],
        "textposition": "auto",
        "hovertemplate": "%{y}: %{x}<extra></extra>",
    }
    height = max(180, 60 + 34 * len(names))
    return make_figure([bars], x_title, "", separators, height, y={"type": "category"})


def plot_lengths(
    lengths: Sequence[int], max_length: int, x_title: str, y_title: str, limit_title: str, separators: str
) -> go.Figure:
    """Draws a histogram of the lengths in sub-words, with a line at max_length."""
    line = {"dash": "dash", "color": RED}
    limit = _vertical_line(max_length, limit_title, line, title_on_left=max_length > max(lengths, default=0) * 0.5)
    x_range = {"range": [0, max(max_length, *lengths) * 1.05]}
    return make_figure([_histogram(lengths, BLUE)], x_title, y_title, separators, 260, x=x_range, more=limit)


def plot_scores(scores: Sequence[float], x_title: str, y_title: str, separators: str) -> go.Figure:
    """Draws a histogram of scores."""
    return make_figure([_histogram(scores, BLUE)], x_title, y_title, separators, 260)


def plot_confusion(
    labels: Sequence[str], counts: Sequence[Sequence[int]], x_title: str, y_title: str, separators: str, chosen: tuple[int, int] = (-1, -1)
) -> go.Figure:  # fmt: skip
    """Draws a confusion matrix: a row per true label, a column per predicted one; colour is the share of the row, text the count.

    A heat map reports no clicks, so each cell has an invisible point whose `customdata` are row and column. chosen: the (row, column) that
    gets a frame; -1 for one of them frames a whole row or column.
    """
    names, shares = axis_labels(labels), [[count / max(1, sum(row)) for count in row] for row in counts]
    cells = {
        "type": "heatmap",
        "z": shares,
        "x": names,
        "y": names,
        "text": counts,
        "texttemplate": "" if len(labels) > 12 else "%{text}",
        "colorscale": [[0, "rgba(0,114,178,0.03)"], [1, "rgba(0,114,178,0.85)"]],
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hoverinfo": "skip",
    }
    positions = [(row, column) for row in range(len(labels)) for column in range(len(labels))]
    invisible = {"marker": {"opacity": 0}}
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [names[column] for _, column in positions],
        "y": [names[row] for row, _ in positions],
        "customdata": positions,
        "text": [f"{counts[row][column]} ({shares[row][column]:.0%})" for row, column in positions],
        "marker": {"symbol": "square", "size": 20, "opacity": 0},
        "selected": invisible,
        "unselected": invisible,
        "hovertemplate": f"{escape_html(y_title)}: %{{y}}<br>{escape_html(x_title)}: %{{x}}<br>%{{text}}<extra></extra>",
    }
    axis, height = {"type": "category", "showgrid": False}, max(280, 130 + 30 * len(labels))
    more = {"hovermode": "closest", "hoverdistance": -1, "shapes": _frame_cell(len(labels), *chosen)}
    return make_figure([cells, points], x_title, y_title, separators, height, x=axis, y=axis | {"autorange": "reversed"}, more=more)


def _frame_cell(count: int, row: int, column: int) -> list[dict[str, Any]]:
    """Returns a rectangle around one of `count` x `count` cells, or around a row or column (the other is -1); [] if both are -1."""
    if (row, column) == (-1, -1):
        return []
    (left, right), (top, bottom) = ((i - 0.5, i + 0.5) if i >= 0 else (-0.5, count - 0.5) for i in (column, row))
    return [{"type": "rect", "x0": left, "x1": right, "y0": top, "y1": bottom, "line": {"color": RED, "width": 3}}]


def plot_predicted_against_true(pairs: Sequence[Sequence[float]], x_title: str, y_title: str, separators: str) -> go.Figure:
    """Draws predicted over true scores, with a dotted line where they are equal."""
    true, predicted = zip(*pairs, strict=True)
    ends = [min(*true, *predicted), max(*true, *predicted)]
    points = {"type": "scatter", "x": true, "y": predicted, "mode": "markers", "marker": {"color": BLUE, "size": 7, "opacity": 0.5}, "hovertemplate": "%{x:.2f} → %{y:.2f}<extra></extra>"}  # fmt: skip
    line = {"type": "scatter", "x": ends, "y": ends, "mode": "lines", "line": {"color": GREY, "dash": "dot"}, "hoverinfo": "skip"}  # fmt: skip
    return make_figure([points, line], x_title, y_title, separators, 420)


def plot_curves(lines: Mapping[str, Sequence[tuple[float, float]]], x_title: str, y_title: str, separators: str) -> go.Figure:
    """Draws at most two named lines through their points, each with its own colour and markers."""
    styles = ((BLUE, "circle", "solid"), (RED, "square", "dash"))
    traces = []
    for (name, points), (colour, symbol, dash) in zip(lines.items(), styles, strict=False):
        x, y = zip(*points, strict=True) if points else ((), ())
        style = {"marker": {"color": colour, "symbol": symbol, "size": 8}, "line": {"color": colour, "dash": dash}}
        traces.append({"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "name": escape_html(name), "hovertemplate": "%{x}: %{y:.4f}<extra></extra>", **style})  # fmt: skip
    legend = {"showlegend": len(lines) > 1, "legend": {"orientation": "h", "y": 1.15}}
    return make_figure(traces, x_title, y_title, separators, 320, more=legend)


def plot_predicted_score(value: float, scores: Sequence[float], x_title: str, y_title: str, value_title: str, separators: str) -> go.Figure:  # fmt: skip
    """Draws a histogram of the training scores, with a line at a predicted score."""
    low, high = min(*scores, value), max(*scores, value)
    prediction = _vertical_line(value, value_title, {"color": RED, "width": 3}, title_on_left=value > (low + high) / 2)
    return make_figure([_histogram(scores, GREY)], x_title, y_title, separators, 260, more=prediction)


def make_figure(
    traces: list[dict[str, Any]],
    x_title: str,
    y_title: str,
    separators: str,
    height: int,
    x: dict[str, Any] | None = None,
    y: dict[str, Any] | None = None,
    more: dict[str, Any] | None = None,
) -> go.Figure:
    """Builds a figure in one call: each later update of a figure costs 10 ms, and a whole class opens its data at once.

    x, y, more: properties of the axes and of the layout.
    """
    axes = {"xaxis": _axis(x_title) | (x or {}), "yaxis": _axis(y_title) | (y or {})}
    layout = _layout(separators, height) | axes | (more or {})
    layout["legend"] = {"font": {"size": FONT_SIZE}} | layout.get("legend", {})
    return go.Figure({"data": traces, "layout": layout})


def _histogram(values: Sequence[float], colour: str) -> dict[str, Any]:
    bars = {"type": "histogram", "nbinsx": MAX_BINS, "marker": {"color": colour}}
    return bars | {"x": list(values), "hovertemplate": "%{x}: %{y}<extra></extra>"}


def _vertical_line(x: float, title: str, line: dict[str, Any], title_on_left: bool) -> dict[str, Any]:
    """Returns layout properties for a line over the whole height at `x`, with a title next to it."""
    reference = {"xref": "x", "yref": "y domain"}
    annotation = {"text": escape_html(title), "font": {"size": FONT_SIZE}, "showarrow": False, "x": x, "y": 1}
    anchors = {"xanchor": "right" if title_on_left else "left", "yanchor": "top"}
    shape = {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": line}
    return {"shapes": [shape | reference], "annotations": [annotation | anchors | reference]}


def _layout(separators: str, height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
        "showlegend": False,
        "separators": separators,
        "font": {"size": FONT_SIZE},
    }


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title or None, "font": {"size": FONT_SIZE}},
        "automargin": True,
        "tickfont": {"size": FONT_SIZE},
        "gridcolor": "rgba(128,128,128,.25)",
    }
