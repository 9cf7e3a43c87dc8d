"""Numbers and events -> plotly figures that stand still."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from mlmtune_core.language import visible

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8a94a0"
FONT_SIZE = 15
MAX_BINS = 40
LONGEST_LABEL = 32  # signs: longer ones would leave no room for the chart


def plain(text: object) -> str:
    """Text of a person as Plotly shows it literally: its pseudo-HTML is escaped."""
    return visible(str(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def names_on_axis(labels: Sequence[str]) -> list[str]:
    """Labels as an axis can bear them: cut where they are long, escaped, and still all different."""
    cut = [label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…" for label in map(visible, labels)]
    return [plain(name if cut.index(name) == i else f"{name} ({i + 1})") for i, name in enumerate(cut)]


def plot_label_counts(counts: dict[str, int], x_title: str, separators: str) -> go.Figure:
    """Rows per label, most frequent on top."""
    names = list(counts)[::-1]
    bars = {
        "type": "bar",
        "x": [counts[name] for name in names],
        "y": names_on_axis(names),
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
    """How many examples have how many sub-words; the line stands at max_length."""
    line = {"dash": "dash", "color": RED}
    mark = _mark(max_length, limit_title, line, to_the_left=max_length > max(lengths, default=0) * 0.5)
    reach = {"range": [0, max(max_length, *lengths) * 1.05]}
    return make_figure([_bars_of(lengths, BLUE)], x_title, y_title, separators, 260, x=reach, more=mark)


def plot_scores(scores: Sequence[float], x_title: str, y_title: str, separators: str) -> go.Figure:
    """How many examples have which score."""
    return make_figure([_bars_of(scores, BLUE)], x_title, y_title, separators, 260)


def plot_confusion(
    labels: Sequence[str], counts: Sequence[Sequence[int]], x_title: str, y_title: str, separators: str, chosen: tuple[int, int] = (-1, -1)
) -> go.Figure:  # fmt: skip
    """A row per true label, a column per predicted one; the colour is the share of the row, the number the count.

    Each cell has a point that is not seen and can be clicked, for a heat map tells nobody of clicks; its `customdata` are the row and the
    column. The `chosen` cell, or row or column (the other is then -1), has a frame.
    """
    shown, shares = names_on_axis(labels), [[count / max(1, sum(row)) for count in row] for row in counts]
    cells = {
        "type": "heatmap",
        "z": shares,
        "x": shown,
        "y": shown,
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
    places = [(row, column) for row in range(len(labels)) for column in range(len(labels))]
    unseen = {"marker": {"opacity": 0}}
    points = {
        "type": "scatter",
        "mode": "markers",
        "x": [shown[column] for _, column in places],
        "y": [shown[row] for row, _ in places],
        "customdata": places,
        "text": [f"{counts[row][column]} ({shares[row][column]:.0%})" for row, column in places],
        "marker": {"symbol": "square", "size": 20, "opacity": 0},
        "selected": unseen,
        "unselected": unseen,
        "hovertemplate": f"{plain(y_title)}: %{{y}}<br>{plain(x_title)}: %{{x}}<br>%{{text}}<extra></extra>",
    }
    axis, height = {"type": "category", "showgrid": False}, max(280, 130 + 30 * len(labels))
    more = {"hovermode": "closest", "hoverdistance": -1, "shapes": _frame(len(labels), *chosen)}
    return make_figure([cells, points], x_title, y_title, separators, height, x=axis, y=axis | {"autorange": "reversed"}, more=more)


def _frame(count: int, row: int, column: int) -> list[dict[str, Any]]:
    """Around a cell of `count` x `count`, or around a whole row or column."""
    if (row, column) == (-1, -1):
        return []
    (left, right), (top, bottom) = ((place - 0.5, place + 0.5) if place >= 0 else (-0.5, count - 0.5) for place in (column, row))
    return [{"type": "rect", "x0": left, "x1": right, "y0": top, "y1": bottom, "line": {"color": RED, "width": 3}}]


def plot_pairs(pairs: Sequence[Sequence[float]], x_title: str, y_title: str, separators: str) -> go.Figure:
    """True against predicted; on the dotted line both are equal."""
    true, said = zip(*pairs, strict=True)
    ends = [min(*true, *said), max(*true, *said)]
    points = {"type": "scatter", "x": true, "y": said, "mode": "markers", "marker": {"color": BLUE, "size": 7, "opacity": 0.5}, "hovertemplate": "%{x:.2f} → %{y:.2f}<extra></extra>"}  # fmt: skip
    line = {"type": "scatter", "x": ends, "y": ends, "mode": "lines", "line": {"color": GREY, "dash": "dot"}, "hoverinfo": "skip"}  # fmt: skip
    return make_figure([points, line], x_title, y_title, separators, 420)


def plot_curves(lines: dict[str, Sequence[tuple[float, float]]], x_title: str, y_title: str, separators: str) -> go.Figure:
    """A line with signs of its own for each name, through its points."""
    looks = ((BLUE, "circle", "solid"), (RED, "square", "dash"))
    traces = []
    for (name, points), (colour, symbol, dash) in zip(lines.items(), looks, strict=False):
        x, y = zip(*points, strict=True) if points else ((), ())
        look = {"marker": {"color": colour, "symbol": symbol, "size": 8}, "line": {"color": colour, "dash": dash}}
        traces.append({"type": "scatter", "mode": "lines+markers", "x": x, "y": y, "name": plain(name), "hovertemplate": "%{x}: %{y:.4f}<extra></extra>", **look})  # fmt: skip
    legend = {"showlegend": len(lines) > 1, "legend": {"orientation": "h", "y": 1.15}}
    return make_figure(traces, x_title, y_title, separators, 320, more=legend)


def plot_number(value: float, scores: Sequence[float], x_title: str, y_title: str, said_title: str, separators: str) -> go.Figure:  # fmt: skip
    """The scores that were learnt from as a histogram, and the answer as a line in it."""
    low, high = min(*scores, value), max(*scores, value)
    mark = _mark(value, said_title, {"color": RED, "width": 3}, to_the_left=value > (low + high) / 2)
    return make_figure([_bars_of(scores, GREY)], x_title, y_title, separators, 260, more=mark)


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
    """Made in one go: each later update of a figure costs ten milliseconds, and a class opens its data at once."""
    axes = {"xaxis": _axis(x_title) | (x or {}), "yaxis": _axis(y_title) | (y or {})}
    layout = _layout(separators, height) | axes | (more or {})
    layout["legend"] = {"font": {"size": FONT_SIZE}} | layout.get("legend", {})
    return go.Figure({"data": traces, "layout": layout})


def _bars_of(values: Sequence[float], colour: str) -> dict[str, Any]:
    look = {"type": "histogram", "nbinsx": MAX_BINS, "marker": {"color": colour}}
    return look | {"x": list(values), "hovertemplate": "%{x}: %{y}<extra></extra>"}


def _mark(x: float, title: str, line: dict[str, Any], to_the_left: bool) -> dict[str, Any]:
    """A line from bottom to top at `x`, with its title beside it."""
    place = {"xref": "x", "yref": "y domain"}
    words = {"text": plain(title), "font": {"size": FONT_SIZE}, "showarrow": False, "x": x, "y": 1}
    anchors = {"xanchor": "right" if to_the_left else "left", "yanchor": "top"}
    shape = {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": line}
    return {"shapes": [shape | place], "annotations": [words | anchors | place]}


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
