"""Which column holds the text, the label, the words, the tags: guessed, and checked when told."""

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlmtune_core.errors import DataError, nearest_first
from mlmtune_core.translating import mark

if TYPE_CHECKING:
    import pandas as pd

ROLES = {"sequence_classification": ("text", "label"), "token_classification": ("words", "tags")}
ROLE_TITLES = {"text": mark("text"), "label": mark("label"), "words": mark("words"), "tags": mark("tags")}
KNOWN_NAMES = {
    "text": (
        "text",
        "texto",
        "sentence",
        "frase",
        "review",
        "comment",
        "comentario",
        "content",
        "conteudo",
        "message",
        "mensagem",
        "body",
        "tweet",
        "document",
        "documento",
        "titulo",
        "title",
        "resenha",
        "avaliacao",
        "sms",
    ),
    "label": (
        "label",
        "labels",
        "rotulo",
        "etiqueta",
        "class",
        "classe",
        "category",
        "categoria",
        "sentiment",
        "sentimento",
        "target",
        "alvo",
        "y",
        "topic",
        "topico",
        "polarity",
        "polaridade",
        "intent",
        "stars",
        "estrelas",
    ),
    "words": ("words", "tokens", "palavras", "word", "token", "palavra", "form"),
    "tags": (
        "tags",
        "ner_tags",
        "ner",
        "tag",
        "labels",
        "label",
        "etiquetas",
        "rotulos",
        "entities",
        "entidades",
        "bio",
    ),
}


def simplify(name: str) -> str:
    """A column name without case, blanks around it and accents."""
    decomposed = unicodedata.normalize("NFKD", str(name).strip().lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def guess_task(rows: "pd.DataFrame") -> str:
    """The task whose columns are there: lists of words ask for a label per word, all else for one per text."""
    lists = [column for column in rows.columns if isinstance(rows[column].iloc[0], list)]
    return "token_classification" if len(lists) >= 2 else "sequence_classification"


def guess(rows: "pd.DataFrame", task: str) -> dict[str, str]:
    """role -> column, by name first and by content otherwise; a role that fits no column is left out."""
    by_role: dict[str, str] = {}
    for role in ROLES[task]:
        named = [column for known in KNOWN_NAMES[role] for column in rows.columns if simplify(column) == known]
        free = [column for column in named if column not in by_role.values() and _fits(rows[column], task)]
        if free:
            by_role[role] = free[0]
    for role in ROLES[task]:
        free = [column for column in rows.columns if column not in by_role.values() and _fits(rows[column], task)]
        if role not in by_role and free:
            by_role[role] = _by_content(rows, free, role)
    return by_role


def choose(rows: "pd.DataFrame", task: str, told: dict[str, str | None]) -> dict[str, str]:
    """The guess, overruled by what was told. Raises DataError for a column that is not there, or a role without one."""
    columns = list(rows.columns)
    chosen = guess(rows, task)
    for role, column in told.items():
        if column is None:
            continue
        if column.strip() not in columns:
            raise DataError(
                "Column “{name}” ({title}) is not in the file. Columns found, nearest first: {found}.",
                name=column,
                title=ROLE_TITLES[role],
                found=", ".join(nearest_first(column, columns)),
            )
        chosen = {other: kept for other, kept in chosen.items() if kept != column.strip()} | {role: column.strip()}
    for role in ROLES[task]:
        if role not in chosen:
            raise DataError(
                "No column was found for: {title}. Columns in the file: {found}. Check the delimiter, or add the column.",
                title=ROLE_TITLES[role],
                found=", ".join(nearest_first(role, columns)),
            )
    return {role: chosen[role] for role in ROLES[task]}


def looks_like_header(records: Sequence[Sequence[str]]) -> bool:
    """True if the first record names the columns: by known names, or by being unlike all others in a column of labels or numbers."""
    first, rest = records[0], records[1:]
    names = {name for known in KNOWN_NAMES.values() for name in known} | {"id", "index", "split", "#"}
    if any(simplify(cell) in names for cell in first):
        return True
    if not rest or any(len(cell) > 40 for cell in first):
        return False
    return any(_breaks_the_column(cell, [row[c] for row in rest if c < len(row)]) for c, cell in enumerate(first))


def _breaks_the_column(cell: str, others: list[str]) -> bool:
    if others and all(_is_number(other) for other in others):
        return not _is_number(cell)
    values = set(others)
    return len(others) >= 10 and len(values) <= max(2, len(others) // 10) and cell not in values


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return True


def _fits(column: "pd.Series", task: str) -> bool:
    return isinstance(column.iloc[0], list) == (task == "token_classification")


def _by_content(rows: "pd.DataFrame", free: list[str], role: str) -> str:
    """text: the longest; label: the fewest different values; words: the first list; tags: the last."""
    if role == "text":
        return max(free, key=lambda column: rows[column].astype(str).str.len().mean())
    if role == "label":
        return min(free, key=lambda column: rows[column].astype(str).nunique())
    return free[0] if role == "words" else free[-1]
