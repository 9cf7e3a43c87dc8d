"""The diagnosis of a run in a line: its kind, the evidence, and one thing to try."""

import streamlit as st

from mlmtune_core.names import diagnosis_names, format_metric, metric_names
from mlmtune_core.runs.diagnosis import Diagnosis
from pages.shared.visit import Visit

SIGNS = {
    "ok": ":material/check_circle:",
    "crawling": ":material/hourglass_bottom:",
    "collapsed": ":material/compress:",
    "exploding": ":material/trending_up:",
    "memorising": ":material/menu_book:",
    "nan": ":material/block:",
}


def draw_diagnosis(visit: Visit, found: Diagnosis | None) -> None:
    """Draws a quiet line if all is well or it is too early; else a box that is visible from the last row."""
    tr = visit.tr
    if found is None:
        sentence = tr("It is too early to say how the run goes.")
        st.caption(f":material/pending: {sentence}")
        return
    sentence = f"**{diagnosis_names(tr)[found.kind]}.** {write_evidence(visit, found)} {tr(found.advice)}"
    if found.kind == "ok":
        st.caption(f"{SIGNS['ok']} {sentence}")
    else:
        st.warning(sentence, icon=SIGNS[found.kind])


def write_evidence(visit: Visit, found: Diagnosis) -> str:
    """Formats the evidence with its numbers in the visit's language."""
    values = {name: _write(visit, name, value, found.values.get("metric", "")) for name, value in found.values.items()}
    return visit.tr(found.evidence).format(**values)


def _write(visit: Visit, name: str, value: float | str, metric: str) -> str:
    if name == "metric":
        return metric_names(visit.tr)[value]
    if name in ("score", "baseline"):
        return format_metric(visit.language, metric, value)
    if name == "share":
        return visit.percent(value)
    return visit.number(value, {"step": 0, "steps": 0, "times": 1}.get(name, 3))
