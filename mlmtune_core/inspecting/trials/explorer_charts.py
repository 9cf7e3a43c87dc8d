"""Plotly figures of heads that were tried out and of a rate finder's sweep."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from mlmtune_core.charts import BLUE, FONT_SIZE, GREEN, GREY, ORANGE, RED
from mlmtune_core.inspecting.trials.suggested_rate import mean_of

SMOOTHING = 0.9  # as in the live chart
FAINT, DIGITS, CURVES = 0.22, 5, 3
MOST_RATES = 80  # points drawn of a schedule
Figure = dict[str, Any]


def plot_rates(
    found: dict[str, Any], texts: dict[str, str], separators: str
) -> tuple[Figure, list[list[dict[str, Any]]]]:
    """Plots the curves of every rate, faint, with one of them highlighted; and returns for each rate what its highlight consists of.

    `found`: from head_trials.try_rates. A move says which trace (`to`) takes the points from `begin` to `end` of another (`from`), or
    which points. All faint curves of a kind are one trace with gaps: a browser draws three traces in a third of the time of thirty.
    """
    lanes, total, level = found["lanes"], found["steps"] * found["epochs"], [found["majority"]] * 2
    rates, finals = [lane["rate"] for lane in lanes], [final_accuracy(found, lane) for lane in lanes]
    curves = [_curves_of(lane) for lane in lanes]
    joined = [_join([each[part] for each in curves]) for part in range(CURVES)]
    behind = [trace for trace, _ in joined]
    behind += [
        _line([0, total], level, texts["majority"], GREY, 2, dash="dot", **_on(2)),
        _line([rates[0], rates[-1]], level, "", GREY, 3, dash="dot", showlegend=False, **_on(3)),
        _line(rates, finals, texts["final"], GREEN, 3, mode="lines+markers", showlegend=False, **_on(3)),
    ]
    names = texts["train_loss"], texts["validation_loss"], texts["validation_accuracy"]
    over = [trace | {"name": name} for trace, name in zip(curves[0], names, strict=True)]
    star = {"mode": "markers", "marker": {"symbol": "star", "size": 17, "color": RED}}
    over += [
        _line([], [], texts["chosen"], RED, 3, **star, **_on(3)),
        _line([], [], texts["rate"], RED, 4, showlegend=False, **_on(4)),
    ]
    highest = 2 * lanes[0]["evaluations"][0]["validation_loss"]
    figure = {"data": [*behind, *over], "layout": _layout(separators) | _rate_panels(texts, total, highest)}
    lent = [[places[number] for _, places in joined] for number in range(len(lanes))]
    return figure, [_moves(*each, len(behind)) for each in zip(lanes, lent, finals, strict=True)]


def _moves(lane: dict[str, Any], lent: list[tuple[int, int]], final: float | None, first: int) -> list[dict[str, Any]]:
    """Returns what is highlighted for one rate: its three curves, its point, and its rate by step, thinned to some eighty steps."""
    steps = range(0, len(lane["rates"]), max(1, len(lane["rates"]) // MOST_RATES))
    return [
        *({"to": first + part, "from": part, "begin": begin, "end": end} for part, (begin, end) in enumerate(lent)),
        {"to": first + CURVES, "x": [lane["rate"]], "y": [final]},
        {"to": first + CURVES + 1, "x": [s + 1 for s in steps], "y": [lane["rates"][s] for s in steps]},
    ]


def _rate_panels(texts: dict[str, str], total: int, highest_loss: float) -> dict[str, Any]:
    by_step = {"range": [0, 1.02 * total]}
    above, below, left, right = (0.6, 1), (0, 0.34), (0, 0.46), (0.56, 1)
    return {
        **_panel(1, texts["step"], texts["loss"], left, above, by_step, {"range": [0, highest_loss]}),
        **_panel(2, texts["step"], texts["accuracy"], right, above, by_step, SHARES),
        **_panel(3, texts["rate"], texts["final"], left, below, LOGARITHMIC, SHARES),
        **_panel(4, texts["step"], texts["rate"], right, below, by_step, {"rangemode": "tozero", "exponentformat": "e"}),
    }  # fmt: skip


def final_accuracy(found: dict[str, Any], lane: dict[str, Any]) -> float | None:
    """Returns the validation accuracy after the last epoch; None if the run would have failed before."""
    last = lane["evaluations"][-1]
    return last["validation_accuracy"] if last["epoch"] == found["epochs"] else None


def plot_overfitting(found: dict[str, Any], texts: dict[str, str], separators: str) -> Figure:
    """Plots training and validation loss and accuracy by epoch, the gap between them filled; where validation turns, where early stopping
    would stop, and the test score at the best epoch and at the last. `found`: from head_trials.try_labels.
    """
    evaluations = found["lanes"][0]["evaluations"]
    last = evaluations[-1]["epoch"]
    data, marks = [], []
    for number, kind in enumerate(("loss", "accuracy"), start=1):
        place = _on(number) | {"showlegend": number == 1}
        data += [trace | place for trace in _compare(evaluations, kind, found["best"], texts)]
        marks += [_mark(number, last, *mark) for mark in _marks_of(found, last, texts)]
    data.append(_line([0, last], [found["majority"]] * 2, texts["majority"], GREY, 2, dash="dot", **_on(2)))
    from_zero, shapes, notes = {"rangemode": "tozero"}, [shape for shape, _ in marks], [note for _, note in marks]
    panels = {
        **_panel(1, texts["epoch"], texts["loss"], (0, 0.46), (0, 1), from_zero, from_zero),
        **_panel(2, texts["epoch"], texts["accuracy"], (0.56, 1), (0, 1), from_zero, SHARES),
    }
    return {"data": data, "layout": _layout(separators) | panels | {"shapes": shapes, "annotations": notes}}


def _compare(
    evaluations: Sequence[dict[str, Any]], kind: str, best: int, texts: dict[str, str]
) -> list[dict[str, Any]]:
    """Returns lines for training and validation, the gap filled, and the test as two points."""
    epochs = [each["epoch"] for each in evaluations]
    train = _line(epochs, [each[f"train_{kind}"] for each in evaluations], texts["train"], BLUE, 3)
    validation = _line(
        epochs, [each[f"validation_{kind}"] for each in evaluations], texts["validation"], ORANGE, 3, dash="dash"
    )
    tested = [each for each in evaluations if each["epoch"] in (best, epochs[-1])]
    diamonds = {"mode": "markers", "marker": {"symbol": "diamond", "size": 13, "color": GREEN}}
    test = _line(
        [each["epoch"] for each in tested],
        [each[f"test_{kind}"] for each in tested],
        texts["test"],
        GREEN,
        3,
        **diamonds,
    )
    return [train, validation | {"fill": "tonexty", "fillcolor": "rgba(213,94,0,0.16)"}, test]


def _marks_of(found: dict[str, Any], last: int, texts: dict[str, str]) -> list[tuple[int, str, str, float]]:
    """Returns (epoch, name, dash, height): the second line ends below the name of the first."""
    marks = [(found["turn"], texts["turn"], "dot", 1.0)] if found["turn"] else []
    return marks + ([(found["stopped"], texts["stopped"], "dash", 0.9)] if found["stopped"] < last else [])


def _mark(panel: int, last: int, epoch: int, name: str, dash: str, height: float) -> tuple[dict[str, Any], dict[str, Any]]:  # fmt: skip
    """Returns a vertical line with its name at its upper end."""
    words = {"text": name, "showarrow": False, "font": {"size": FONT_SIZE, "color": RED}}
    side = {"xanchor": "right" if epoch > last / 2 else "left", "yanchor": "top"}
    return _upright(panel, epoch, height, RED, dash), words | side | {"x": epoch, "y": height} | _of(panel)


def _upright(panel: int, x: float, height: float, colour: str, dash: str) -> dict[str, Any]:
    line = {"color": colour, "width": 2, "dash": dash}
    return {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": height, "line": line} | _of(panel)


def plot_finder(test: dict[str, Any], runs: Sequence[dict[str, Any]], texts: dict[str, str], separators: str) -> Figure:
    """Plots the range test's loss by rate with its suggestions; below, how real runs at these rates ended, if there are any."""
    above, below = ((0.56, 1), (0, 0.4)) if runs else ((0, 1), (0, 0))
    data = [
        _line(test["rates"], test["losses"], texts["raw"], BLUE, 1, opacity=0.4),
        _line(test["rates"], test["smoothed"], texts["smoothed"], BLUE, 3),
    ]
    highest = max(test["smoothed"])
    shapes = []
    for (method, rate), dash, colour in zip(test["suggestions"].items(), ("solid", "dot"), (RED, ORANGE), strict=False):
        data.append(_line([rate, rate], [0, 1.1 * highest], texts[method], colour, 3, dash=dash))
        shapes += [_upright(2, rate, 1, colour, dash)] if runs else []
    panels = _panel(1, texts["rate"], texts["loss"], (0, 1), above, LOGARITHMIC, {"range": [0, 1.15 * highest]})
    if runs:
        place = _on(2)
        data.append(_line([run["rate"] for run in runs], [run["accuracy"] for run in runs], texts["runs"], GREEN, 2, mode="markers", marker={"size": 9, "color": GREEN}) | place)  # fmt: skip
        rates = sorted({run["rate"] for run in runs})
        means = [mean_of(runs, rate)[0] for rate in rates]
        data.append(_line(rates, means, texts["mean"], GREEN, 3) | place)
        panels |= _panel(2, texts["rate"], texts["final"], (0, 1), below, LOGARITHMIC | {"matches": "x"}, SHARES)
    return {"data": data, "layout": _layout(separators) | panels | {"shapes": shapes}}


SHARES = {"range": [-0.03, 1.03], "tickformat": ".0%"}
LOGARITHMIC = {"type": "log", "tickformat": ".0e", "dtick": 1}


def _curves_of(lane: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns smoothed training loss, validation loss, validation accuracy."""
    evaluations, steps = lane["evaluations"], [each["step"] for each in lane["evaluations"]]
    marked = {"mode": "lines+markers", "marker": {"symbol": "diamond", "size": 9}}
    return [
        _line([*range(1, len(lane["losses"]) + 1)], _smooth(lane["losses"]), "", BLUE, 4),
        _line(steps, [each["validation_loss"] for each in evaluations], "", ORANGE, 4, **marked),
        _line(steps, [each["validation_accuracy"] for each in evaluations], "", GREEN, 4, **_on(2), **marked),
    ]


def _join(curves: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Returns one faint trace of curves of a kind, separated by gaps; and where in it each begins and ends."""
    points = {axis: [value for curve in curves for value in (*curve[axis], None)] for axis in ("x", "y")}
    line = {"color": curves[0]["line"]["color"], "width": 1.5}
    look = {"mode": "lines", "opacity": FAINT, "showlegend": False, "hoverinfo": "skip", "line": line}
    gaps = accumulate(len(curve["x"]) + 1 for curve in curves)
    return curves[0] | look | points, [
        (gap - 1 - len(curve["x"]), gap - 1) for gap, curve in zip(gaps, curves, strict=True)
    ]


def _smooth(losses: Sequence[float]) -> list[float]:
    """A moving average, as in the live chart."""
    average, smooth = 0.0, []
    for step, loss in enumerate(losses, start=1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smooth.append(average / (1 - SMOOTHING**step))
    return smooth


def _line(
    x: Sequence[float], y: Sequence[float | None], name: str, colour: str, width: float, **more: Any
) -> dict[str, Any]:
    dash = more.pop("dash", "solid")
    numbers = [None if value is None else round(value, DIGITS) if abs(value) > 0.01 else value for value in y]
    look = {"type": "scatter", "mode": "lines", "name": name, "line": {"color": colour, "width": width, "dash": dash}}
    return look | {"x": list(x), "y": numbers, "hovertemplate": "%{y:.4~g}"} | more


def _of(panel: int) -> dict[str, str]:
    """Returns the axes of a mark of a panel: across its x axis, from bottom to top."""
    ends = "" if panel == 1 else str(panel)
    return {"xref": f"x{ends}", "yref": f"y{ends} domain"}


def _on(panel: int) -> dict[str, str]:
    return {} if panel == 1 else {"xaxis": f"x{panel}", "yaxis": f"y{panel}"}


def _panel(number: int, x_title: str, y_title: str, x_domain: Sequence[float], y_domain: Sequence[float], x: dict[str, Any], y: dict[str, Any]) -> dict[str, Any]:  # fmt: skip
    """Returns the two axes of a panel."""
    ends = "" if number == 1 else str(number)
    common = {
        "gridcolor": "rgba(128,128,128,.28)",
        "zeroline": False,
        "linecolor": "rgba(128,128,128,.6)",
        "tickfont": {"size": FONT_SIZE},
    }
    title = {"standoff": 6, "font": {"size": FONT_SIZE}}
    return {
        f"xaxis{ends}": common
        | {"title": title | {"text": x_title}, "domain": list(x_domain), "anchor": f"y{ends}"}
        | x,
        f"yaxis{ends}": common
        | {"title": title | {"text": y_title}, "domain": list(y_domain), "anchor": f"x{ends}"}
        | y,
    }


def _layout(separators: str) -> dict[str, Any]:
    legend = {
        "orientation": "h",
        "y": 1.02,
        "yanchor": "bottom",
        "x": 0,
        "traceorder": "normal",
        "font": {"size": FONT_SIZE},
    }
    return {
        "separators": separators,
        "margin": {"l": 76, "r": 20, "t": 30, "b": 44},
        "hovermode": "closest",
        "font": {"size": FONT_SIZE},
        "legend": legend,
    }
