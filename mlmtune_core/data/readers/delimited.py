"""Tables of cells: which delimiter, whether quotes quote, rows of equal width."""

import csv
import io
from collections import Counter
from collections.abc import Callable

import pandas as pd

from mlmtune_core.errors import DataError

DELIMITERS = ("\t", ",", ";", "|")
SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 400_000
MAX_CELL = 2**31 - 1
MAX_COLUMNS = 500
PROGRESS_RECORDS = 20_000
REGULAR = 0.75  # of the lines of a .txt file; where fewer have equally many cells, its commas are those of sentences

Records = list[tuple[int, list[str]]]
Tell = Callable[[float], None]


def read_delimited(
    text: str, delimiter: str | None = None, quoted: bool | None = None, tell: Tell = lambda share: None, plain: bool = False
) -> tuple[str, bool, Records]:
    """(delimiter, whether quotes quote, [(line, cells)]); what is not told is found by looking.

    The delimiter is the one by which most records of the beginning have equally many cells; in `plain` text, three of four must.
    """
    if delimiter is None:
        delimiter = _find_delimiter(_beginning(text), REGULAR if plain else 0.0)
    if quoted is None:
        quoted, records = _split_records(text, delimiter or "\t", tell)
    else:
        try:
            records = _records(text, delimiter or "\t", quoted, tell)
        except csv.Error as error:
            raise DataError(
                "Quotes cannot enclose cells in this file ({why}). Let quotes be plain signs.", why=error
            ) from None
    return delimiter, quoted, records


def _beginning(text: str) -> str:
    """Whole lines from the start, enough to look at."""
    part = text[:SAMPLE_CHARACTERS]
    lines = part.split("\n")[: SAMPLE_LINES + 1]
    return "\n".join(lines[:-1] if len(part) < len(text) and len(lines) <= SAMPLE_LINES and len(lines) > 1 else lines)


def _find_delimiter(beginning: str, least: float) -> str:
    best, found = least, ""
    for delimiter in DELIMITERS:
        _, records = _split_records(beginning, delimiter)
        if not records:
            continue
        width, regular = Counter(len(cells) for _, cells in records).most_common(1)[0]
        score = regular / len(records) if width > 1 else 0.0
        if score > best + 1e-9:
            best, found = score, delimiter
    return found


def _split_records(text: str, delimiter: str, tell: Tell = lambda share: None) -> tuple[bool, Records]:
    """Quotes quote when every one of them opens or closes a whole cell; a file with loose quotes is split at every line."""
    if '"' not in text:
        return True, _records(text, delimiter, False, tell)
    try:
        quoted = _records(text, delimiter, True, lambda share: tell(share / 2))
    except csv.Error:
        quoted = None
    if quoted is not None and len(quoted) >= text.count("\n"):
        return True, quoted  # no line break stands inside quotes: nothing could be swallowed
    plain = _records(text, delimiter, False, lambda share: tell(0.5 + share / 2))
    if quoted is None:
        return False, plain
    swallowed = len(plain) - len(quoted)
    same_width = len({len(cells) for _, cells in plain}) == 1 and len(plain[0][1]) > 1
    return (False, plain) if swallowed and same_width else (True, quoted)


def _records(text: str, delimiter: str, quoted: bool, tell: Tell) -> Records:
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
            tell(read / size)
    return records


def to_frame(records: Records, header: bool, name: str) -> pd.DataFrame:
    """Records -> rows of equal width; their index is the line. Raises DataError where a record holds more cells than the others."""
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


def name_columns(cells: list[object]) -> list[str]:
    """Column names from the cells of a header: none empty, none twice."""
    names = [str(cell or "").strip() or f"column {c + 1}" for c, cell in enumerate(cells)]
    return [known if names.index(known) == c else f"{known} ({c + 1})" for c, known in enumerate(names)]
