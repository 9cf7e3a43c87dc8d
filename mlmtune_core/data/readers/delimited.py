"""Reads CSV, TSV and similar text: detects delimiter and quoting, makes all rows equally wide."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence

import pandas as pd

from mlmtune_core.errors import DataError

DELIMITERS = ("\t", ",", ";", "|")
SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 400_000
MAX_CELL = 2**31 - 1
MAX_COLUMNS = 500
PROGRESS_RECORDS = 20_000
MIN_REGULAR = 0.75  # share of lines with the same number of cells; below it, the commas of a .txt file are those of sentences

Records = list[tuple[int, list[str]]]
ProgressCallback = Callable[[float], None]


def read_delimited(
    text: str, delimiter: str | None = None, quoted: bool | None = None, on_progress: ProgressCallback = lambda share: None, prose: bool = False
) -> tuple[str, bool, Records]:
    """Returns (delimiter, whether quotes enclose cells, [(line, cells)]); detects delimiter and quoting where they are None.

    The delimiter is the one with which most of the first records have the same number of cells. prose: the file may be text without
    columns; then at least MIN_REGULAR of the records must.
    """
    if delimiter is None:
        delimiter = _find_delimiter(_first_lines(text), MIN_REGULAR if prose else 0.0)
    if quoted is None:
        quoted, records = _split_records(text, delimiter or "\t", on_progress)
    else:
        try:
            records = _records(text, delimiter or "\t", quoted, on_progress)
        except csv.Error as error:
            raise DataError(
                "Quotes cannot enclose cells in this file ({why}). Let quotes be plain signs.", why=error
            ) from None
    return delimiter, quoted, records


def _first_lines(text: str) -> str:
    """Returns the first SAMPLE_LINES whole lines."""
    part = text[:SAMPLE_CHARACTERS]
    lines = part.split("\n")[: SAMPLE_LINES + 1]
    return "\n".join(lines[:-1] if len(part) < len(text) and len(lines) <= SAMPLE_LINES and len(lines) > 1 else lines)


def _find_delimiter(text: str, min_score: float) -> str:
    best, found = min_score, ""
    for delimiter in DELIMITERS:
        _, records = _split_records(text, delimiter)
        if not records:
            continue
        width, regular = Counter(len(cells) for _, cells in records).most_common(1)[0]
        score = regular / len(records) if width > 1 else 0.0
        if score > best + 1e-9:
            best, found = score, delimiter
    return found


def _split_records(text: str, delimiter: str, on_progress: ProgressCallback = lambda share: None) -> tuple[bool, Records]:
    """Returns (whether quotes enclose cells, records). Quotes do if each one opens or closes a cell; else every line is a record."""
    if '"' not in text:
        return True, _records(text, delimiter, False, on_progress)
    quoted: Records | None
    try:
        quoted = _records(text, delimiter, True, lambda share: on_progress(share / 2))
    except csv.Error:
        quoted = None
    if quoted is not None and len(quoted) >= text.count("\n"):
        return True, quoted  # no line break inside quotes, so no record was swallowed
    unquoted = _records(text, delimiter, False, lambda share: on_progress(0.5 + share / 2))
    if quoted is None:
        return False, unquoted
    swallowed = len(unquoted) - len(quoted)
    same_width = len({len(cells) for _, cells in unquoted}) == 1 and len(unquoted[0][1]) > 1
    return (False, unquoted) if swallowed and same_width else (True, quoted)


def _records(text: str, delimiter: str, quoted: bool, on_progress: ProgressCallback) -> Records:
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=quoted,
        skipinitialspace=quoted,
    )
    records, line, read, size = [], 1, 0, max(1, len(text))
    for cells in reader:
        if any(cell.strip() for cell in cells):
            records.append((line, cells))
        line = reader.line_num + 1
        read += sum(map(len, cells)) + len(cells)
        if len(records) % PROGRESS_RECORDS == 0:
            on_progress(read / size)
    return records


def to_frame(records: Records, header: bool, name: str) -> pd.DataFrame:
    """Converts records to rows of equal width, indexed by line. Raises DataError for an empty file and for a record with too many cells."""
    if not records:
        raise DataError("“{name}” is empty. Choose a file with one example per row.", name=name)
    width = Counter(len(cells) for _, cells in records[:SAMPLE_LINES]).most_common(1)[0][0]
    if header:
        names = name_columns(records[0][1])
        width, records = len(names), records[1:]
    else:
        names = [f"column {c + 1}" for c in range(width)]
    if width > MAX_COLUMNS:
        raise DataError(
            "“{name}” has {found} columns; at most {limit} can be read. Keep the columns with texts and labels.",
            name=name,
            found=width,
            limit=MAX_COLUMNS,
        )
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
    rows = [cells if len(cells) == width else (cells + [""] * width)[:width] for _, cells in records]
    return pd.DataFrame(rows, columns=names, index=[line for line, _ in records], dtype=object)


def name_columns(cells: Sequence[object]) -> list[str]:
    """Returns column names from the cells of a header: fills empty ones, numbers duplicates."""
    names = [str(cell or "").strip() or f"column {c + 1}" for c, cell in enumerate(cells)]
    return [name if names.index(name) == c else f"{name} ({c + 1})" for c, name in enumerate(names)]
