"""What if the input were another: every edit as a row below its parent, with its effect on the answer."""

from collections import Counter
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.data.readers.cells import escape_formula
from mlmtune_core.inspecting import model_charts
from mlmtune_core.inspecting.edit_tree import Change, Row, follow, in_order
from mlmtune_core.names import format_labels
from mlmtune_core.runs.run import Run
from pages.inspecting.one_input.edit_form import Tree, ask_row, describe, draw_form, draw_ways_back, write_out
from pages.shared.asking import ask, ask_slowly
from pages.shared.choice import choice
from pages.shared.figures import draw_figure
from pages.shared.tables import share_columns
from pages.shared.visit import Visit, literal

INDENT = "\u2003"  # a blank that tables keep
LEAST_BARS = 2


def draw_what_if(visit: Visit, run: Run, asked: tuple[Any, ...], moment: str) -> None:
    """Draws the input with all its edits; they stay while this visit lasts."""
    tr = visit.tr
    st.markdown(tr("Change the input and see what that does to the answer. Every change is a new row below the one that it was made from; any row can be changed further."))  # fmt: skip
    root = ask(run, "mlmtune_core.inspecting.what_if:open_fields", moment, *asked)
    tree = Tree(run.id, root["fields"], root["roles"], root["mask"])
    left, right = st.columns([2, 1])
    with left:
        ask_row(visit, tree)
    draw_form(visit, tree)
    answers = ask_slowly(visit, run, "mlmtune_core.inspecting.what_if:answer_rows", moment, tuple(row.fields for row in tree.rows))
    if answers is None:
        return
    view = answers[0]["view"]
    with right:
        followed, name = _ask_followed(visit, tree, answers[0])
    changes = follow(tree.rows, answers, followed)
    said = {row.id: answer for row, answer in zip(tree.rows, answers, strict=True)}
    lines = in_order(tree.rows, changes)
    table = pd.DataFrame([_make_line(visit, tree, row, depth, said[row.id], changes[row.id]) for row, depth in lines])
    titles = _name_columns(visit, view, name)
    share = view in ("labels", "words")
    bars = share_columns(titles["value"]) if share else {}
    shown = table[list(titles)].rename(columns=titles)
    ids = [row.id for row, _ in lines]
    st.dataframe(shown, hide_index=True, key="what_if_rows", column_config=bars, on_select=lambda: _take_click(tree, ids), selection_mode="single-row")  # fmt: skip
    told = tr("Change: against the row above that it was made from, in percentage points.") if share else tr("Change: against the row above that it was made from.")  # fmt: skip
    st.caption(told)
    exact = {"input": [write_out(row.fields) for row, _ in lines], "row": ids, "made_from": [row.parent for row, _ in lines]}
    numbers = {"value": [changes[row].value for row in ids], "change": [changes[row].change for row in ids]}
    csv = pd.DataFrame({**exact, "edit": [row.edit for row, _ in lines], "word": [row.word for row, _ in lines], "answer": table["said"], **numbers})
    draw_ways_back(visit, tree, csv.map(escape_formula).to_csv(index=False, lineterminator="\n").encode("utf-8-sig"))
    _draw_bars(visit, tree, changes, name if share else tr("the answer"), share)


def _ask_followed(visit: Visit, tree: Tree, answer: dict[str, Any]) -> tuple[Any, str]:
    """Returns (what is followed through the rows, its name): the probability of a label, of a word's tag, or the answer itself."""
    tr = visit.tr
    if answer["view"] == "labels":
        names = list(answer["probabilities"])
        best = max(names, key=answer["probabilities"].__getitem__)
        place = choice(st.selectbox, tr("Follow the probability of"), dict(enumerate(names)), tree.key("label"), default=names.index(best), persist_state="session")  # fmt: skip
        return names[place], f"p({names[place]})"
    if answer["view"] == "words":
        words = answer["words"]
        names = {i: f"{i + 1}: {word['word']} · {word['label']}" for i, word in enumerate(words)}
        first = next((i for i, word in enumerate(words) if word["label"] != "O"), 0)
        place = choice(st.selectbox, tr("Follow the tag of the word"), names, tree.key("word"), default=first, persist_state="session")
        return place, f"p({words[place]['label']}) · {words[place]['word']}"
    return None, ""


def _make_line(visit: Visit, tree: Tree, row: Row, depth: int, answer: dict[str, Any], change: Change) -> dict[str, Any]:
    """Returns a row of the table, formatted."""
    tr, view = visit.tr, answer["view"]
    share = view in ("labels", "words")
    moved = None if change.change is None else round(100 * change.change if share else change.change, 1 if share else 2)
    arrow = ("▲ " if moved > 0 else "▼ ") if moved else ""
    tags = "; ".join(f"{word}: {before} → {after}" for word, before, after in change.tags)
    said = answer.get("said")
    if view == "words":
        said = tags or ("" if row.parent is None else "–")
    elif view == "labels":
        said = format_labels(tr, said)
    elif view == "number":
        said = visit.number(said, 2)
    return {
        "input": f"{INDENT * 2 * (depth - 1)}↳ {write_out(row.fields)}" if depth else write_out(row.fields),
        "edit": describe(visit, row),
        "said": said or (tr("the context does not say") if view == "span" else ""),
        "value": change.value if share else None if change.value is None else visit.number(change.value, 2),
        "change": "" if moved is None else arrow + visit.number(moved, 1 if share else 2, signed=True),
    }


def _name_columns(visit: Visit, view: str, name: str) -> dict[str, str]:
    tr = visit.tr
    titles = {"input": tr("Input"), "edit": tr("What was done"), "said": tr("Tags that changed") if view == "words" else tr("Answer"), "value": name or tr("Start + end logit"), "change": tr("Change")}  # fmt: skip
    if view == "number":
        del titles["value"]
    return titles


def _draw_bars(visit: Visit, tree: Tree, changes: dict[int, Change], name: str, share: bool) -> None:
    """Draws each word's effect, if the words of the chosen row were masked one by one."""
    tr = visit.tr
    base = tree.chosen.parent if tree.chosen.edit == "each" else tree.chosen.id
    rows = [row for row in tree.rows if row.parent == base and row.edit == "each" and changes[row.id].change is not None]
    if len(rows) < LEAST_BARS:
        return
    times: Counter[str] = Counter()
    names = {}
    for row in rows:  # in the order of the sentence
        times[row.word] += 1
        names[row.id] = row.word if times[row.word] == 1 else f"{row.word} ({times[row.word]})"
    rows.sort(key=lambda row: -abs(changes[row.id].change or 0))
    st.markdown("**" + tr("What happens to {name} when a word is masked").format(name=literal(name)) + "**")
    values = [(changes[row.id].change or 0) * (100 if share else 1) for row in rows]
    title = tr("Change (percentage points)") if share else tr("Change")
    figure = model_charts.plot_changes([names[row.id] for row in rows], values, title, visit.separators)
    alt = tr("Bars: for every word, how far the answer moves when it is masked.")
    draw_figure(figure, key="what_if_bars", alt=alt, name="what-if-bars")
    st.caption(tr("To the left, in blue: without the word it falls, so the word spoke for it. To the right, in orange: it rises."))


def _take_click(tree: Tree, ids: list[int]) -> None:
    rows = st.session_state["what_if_rows"]["selection"]["rows"]
    if rows:
        tree.choose(ids[rows[0]])
