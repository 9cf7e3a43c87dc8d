"""Tables of cells: which delimiter, whether quotes quote, rows of equal width."""

import csv
import io
from collections import Counter

import pandas as pd

from mlmtune_core.errors import DataError

DELIMITERS = ("\t", ",", ";", "|")
SAMPLE_LINES = 200
MAX_CELL = 50 * 1024 * 1024


def read_delimited(text: str) -> tuple[str, bool, list[tuple[int, list[str]]]]:
    """(delimiter, whether quotes quote, [(line, cells)]): the reading in which most records have equally many cells."""
    best: tuple[float, str, bool, list[tuple[int, list[str]]]] | None = None
    for delimiter in DELIMITERS:
        quoted, records = _split_records(text, delimiter)
        widths = Counter(len(cells) for _, cells in records)
        width, regular = widths.most_common(1)[0]
        score = regular / len(records) if width > 1 else 0.0
        if best is None or score > best[0] + 1e-9:
            best = (score, delimiter, quoted, records)
    score, delimiter, quoted, records = best
    return delimiter if score else "", quoted, records


def _split_records(text: str, delimiter: str) -> tuple[bool, list[tuple[int, list[str]]]]:
    """Quotes quote when every one of them opens or closes a whole cell; a file with loose quotes is split at every line."""
    plain = _records(text, delimiter, csv.QUOTE_NONE)
    if '"' not in text:
        return True, plain
    try:
        quoted = _records(text, delimiter, csv.QUOTE_MINIMAL)
    except csv.Error:
        return False, plain
    swallowed = len(plain) - len(quoted)
    same_width = len({len(cells) for _, cells in plain}) == 1 and len(plain[0][1]) > 1
    return (False, plain) if swallowed and same_width else (True, quoted)


def _records(text: str, delimiter: str, quoting: int) -> list[tuple[int, list[str]]]:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=quoting,
        strict=quoting != csv.QUOTE_NONE,
        skipinitialspace=quoting != csv.QUOTE_NONE,
    )
    records, line = [], 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            records.append((line, cells))
        line = reader.line_num + 1
    return records


def to_frame(records: list[tuple[int, list[str]]], header: bool, name: str) -> pd.DataFrame:
    """Records -> rows of equal width. Raises DataError where a record holds more cells than the others."""
    width = Counter(len(cells) for _, cells in records[:SAMPLE_LINES]).most_common(1)[0][0]
    if header:
        names = [cell.strip() or f"column {c + 1}" for c, cell in enumerate(records[0][1])]
        width, records = len(names), records[1:]
        names = [known if names.index(known) == c else f"{known} ({c + 1})" for c, known in enumerate(names)]
    else:
        names = [f"column {c + 1}" for c in range(width)]
    if not records:
        raise DataError("“{name}” holds a header but no rows. Add one example per row.", name=name)
    for line, cells in records:
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            raise DataError(
                "“{name}”, line {line}: expected {expected} columns, found {found}. Put quotes around texts that hold the delimiter, or save with tabs.",
                name=name,
                line=line,
                expected=width,
                found=len(cells),
            )
    rows = [(cells + [""] * width)[:width] for _, cells in records]
    return pd.DataFrame(rows, columns=names, index=[line for line, _ in records], dtype=object)
