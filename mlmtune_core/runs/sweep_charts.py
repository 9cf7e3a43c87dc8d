"""Plotly figures of many runs: a mark per seed, a line for the mean, the trivial predictor dotted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mlmtune_core.charts import BLUE, FONT_SIZE, GREEN, GREY, ORANGE, RED, escape_html, make_figure
from mlmtune_core.language import format_rate

PURPLE, SKY = "#CC79A7", "#56B4E9"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY)
HEAT = ((0.0, "rgba(0,114,178,0.05)"), (1.0, "rgba(0,114,178,0.6)"))  # visible on any background; page.css sets the numbers' colour to match
MOST_NAMED = 12  # values named at an axis
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon", "pentagon")
KIND_SYMBOLS = {"crawling": "triangle-down-open", "collapsed": "x", "exploding": "star", "memorising": "square-open", "nan": "cross"}


@dataclass(frozen=True)
class Mark:
    """One run in a figure: its series, its place on x, its score, its seed, and its diagnosis ("" for nothing special)."""

    series: str
    x: float | str
    y: float
    seed: int
    kind: str = ""


def plot_by_x(
    marks: Sequence[Mark],
    x_title: str,
    y_title: str,
    separators: str,
    baseline: tuple[str, float] | None = None,
    log_x: bool = False,
    kinds: dict[str, str] | None = None,
    seed_title: str = "seed",
) -> go.Figure:
    """Plots y over x (numbers, if log_x) with a line through the means of each series.

    kinds: diagnosis -> its name in the legend, for marks with a sign of their own.
    """
    traces: list[dict[str, Any]] = []
    for place, series in enumerate(_series(marks)):
        colour, symbol = _look(place)
        mine = [mark for mark in marks if mark.series == series]
        places: list[Any] = sorted({mark.x for mark in mine})
        means = [float(np.mean([mark.y for mark in mine if mark.x == x])) for x in places]
        traces.append(_line(places, means, series, colour))
        traces.append(_points(mine, series, colour, symbol, kinds or {}, seed_title))
    traces += _explain_kinds(marks, kinds or {})
    if baseline:
        ends: list[Any] = sorted(mark.x for mark in marks)
        traces.append(_baseline(baseline, [ends[0], ends[-1]], [baseline[1]] * 2))
    axis = _logarithmic([float(mark.x) for mark in marks], separators) if log_x else {}
    return make_figure(traces, x_title, y_title, separators, 420, x=axis, more=_legend(traces))


def plot_arms(marks: Sequence[Mark], y_title: str, separators: str, baseline: tuple[str, float] | None = None, seed_title: str = "seed") -> go.Figure:
    """Plots a row per x (a name): every seed a mark, the mean a bar. The first row is on top; several series share each row."""
    names, series = list(dict.fromkeys(str(mark.x) for mark in marks)), _series(marks)
    groups = [(name, one) for name in names for one in series if any((mark.x, mark.series) == (name, one) for mark in marks)]
    traces: list[dict[str, Any]] = []
    for name, one in groups:
        colour, symbol = _look(series.index(one) if len(series) > 1 else names.index(name))
        mine = [mark for mark in marks if (mark.x, mark.series) == (name, one)]
        shown = len(series) > 1 and all(trace["name"] != escape_html(one) for trace in traces)
        common = {"type": "scatter", "mode": "markers", "orientation": "h", "name": escape_html(one), "legendgroup": one, "offsetgroup": one}
        look = {"color": colour, "symbol": symbol, "size": 11, "opacity": 0.75}
        told = [f"{escape_html(seed_title)} {mark.seed}" for mark in mine]
        traces.append(common | {"x": [mark.y for mark in mine], "y": [escape_html(name)] * len(mine), "marker": look, "showlegend": shown, "text": told, "hovertemplate": "%{y}<br>%{x:.4f} · %{text}<extra></extra>"})
        bar = {"symbol": "line-ns", "size": 34 if len(series) == 1 else 18, "line": {"color": colour, "width": 4}}
        mean = float(np.mean([mark.y for mark in mine]))
        traces.append(common | {"x": [mean], "y": [escape_html(name)], "marker": bar, "showlegend": False, "hovertemplate": "x̄ = %{x:.4f}<extra></extra>"})
    if baseline:
        traces.append(_baseline(baseline, [baseline[1]] * 2, [escape_html(names[0]), escape_html(names[-1])]))
    axis = {"type": "category", "autorange": "reversed", "showgrid": True}
    grouped = {"scattermode": "group"} if len(series) > 1 else {}
    row = max(52, 26 * len(series))
    return make_figure(traces, y_title, "", separators, max(220, 110 + row * len(names)), y=axis, more=_legend(traces) | grouped)


def plot_heat(marks: Sequence[Mark], x_title: str, y_title: str, z_title: str, separators: str) -> go.Figure:
    """Plots the mean over seeds as colour and number: a row per series, a column per x."""
    rows, columns = _series(marks), list(dict.fromkeys(mark.x for mark in marks))
    means = [[float(np.mean([mark.y for mark in marks if (mark.series, mark.x) == (row, column)] or [np.nan])) for column in columns] for row in rows]
    cells = {
        "type": "heatmap",
        "x": [escape_html(column) if isinstance(column, str) else write_place(column, separators) for column in columns],
        "y": [escape_html(row) for row in rows],
        "z": means,
        "colorscale": HEAT,
        "textfont": {"size": FONT_SIZE},
        "colorbar": {"title": {"text": escape_html(z_title)}},
        "texttemplate": "%{z:.3f}",
        "hovertemplate": "%{y} · %{x}: %{z:.4f}<extra></extra>",
    }
    category = {"type": "category", "showgrid": False}
    return make_figure([cells], x_title, y_title, separators, max(260, 130 + 46 * len(rows)), x=category, y=category)


def plot_runs(lines: Sequence[tuple[str, int, Sequence[tuple[float, float]]]], x_title: str, y_title: str, separators: str, seed_title: str = "seed") -> go.Figure:  # fmt: skip
    """Plots a line per run, from (series, seed, points); runs of one series look alike."""
    names = list(dict.fromkeys(series for series, _, _ in lines))
    traces: list[dict[str, Any]] = []
    for series, seed, points in lines:
        colour, symbol = _look(names.index(series))
        first = all(trace["legendgroup"] != series for trace in traces)
        traces.append(
            {"type": "scatter", "mode": "lines+markers", "x": [x for x, _ in points], "y": [y for _, y in points], "name": escape_html(series), "legendgroup": series,
             "showlegend": first, "opacity": 0.8, "line": {"color": colour, "width": 2}, "marker": {"symbol": symbol, "size": 7, "color": colour},
             "hovertemplate": f"{escape_html(series)} · {escape_html(seed_title)} {seed}<br>%{{x}}: %{{y:.4f}}<extra></extra>"}
        )  # fmt: skip
    return make_figure(traces, x_title, y_title, separators, 420, more=_legend(traces))


def write_place(x: float, separators: str, log_x: bool = False) -> str:
    """Formats a value of x for ticks, legends and tables: 0.5, or 3e-3 if small values are powers of ten."""
    return format_rate(x) if log_x and x < 1 else f"{x:g}".replace(".", separators[0])


def _line(x: Sequence[float], y: Sequence[float], series: str, colour: str) -> dict:
    look = {"color": colour, "width": 2}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": look, "name": escape_html(series), "legendgroup": series, "hoverinfo": "skip"}


def _points(marks: Sequence[Mark], series: str, colour: str, symbol: str, kinds: dict[str, str], seed_title: str) -> dict:
    told = [" · ".join([f"{escape_html(seed_title)} {mark.seed}", *([escape_html(kinds[mark.kind])] if mark.kind in kinds else [])]) for mark in marks]
    symbols = [KIND_SYMBOLS.get(mark.kind, symbol) if kinds else symbol for mark in marks]
    look = {"color": colour, "size": 10, "opacity": 0.75, "symbol": symbols, "line": {"width": [2.5 if name.endswith("-open") else 0 for name in symbols]}}
    return {"type": "scatter", "mode": "markers", "x": [mark.x for mark in marks], "y": [mark.y for mark in marks], "marker": look, "showlegend": False,
            "legendgroup": series, "text": told, "hovertemplate": "%{x:.3~g}: %{y:.4f}<br>%{text}<extra></extra>"}  # fmt: skip


def _explain_kinds(marks: Sequence[Mark], kinds: dict[str, str]) -> list[dict]:
    """Returns a legend entry for each sign that occurs."""
    found = dict.fromkeys(mark.kind for mark in marks if mark.kind in kinds and mark.kind in KIND_SYMBOLS)
    return [
        {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "marker": {"symbol": KIND_SYMBOLS[kind], "size": 11, "color": GREY, "line": {"width": 2}}, "name": escape_html(kinds[kind])}
        for kind in found
    ]


def _baseline(baseline: tuple[str, float], x: Sequence[float], y: Sequence[float | str]) -> dict:
    line = {"color": GREY, "dash": "dot", "width": 2}
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": line, "name": escape_html(baseline[0]), "hoverinfo": "name"}


def _legend(traces: Sequence[dict]) -> dict:
    shown = sum(trace.get("showlegend", True) for trace in traces)
    return {"showlegend": shown > 1, "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}}


def _logarithmic(values: Sequence[float], separators: str) -> dict[str, Any]:
    """Returns an axis that names the values tried or, if there are very many, the powers of ten."""
    tried = sorted(set(values))
    if len(tried) > MOST_NAMED:
        return {"type": "log", "exponentformat": "power", "dtick": 1}
    return {"type": "log", "tickvals": tried, "ticktext": [write_place(value, separators, log_x=True) for value in tried]}


def _series(marks: Sequence[Mark]) -> list[str]:
    return list(dict.fromkeys(mark.series for mark in marks))


def _look(place: int) -> tuple[str, str]:
    """Returns colour and symbol of a series by its index."""
    return COLOURS[place % len(COLOURS)], SYMBOLS[place % len(SYMBOLS)]
