"""Edits of one input as a tree: words masked, removed or rewritten, and how each changed the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from mlmtune_core.data.words import find_words

MOST_ROWS = 40
Field = str | tuple[str, ...]  # a text, or the words of a sentence if every word has a label
Fields = tuple[Field, ...]


@dataclass(frozen=True)
class Row:
    """One input. `edit`: how it came from its parent: asked (the root), masked, removed, swapped, typed, or each (one word of a series masked);
    `word`: the word that was masked or removed.
    """

    id: int
    parent: int | None
    edit: str
    word: str
    fields: Fields


@dataclass(frozen=True)
class Change:
    """What is followed through the tree: its value in this row and its difference from the parent's, None if the word is gone;
    and the words whose tags differ from the parent's: (word, before, after).
    """

    value: float | None
    change: float | None
    tags: tuple[tuple[str, str, str], ...] = ()


def begin_tree(fields: Fields) -> tuple[Row, ...]:
    """Returns the root alone."""
    return (Row(0, None, "asked", "", fields),)


def add_row(rows: Sequence[Row], parent: int, edit: str, fields: Fields, word: str = "") -> tuple[Row, ...]:
    """Adds a row; none if there are MOST_ROWS already, or if nothing changed."""
    if len(rows) >= MOST_ROWS or find_row(rows, parent).fields == fields:
        return tuple(rows)
    return (*rows, Row(max(row.id for row in rows) + 1, parent, edit, word, fields))


def mask_each(rows: Sequence[Row], parent: int, part: int, mask: str) -> tuple[Row, ...]:
    """Adds a row for every word of one text of a row, with that word masked; as many as there is room for."""
    fields = find_row(rows, parent).fields
    for place, word in enumerate(words_of(fields[part], mask)):
        if word != mask:
            rows = add_row(rows, parent, "each", replace_word(fields, part, place, mask, mask), word)
    return tuple(rows)


def remove_row(rows: Sequence[Row], row_id: int) -> tuple[Row, ...]:
    """Removes a row and its descendants; the root stays."""
    gone = {row_id} - {0}
    for row in rows:  # parents come before their children
        if row.parent in gone:
            gone.add(row.id)
    return tuple(row for row in rows if row.id not in gone)


def find_row(rows: Sequence[Row], row_id: int) -> Row:
    """Returns a row by its id; the root if it is gone."""
    return next((row for row in rows if row.id == row_id), rows[0])


def words_of(field: Field, mask: str) -> list[str]:
    """Returns the words that can be masked or removed."""
    return [field[start:end] for start, end in find_words(field, mask)] if isinstance(field, str) else list(field)


def replace_word(fields: Fields, part: int, place: int, mask: str, by: str = "") -> Fields:
    """Returns the fields with one word of one of them replaced, or removed."""
    field = fields[part]
    if isinstance(field, str):
        start, end = find_words(field, mask)[place]
        new: Field = field[:start] + by + field[end:] if by else f"{field[:start].rstrip()} {field[end:].lstrip()}".strip()
    else:
        new = (*field[:place], *([by] if by else []), *field[place + 1 :])
    return (*fields[:part], new, *fields[part + 1 :])


def follow(rows: Sequence[Row], answers: Sequence[dict[str, Any]], followed: Any) -> dict[int, Change]:
    """Returns id -> what changed. answers: of each row, as `what_if.answer_rows` gives them; `followed`: a label, or the index of a word of the
    root, whose tag is followed; ignored for numbers and spans.
    """
    by_id = {row.id: (row, answer) for row, answer in zip(rows, answers, strict=True)}
    values = {row.id: _value(by_id[0], (row, answer), followed) for row, answer in by_id.values()}
    changes = {}
    for row, answer in by_id.values():
        if row.parent is None:
            changes[row.id] = Change(values[row.id], None)
            continue
        before, after = values[row.parent], values[row.id]
        difference = after - before if before is not None and after is not None else None
        changes[row.id] = Change(after, difference, _changed_tags(by_id[row.parent], (row, answer)))
    return changes


def in_order(rows: Sequence[Row], changes: dict[int, Change]) -> list[tuple[Row, int]]:
    """Returns (row, depth), every row below its parent: in the order in which they were made, then those of a series of masked words, the
    largest change first.
    """

    def rank(row: Row) -> tuple[bool, float]:
        return row.edit == "each", -abs(changes[row.id].change or 0) if row.edit == "each" else row.id

    def below(parent: int | None, depth: int) -> list[tuple[Row, int]]:
        found = []
        for row in sorted((row for row in rows if row.parent == parent), key=rank):
            found += [(row, depth), *below(row.id, depth + 1)]
        return found

    return below(None, 0)


def align(words: Sequence[str], others: Sequence[str]) -> dict[int, int]:
    """Returns index -> index in `others`, for words that are equal or replace one another."""
    places: dict[int, int] = {}
    for tag, start, end, first, last in SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
        if tag == "equal" or (tag == "replace" and end - start == last - first):
            places.update(zip(range(start, end), range(first, last), strict=True))
    return places


def _value(root: tuple[Row, dict[str, Any]], one: tuple[Row, dict[str, Any]], followed: Any) -> float | None:
    answer = one[1]
    if answer["view"] == "labels":
        return answer["probabilities"][followed]
    if answer["view"] != "words":
        return answer["score"]
    place = align(root[0].fields[0], one[0].fields[0]).get(followed)
    return None if place is None else answer["words"][place]["probabilities"][root[1]["words"][followed]["label"]]


def _changed_tags(parent: tuple[Row, dict[str, Any]], one: tuple[Row, dict[str, Any]]) -> tuple[tuple[str, str, str], ...]:
    if one[1]["view"] != "words":
        return ()
    before, after = parent[1]["words"], one[1]["words"]
    pairs = align(parent[0].fields[0], one[0].fields[0])
    return tuple(
        (after[there]["word"], before[here]["label"], after[there]["label"])
        for here, there in pairs.items()
        if before[here]["label"] != after[there]["label"]
    )
