"""Edits of an input: mask, remove or rewrite words, mask each in turn, swap the texts; and back."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from mlmtune_core.data.words import rewrite_words
from mlmtune_core.inspecting import edit_tree
from mlmtune_core.inspecting.edit_tree import MOST_ROWS, Fields, Row
from mlmtune_core.names import role_names
from pages.shared.choice import choice
from pages.shared.visit import Visit

KEPT_TREES = 8
KEPT_STEPS = 30
NAME_SIGNS = 90
LONG_SIGNS = 120  # longer texts get several lines


class Tree:
    """The rows made from one input of a run, as this visit keeps them, with the states before each change."""

    def __init__(self, run_id: str, fields: Fields, roles: tuple[str, ...], mask: str) -> None:
        self.roles, self.mask, self._run_id, self._root = roles, mask, run_id, fields
        kept = st.session_state.setdefault(f"what_if_{run_id}", {})
        self._steps: list[tuple[Row, ...]] = kept.setdefault(fields, [edit_tree.begin_tree(fields)])
        for old in [each for each in kept if each != fields][: max(0, len(kept) - KEPT_TREES)]:
            del kept[old]

    def key(self, name: str) -> str:
        """Returns a session key for this input."""
        return f"what_if_{name}_{self._run_id}_{hash(self._root)}"

    @property
    def rows(self) -> tuple[Row, ...]:
        """Returns the root and all that was made from it."""
        return self._steps[-1]

    @property
    def chosen(self) -> Row:
        """Returns the row that is edited next."""
        return edit_tree.find_row(self.rows, st.session_state.get(self.key("row"), 0))

    @property
    def can_undo(self) -> bool:
        """Returns whether anything was changed."""
        return len(self._steps) > 1

    def choose(self, row_id: int) -> None:
        """Sets the row that is edited next."""
        st.session_state[self.key("row")] = row_id

    def change(self, rows: tuple[Row, ...]) -> None:
        """Replaces the rows."""
        if rows != self.rows:
            self._steps.append(rows)
            del self._steps[:-KEPT_STEPS]

    def undo(self) -> None:
        """Restores the rows before the last change."""
        if self.can_undo:
            self._steps.pop()


def ask_row(visit: Visit, tree: Tree) -> None:
    """Asks which row to edit next."""
    names = {row.id: f"{row.id}: {write_out(row.fields)[:NAME_SIGNS]}" for row in tree.rows}
    choice(st.selectbox, visit.tr("Row to change"), names, tree.key("row"), persist_state="session")


def draw_form(visit: Visit, tree: Tree) -> None:
    """Draws what to change, and how; each button adds a row."""
    tr = visit.tr
    row, full = tree.chosen, len(tree.rows) >= MOST_ROWS
    part = 0
    if len(row.fields) > 1:
        titles = {i: role_names(tr)[role] for i, role in enumerate(tree.roles)}
        part = choice(st.segmented_control, tr("In which text"), titles, tree.key("part"), default=len(titles) - 1, required=True)  # fmt: skip
    words = edit_tree.words_of(row.fields[part], tree.mask)
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    with left:
        place = choice(st.selectbox, tr("Word"), {i: f"{i + 1}: {word}" for i, word in enumerate(words)}, f"{tree.key('place')}_{part}")  # fmt: skip
    with right.container(horizontal=True):
        _button(tr("Mask it"), "mask", ":material/visibility_off:", full or not tree.mask, _edit, tree, "masked", part, place)
        _button(tr("Remove it"), "remove", ":material/backspace:", full or len(words) < 2, _edit, tree, "removed", part, place)
        _button(tr("Mask each word in turn"), "each", ":material/bar_chart:", full or not tree.mask, _mask_each, tree, part)
        if tree.roles == ("text", "second_text"):
            _button(tr("Swap the texts"), "swap", ":material/swap_vert:", full, _swap, tree)
    _draw_text(visit, tree, row, part)
    if full:
        st.caption(tr("There are {count} rows, and there can be no more. Remove some to go on.").format(count=MOST_ROWS))


def draw_ways_back(visit: Visit, tree: Tree, csv: bytes) -> None:
    """Draws removal, undo, and the download of all rows."""
    tr, alone = visit.tr, len(tree.rows) == 1
    with st.container(horizontal=True):
        _button(tr("Remove the chosen row"), "drop", ":material/delete:", tree.chosen.id == 0, _drop, tree)
        _button(tr("Clear"), "clear", ":material/delete_sweep:", alone, lambda: tree.change(tree.rows[:1]))
        _button(tr("Undo"), "undo", ":material/undo:", not tree.can_undo, tree.undo)
        st.download_button(tr("Download as CSV"), csv, "what-if.csv", "text/csv", key="what_if_csv", icon=":material/download:", on_click="ignore")  # fmt: skip


def write_out(fields: Fields) -> str:
    """Returns an input as one line."""
    return " ‖ ".join(field if isinstance(field, str) else " ".join(field) for field in fields)


def describe(visit: Visit, row: Row) -> str:
    """Says how a row came from its parent."""
    tr = visit.tr
    said = {
        "asked": tr("the input"),
        "masked": tr("“{word}” masked"),
        "each": tr("“{word}” masked"),
        "removed": tr("“{word}” removed"),
        "swapped": tr("texts swapped"),
        "typed": tr("written anew"),
    }
    return said[row.edit].format(word=row.word)


def _draw_text(visit: Visit, tree: Tree, row: Row, part: int) -> None:
    """Draws the text to be rewritten."""
    text, key = write_out((row.fields[part],)), f"{tree.key('text')}_{row.id}_{part}"
    box = st.text_area if len(text) > LONG_SIGNS else st.text_input
    hint = visit.tr("Write it anew, then press Enter") if box is st.text_input else visit.tr("Write it anew, then press Ctrl+Enter")
    st.session_state.setdefault(key, text)
    box(hint, key=key, on_change=_write, args=(tree, row, part, key))


def _button(title: str, name: str, icon: str, disabled: bool, act: Callable[..., Any], *args: Any) -> None:
    st.button(title, key=f"what_if_{name}", icon=icon, disabled=disabled, on_click=act, args=args)


def _edit(tree: Tree, edit: str, part: int, place: int) -> None:
    row, by = tree.chosen, tree.mask if edit == "masked" else ""
    word = edit_tree.words_of(row.fields[part], tree.mask)[place]
    fields = edit_tree.replace_word(row.fields, part, place, tree.mask, by)
    tree.change(edit_tree.add_row(tree.rows, row.id, edit, fields, word))


def _mask_each(tree: Tree, part: int) -> None:
    tree.change(edit_tree.mask_each(tree.rows, tree.chosen.id, part, tree.mask))


def _swap(tree: Tree) -> None:
    row = tree.chosen
    tree.change(edit_tree.add_row(tree.rows, row.id, "swapped", row.fields[::-1]))


def _write(tree: Tree, row: Row, part: int, key: str) -> None:
    """Adds a row with the new text, and chooses it. The box of the old row shows the old text again."""
    text, old = st.session_state.pop(key), row.fields[part]
    new = text.strip() if isinstance(old, str) else tuple(rewrite_words(text, old, tree.mask))
    if not new:
        return
    tree.change(edit_tree.add_row(tree.rows, row.id, "typed", (*row.fields[:part], new, *row.fields[part + 1 :])))
    if tree.rows[-1].parent == row.id:
        tree.choose(tree.rows[-1].id)


def _drop(tree: Tree) -> None:
    parent = tree.chosen.parent or 0
    tree.change(edit_tree.remove_row(tree.rows, tree.chosen.id))
    tree.choose(parent)
