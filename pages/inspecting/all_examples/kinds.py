"""Errors by kind, explained and listed: of entities, and of answers to questions."""

from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.language import Translate
from mlmtune_core.names import role_names
from mlmtune_core.runs.run import Run
from pages.inspecting.example_table import draw_rows
from pages.shared.choice import choice
from pages.shared.visit import Visit


def draw_kinds(visit: Visit, run: Run, side: str, kinds: dict[str, Any]) -> None:
    """Draws `kinds`: `counts` by kind, and `errors` with their `kind` (see `review` in the tasks that have it)."""
    tr, counts, is_tags = visit.tr, kinds["counts"], "missed" in kinds["counts"]
    explained = _entity_kinds(tr) if is_tags else _answer_kinds(tr)
    st.markdown("**" + (tr("Entity errors by kind") if is_tags else tr("Wrong answers by kind")) + "**")
    titles = tr("Kind"), tr("How many"), tr("What it means")
    table = pd.DataFrame([(explained[kind][0], count, explained[kind][1]) for kind, count in counts.items()], columns=titles)
    widths = {titles[1]: st.column_config.NumberColumn(titles[1], width="small"), titles[2]: st.column_config.TextColumn(titles[2], width="large")}  # fmt: skip
    st.dataframe(table, hide_index=True, key="kinds", column_config=widths)
    if is_tags:
        _draw_sums(visit, counts)
    names = {kind: f"{explained[kind][0]} ({visit.number(count)})" for kind, count in counts.items() if kind not in ("correct", "right") and count}  # fmt: skip
    if not names:
        return
    kind = choice(st.segmented_control, tr("Show those of the kind"), names, "kind", required=True)
    rows = [error for error in kinds["errors"] if error["kind"] == kind]
    if len(rows) < counts[kind]:
        st.caption(tr("The first {count} of them.").format(count=visit.number(len(rows))))
    text = tr("Sentence") if is_tags else role_names(tr)["question"]
    draw_rows(visit, run, side, rows, {"row": tr("Row"), "true": tr("In the data"), "predicted": tr("Predicted"), "text": text}, "kind_rows")  # fmt: skip


def _draw_sums(visit: Visit, counts: dict[str, int]) -> None:
    """Draws a table in which every true and predicted entity counts once."""
    shared = sum(counts[kind] for kind in ("correct", "boundary", "type", "both"))
    st.caption(
        visit.tr("Every entity is counted once: the {true} in the data are all of these but the invented ones, the {said} predicted ones all but the missed. Names as in Manning (2006); MUC-5 and SemEval-2013 task 9 say missing and spurious for the last two.").format(
            true=visit.number(shared + counts["missed"]), said=visit.number(shared + counts["invented"])
        )
    )  # fmt: skip


def _entity_kinds(tr: Translate) -> dict[str, tuple[str, str]]:
    return {
        "correct": (tr("right"), tr("First word, last word and type are as in the data.")),
        "boundary": (tr("boundary"), tr("The type is right and some words are shared, but it begins or ends elsewhere.")),
        "type": (tr("type"), tr("It begins and ends where it should, but is called something else.")),
        "both": (tr("boundary and type"), tr("Some words are shared, but neither the limits nor the type are right.")),
        "missed": (tr("missed"), tr("An entity of the data of which nothing was found.")),
        "invented": (tr("invented"), tr("An entity was predicted where the data have none.")),
    }


def _answer_kinds(tr: Translate) -> dict[str, tuple[str, str]]:
    return {
        "right": (tr("right"), tr("An accepted answer, but for upper case, punctuation and English articles.")),
        "overlapping": (tr("overlapping"), tr("It shares words with an accepted answer: too long, too short, or shifted.")),
        "elsewhere": (tr("elsewhere"), tr("It shares no word with any accepted answer.")),
        "declined": (tr("no answer given"), tr("The context holds an answer, and the model gave none.")),
        "answered": (tr("answered all the same"), tr("The context holds no answer, and the model gave one.")),
    }
