"""Numbers and events -> plotly figures that stand still."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from mlmtune_core.visible import visible

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#8a94a0"
FONT_SIZE = 15
MAX_BINS = 40


def plain(text: object) -> str:
    """Text of a person as Plotly shows it literally: its pseudo-HTML is escaped."""
    return visible(str(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plot_label_counts(counts: dict[str, int], x_title: str, separators: str) -> go.Figure:
    """Rows per label, most frequent on top."""
    names = list(counts)[::-1]
    figure = go.Figure(
        go.Bar(
            x=[counts[name] for name in names],
            y=[plain(name) for name in names],
            orientation="h",
            marker_color=BLUE,
            text=[counts[name] for name in names],
            textposition="auto",
            hovertemplate="%{y}: %{x}<extra></extra>",
        )
    )
    figure.update_yaxes(type="category")
    return _dress(figure, x_title, "", separators, height=max(180, 60 + 34 * len(names)))


def plot_lengths(
    lengths: Sequence[int], max_length: int, x_title: str, y_title: str, limit_title: str, separators: str
) -> go.Figure:
    """How many examples have how many sub-words; the line stands at max_length."""
    figure = go.Figure(
        go.Histogram(x=list(lengths), nbinsx=MAX_BINS, marker_color=BLUE, hovertemplate="%{x}: %{y}<extra></extra>")
    )
    figure.add_vline(
        x=max_length,
        line_dash="dash",
        line_color=RED,
        annotation_text=plain(limit_title),
        annotation_font_size=FONT_SIZE,
        annotation_position="top left" if max_length > max(lengths, default=0) * 0.5 else "top right",
    )
    figure.update_xaxes(range=[0, max(max_length, *lengths) * 1.05])
    return _dress(figure, x_title, y_title, separators, height=260)


def plot_scores(scores: Sequence[float], x_title: str, y_title: str, separators: str) -> go.Figure:
    """How many examples have which score."""
    figure = go.Figure(
        go.Histogram(x=list(scores), nbinsx=MAX_BINS, marker_color=BLUE, hovertemplate="%{x}: %{y}<extra></extra>")
    )
    return _dress(figure, x_title, y_title, separators, height=260)


def plot_confusion(
    labels: Sequence[str], counts: Sequence[Sequence[int]], x_title: str, y_title: str, separators: str
) -> go.Figure:
    """A row per true label, a column per predicted one; the colour is the share of the row, the number the count."""
    shown = [plain(label) for label in labels]
    shares = [[count / max(1, sum(row)) for count in row] for row in counts]
    many = len(labels) > 12
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=shown,
            y=shown,
            text=counts,
            texttemplate="" if many else "%{text}",
            colorscale=[[0, "rgba(0,114,178,0.03)"], [1, "rgba(0,114,178,0.85)"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate=f"{plain(y_title)}: %{{y}}<br>{plain(x_title)}: %{{x}}<br>%{{text}} (%{{z:.0%}})<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    _dress(figure, x_title, y_title, separators, height=max(280, 130 + 30 * len(labels)))
    figure.update_xaxes(showgrid=False)
    return figure.update_yaxes(showgrid=False)


def plot_pairs(pairs: Sequence[Sequence[float]], x_title: str, y_title: str, separators: str) -> go.Figure:
    """True against predicted; on the dotted line both are equal."""
    true, said = zip(*pairs, strict=True)
    ends = [min(*true, *said), max(*true, *said)]
    figure = go.Figure(
        go.Scatter(x=true, y=said, mode="markers", marker={"color": BLUE, "size": 7, "opacity": 0.5}, hovertemplate="%{x:.2f} → %{y:.2f}<extra></extra>")
    )  # fmt: skip
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"color": GREY, "dash": "dot"}, hoverinfo="skip")
    return _dress(figure, x_title, y_title, separators, height=420)


def plot_number(value: float, scores: Sequence[float], x_title: str, y_title: str, said_title: str, separators: str) -> go.Figure:  # fmt: skip
    """The scores that were learnt from as a histogram, and the answer as a line in it."""
    figure = plot_scores(scores, x_title, y_title, separators)
    figure.update_traces(marker_color=GREY)
    low, high = min(*scores, value), max(*scores, value)
    figure.add_vline(
        x=value,
        line_color=RED,
        line_width=3,
        annotation_text=plain(said_title),
        annotation_font_size=FONT_SIZE,
        annotation_position="top left" if value > (low + high) / 2 else "top right",
    )
    return figure


def _dress(figure: go.Figure, x_title: str, y_title: str, separators: str, height: int) -> go.Figure:
    figure.update_layout(_layout(separators, height))
    figure.update_xaxes(_axis(x_title))
    figure.update_yaxes(_axis(y_title))
    return figure


def _layout(separators: str, height: int) -> dict[str, Any]:
    return {
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
        "showlegend": False,
        "separators": separators,
        "font": {"size": FONT_SIZE},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    }


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title or None, "font": {"size": FONT_SIZE}},
        "automargin": True,
        "tickfont": {"size": FONT_SIZE},
        "gridcolor": "rgba(128,128,128,.25)",
    }
