"""Cleans the cells of a file: text, labels, lists, numbers; missing values become empty."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")
MISSING = {"", "-", "?", "nan", "null", "n/a", "#n/a", "<na>"}
SEPARATORS = ("|", ";")
MAX_SHOWN_CHARACTERS = 2000
FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")


def clean_text(cell: object) -> str:
    """Returns the text of a cell, stripped and without control characters. Missing values become "", 1.0 becomes 1."""
    if isinstance(cell, str):
        return CONTROL.sub("", cell).strip()
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, list | dict):
        cell = json.dumps(cell, ensure_ascii=False, default=str)
    return CONTROL.sub("", str(cell)).strip()


def clean_label(cell: object) -> str:
    """Cleans like clean_text; placeholders for a missing label (-, ?, N/A, NaN, ...) become ""."""
    label = clean_text(cell)
    return "" if label.lower() in MISSING else label


def has_control_characters(cell: object) -> bool:
    """True if a cell is text with control characters."""
    return isinstance(cell, str) and CONTROL.search(cell) is not None


def to_list(cell: object) -> list[str]:
    """Returns the cleaned items of a list, or of a JSON list; [] for other cells. Empty items become □, to keep their positions."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return []
    return [CONTROL.sub("", str(item)).strip() or "\u25a1" for item in cell] if isinstance(cell, list | tuple) else []


def to_number(cell: object) -> float | None:
    """Returns a number with a decimal point or comma, or None."""
    try:
        number = float(clean_text(cell).replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def find_separator(cells: Iterable[object]) -> str | None:
    """Returns the separator of several labels in a cell: | or ;.

    None unless over a third of the cells contain it, with at most 100 different labels that occur 3 times on average.
    """
    texts = [clean_text(cell) for cell in cells]
    for separator in SEPARATORS:
        several = [text for text in texts if separator in text]
        parts = Counter(part.strip() for text in texts for part in text.split(separator) if part.strip())
        if several and len(several) > len(texts) / 3 and len(parts) <= 100 and sum(parts.values()) >= 3 * len(parts):
            return separator
    return None


def to_labels(cell: object, separator: str | None) -> list[str]:
    """Returns the labels of a cell, sorted, without duplicates."""
    parts: Sequence[object] = cell if isinstance(cell, list | tuple) else clean_text(cell).split(separator or "\n")
    return sorted({label for label in map(clean_label, parts) if label})


def escape_formula(cell: object) -> object:
    """Puts an apostrophe before text that a spreadsheet would run as a formula; returns other cells unchanged."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA_PREFIXES) else cell


def truncate(cell: object, length: int = MAX_SHOWN_CHARACTERS) -> object:
    """Shortens a long text for display; lists and dicts become JSON text."""
    if isinstance(cell, str):
        return cell if len(cell) <= length else cell[:length] + "…"
    return truncate(json.dumps(cell, ensure_ascii=False, default=str), length) if isinstance(cell, list | dict) else cell
