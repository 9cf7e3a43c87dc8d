"""Two answers to one input side by side, with the differences marked."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.inspecting import model_charts
from mlmtune_core.names import format_labels
from pages.shared.figures import draw_figure
from pages.shared.tables import share_columns
from pages.shared.visit import Visit, escaped, literal

CHIP = "display:inline-block;margin:3px;padding:1px 8px;border-radius:7px;border:1px solid rgba(128,128,128,.45);line-height:1.5;vertical-align:top"
DIFFERS = "border:2px solid #E69F00;background:rgba(230,159,0,.18)"
TAG = "display:block;font-size:.8rem;opacity:.85"


def draw_two_answers(visit: Visit, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Draws `first`, of run A, and `second`, of run B, from `predicting.predict`; the first may know what is `true`."""
    views = {"labels": _draw_labels, "words": _draw_words, "number": _draw_number, "span": _draw_span}
    views[first["view"]](visit, first, second)


def _draw_labels(visit: Visit, first: dict[str, Any], second: dict[str, Any]) -> None:
    tr = visit.tr
    said = [format_labels(visit.tr, each["label"]) for each in (first, second)]
    _draw_heading(visit, said, first["label"] != second["label"])
    if "true" in first:
        st.markdown(tr("In the data: {answer}").format(answer=literal(format_labels(visit.tr, first["true"]))))
    names = sorted(first["probabilities"], key=lambda name: -first["probabilities"][name])
    shares = [[each["probabilities"][name] for name in names] for each in (first, second)]
    figure = model_charts.plot_paired_bars(names, *shares, ("A", "B"), tr("Probability"), visit.separators)
    alt = tr("Bars: the probability of every label in run A and, below it, in run B.")
    draw_figure(figure, key="compare_bars", alt=alt, name="compare-bars")
    table = pd.DataFrame({tr("Label"): names, "A": shares[0], "B": shares[1]})
    table["B − A"] = [_points(visit, after - before) for before, after in zip(*shares, strict=True)]
    _draw_table(visit, table, ["A", "B"])


def _draw_words(visit: Visit, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Draws every word once; if the tags differ it has a frame, a sign, and both tags."""
    tr, pairs = visit.tr, list(zip(first["words"], second["words"], strict=True))
    apart = sum(one["label"] != other["label"] for one, other in pairs)
    st.subheader(
        tr("{count} of {of} words have different tags").format(count=visit.number(apart), of=visit.number(len(pairs))),
        anchor=False,
    )
    chips = "".join(_draw_chip(one, other) for one, other in pairs)
    alt = escaped(tr("The words with their tags; where A and B differ, both tags and the sign ≠"))
    st.html(f"<div role='img' aria-label='{alt}'>{chips}</div>")
    st.caption(tr("≠ and an orange frame: A and B give different tags. “O” is not written."))
    rows = []
    for i, (one, other) in enumerate(pairs):
        before, after = (each["probabilities"][one["label"]] for each in (one, other))
        true = {tr("In the data"): first["true"][i]} if "true" in first else {}
        rows.append(
            {
                tr("Word"): one["word"],
                "": "≠" if one["label"] != other["label"] else "",
                **true,
                tr("Tag of A"): one["label"],
                tr("Tag of B"): other["label"],
                tr("p(tag of A) in A"): before,
                tr("p(tag of A) in B"): after,
                "B − A": _points(visit, after - before),
            }
        )
    _draw_table(visit, pd.DataFrame(rows), [tr("p(tag of A) in A"), tr("p(tag of A) in B")])


def _draw_number(visit: Visit, first: dict[str, Any], second: dict[str, Any]) -> None:
    tr = visit.tr
    with st.container(horizontal=True):
        st.metric("A", visit.number(first["value"], 2), border=True, width="content")
        st.metric("B", visit.number(second["value"], 2), border=True, width="content")
        st.metric("B − A", visit.number(second["value"] - first["value"], 2, signed=True), border=True, width="content")
        if "true" in first:
            st.metric(tr("In the data"), visit.number(first["true"], 2), border=True, width="content")
    if "true" in first:
        off = [visit.number(abs(each["value"] - first["true"]), 2) for each in (first, second)]
        st.markdown(tr("A is off by {first}, B by {second}.").format(first=off[0], second=off[1]))


def _draw_span(visit: Visit, first: dict[str, Any], second: dict[str, Any]) -> None:
    tr = visit.tr
    said = [each["answer"] or tr("the context does not say") for each in (first, second)]
    _draw_heading(visit, said, first["answer"] != second["answer"])
    if "true" in first:
        st.markdown(tr("In the data: {answer}").format(answer=literal(" | ".join(first["true"]) or tr("the context does not say"))))  # fmt: skip
    rows = [
        {tr("Run"): name, tr("Span"): span["text"] or tr("(no answer)"), tr("Start + end logit"): span["logit"], tr("Probability among these"): span["probability"]}
        for name, each in (("A", first), ("B", second))
        for span in each["spans"][:5]
    ]  # fmt: skip
    _draw_table(visit, pd.DataFrame(rows), [tr("Probability among these")])


def _draw_heading(visit: Visit, said: list[str], differ: bool) -> None:
    """Draws both answers, and whether they are equal."""
    tr = visit.tr
    if differ:
        st.subheader(tr("≠ A says {first}, B says {second}").format(first=literal(said[0]), second=literal(said[1])), anchor=False)  # fmt: skip
    else:
        st.subheader(tr("= Both say {answer}").format(answer=literal(said[0])), anchor=False)


def _draw_chip(one: dict[str, Any], other: dict[str, Any]) -> str:
    same, word = one["label"] == other["label"], escaped(one["word"])
    if same:
        tag = "&nbsp;" if one["label"] == "O" else escaped(one["label"])
        return f"<span style='{CHIP}'>{word}<span style='{TAG}'>{tag}</span></span>"
    return f"<span style='{CHIP};{DIFFERS}'><b>≠</b> {word}<span style='{TAG}'>A {escaped(one['label'])} · B {escaped(other['label'])}</span></span>"


def _draw_table(visit: Visit, table: pd.DataFrame, shares: list[str]) -> None:
    st.dataframe(table, hide_index=True, key="compare_table", column_config=share_columns(*shares))


def _points(visit: Visit, difference: float) -> str:
    """Formats percentage points with an arrow and a sign."""
    points = round(100 * difference, 1)
    return f"{'▲ ' if points > 0 else '▼ ' if points < 0 else ''}{visit.number(points, 1, signed=True)}"
