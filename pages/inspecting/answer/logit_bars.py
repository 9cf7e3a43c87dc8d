"""The logit of every label as a bar, with its probability beside it."""

from collections.abc import Collection

import streamlit as st

from mlmtune_core.charts import GREY, ORANGE
from pages.shared.visit import Visit, escaped

GRID = "display:grid;grid-template-columns:fit-content(14rem) 1fr 1fr;gap:.3rem 1.4rem;align-items:center;font-variant-numeric:tabular-nums"
LINE = "position:absolute;top:0;bottom:0;border-left:1px solid rgba(128,128,128,.55)"
ROOM = 0.2  # share of a panel's width on either side, for the numbers beside the bars
APART = 0.1  # share of a panel's width: an end of the axis nearer to zero has no number
INSIDE = 0.8  # from this probability on the number is inside its bar


def logit_bars(
    visit: Visit,
    logits: dict[str, float],
    probabilities: dict[str, float],
    chosen: Collection[str],
    titles: tuple[str, str],
    alt: str,
) -> None:
    """Draws bars, the highest on top; the `chosen` labels of the answer stand out by colour, weight and a sign. Labels are escaped."""
    low, high = min(0.0, *logits.values()), max(0.0, *logits.values())
    scale = (1 - 2 * ROOM) / ((high - low) or 1.0)

    def place(value: float) -> float:
        return ROOM + (value - low) * scale

    cells = ["<span></span>", *(f"<span style='opacity:.8;font-size:.9rem'>{escaped(title)}</span>" for title in titles)]
    for name in sorted(logits, key=lambda name: -logits[name]):
        is_chosen, z, share = name in chosen, logits[name], probabilities[name]
        weight = "font-weight:700" if is_chosen else ""
        shown = f"▸ {escaped(name)}" if is_chosen else escaped(name)
        cells.append(
            f"<span title='{escaped(name)}' style='{weight};overflow:hidden;text-overflow:ellipsis;white-space:nowrap'>{shown}</span>"
        )
        hint = f"{name}: {visit.number(z, 4, signed=True)}"
        cells.append(_panel(_bar(place(0), place(z), visit.number(z, 2, signed=True), hint, is_chosen), place(0)))
        hint = f"{name}: {visit.percent(share, 2)}"
        cells.append(_panel(_bar(0, share, visit.percent(share, 1), hint, is_chosen, inside=share >= INSIDE), 0, 0.5, 1))
    ends = [(visit.number(value, 1), place(value)) for value in (low, high) if abs(place(value) - place(0)) > APART]
    cells.append("<span></span>" + _axis([*ends, ("0", place(0))]))
    cells.append(_axis([(visit.percent(share), share) for share in (0, 0.5, 1)]))
    st.html(f"<div role='img' aria-label='{escaped(alt)}' style='{GRID}'>{''.join(cells)}</div>")


def _bar(start: float, end: float, number: str, hint: str, chosen: bool, inside: bool = False) -> str:
    """Returns a bar between two places (shares of the panel's width) with its number at the end."""
    left, width = min(start, end), abs(end - start)
    colour = ORANGE if chosen else GREY
    if inside:
        at = f"right:calc({1 - end:.2%} + .4rem);color:#111"
    else:
        at = f"left:calc({end:.2%} + .4rem)" if end >= start else f"right:calc({1 - end:.2%} + .4rem)"
    return (
        f"<div title='{escaped(hint)}' style='position:absolute;left:{left:.2%};width:{width:.2%};top:.15rem;bottom:.15rem;"
        f"min-width:2px;background:{colour};border-radius:3px'></div>"
        f"<span style='position:absolute;{at};line-height:1.7rem'>{number}</span>"
    )


def _panel(bar: str, *lines: float) -> str:
    drawn = "".join(f"<div style='{LINE};left:min({at:.2%}, calc(100% - 1px))'></div>" for at in lines)
    return f"<div style='position:relative;height:1.7rem'>{drawn}{bar}</div>"


def _axis(ticks: list[tuple[str, float]]) -> str:
    """Returns the numbers under a panel; the first and last are aligned inwards, so that none sticks out."""
    shown = "".join(
        f"<span style='position:absolute;left:{at:.2%};transform:translateX({-100 * at:.0f}%)'>{text}</span>"
        for text, at in ticks
    )
    return f"<div style='position:relative;height:1.4rem;opacity:.75;font-size:.85rem'>{shown}</div>"
