"""Cells of a file as clean values: text, labels, lists, numbers; what is missing is empty."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff]")
MISSING = {"", "-", "?", "nan", "null", "n/a", "#n/a", "<na>"}
SEPARATORS = ("|", ";")
SHOWN_SIGNS = 2000
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def clean(cell: object) -> str:
    """Text without blanks around it and without control characters; a missing value is empty, 1.0 is 1."""
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
    """As `clean`; signs that stand for “no label” (-, ?, N/A, NaN...) are empty."""
    label = clean(cell)
    return "" if label.lower() in MISSING else label


def has_control(cell: object) -> bool:
    """True of text with control characters in it."""
    return isinstance(cell, str) and CONTROL.search(cell) is not None


def to_list(cell: object) -> list[str]:
    """A cell that holds a list, or a list written as JSON, as clean texts; what is left empty becomes a box."""
    if isinstance(cell, str) and cell.lstrip().startswith("["):
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return []
    return [CONTROL.sub("", str(item)).strip() or "\u25a1" for item in cell] if isinstance(cell, list | tuple) else []


def to_number(cell: object) -> float | None:
    """A number with a point or a comma, or None."""
    try:
        number = float(clean(cell).replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def find_separator(cells: Iterable[object]) -> str | None:
    """What separates several labels in a cell: | or ;, if a third of the cells hold it and the parts come back often."""
    texts = [clean(cell) for cell in cells]
    for separator in SEPARATORS:
        several = [text for text in texts if separator in text]
        parts = Counter(part.strip() for text in texts for part in text.split(separator) if part.strip())
        if several and len(several) > len(texts) / 3 and len(parts) <= 100 and sum(parts.values()) >= 3 * len(parts):
            return separator
    return None


def to_labels(cell: object, separator: str | None) -> list[str]:
    """The labels of a cell, sorted, each once; an empty list where there are none."""
    parts: Sequence[object] = cell if isinstance(cell, list | tuple) else clean(cell).split(separator or "\n")
    return sorted({label for label in map(clean_label, parts) if label})


def disarm(cell: object) -> object:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front; all else stays as it is."""
    return "'" + cell if isinstance(cell, str) and cell.startswith(FORMULA_SIGNS) else cell


def shorten(cell: object, signs: int = SHOWN_SIGNS) -> object:
    """A cell as a table on a page can hold it."""
    if isinstance(cell, str):
        return cell if len(cell) <= signs else cell[:signs] + "…"
    return shorten(json.dumps(cell, ensure_ascii=False, default=str), signs) if isinstance(cell, list | dict) else cell
