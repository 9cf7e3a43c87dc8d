"""Reads Excel workbooks and Parquet, with limits on their unpacked size."""

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pandas as pd

from mlmtune_core.data.readers.delimited import MAX_COLUMNS, name_columns
from mlmtune_core.data.readers.headers import looks_like_header
from mlmtune_core.errors import DataError

MAX_UNPACKED_BYTES = 1024**3
MAX_RATIO = 200
SAMPLE_ROWS = 200


def read_excel(raw: bytes, name: str, header: bool | None) -> tuple[bool, pd.DataFrame]:
    """Reads the first sheet. Returns (whether its first row is a header, rows indexed by row number of the sheet).

    Formulas are not computed: their saved values are read. header: None to detect.
    """
    from openpyxl import load_workbook

    _refuse_bomb(raw, name)
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheets = [list(enumerate(sheet.iter_rows(values_only=True), start=1)) for sheet in book.worksheets[:1]]
    except Exception as error:  # openpyxl raises many types for broken files
        raise DataError(
            "“{name}” cannot be opened as an Excel workbook ({why}). Save it again, or as CSV.",
            name=name,
            why=f"{type(error).__name__}: {error}"[:200],
        ) from None
    rows = [(number, cells) for number, cells in (sheets[0] if sheets else []) if any(cell not in (None, "") for cell in cells)]  # fmt: skip
    if not rows:
        raise DataError("“{name}”: the first sheet is empty. Put the data there, one example per row.", name=name)
    width = max(len(cells) for _, cells in rows)
    _refuse_width(width, name)
    cells = [[_to_text(cell) for cell in (*cells, *[None] * (width - len(cells)))] for _, cells in rows]
    if header is None:
        header = looks_like_header(cells[:SAMPLE_ROWS])
    names = name_columns(cells[0]) if header else [f"column {c + 1}" for c in range(width)]
    if header and len(cells) == 1:
        raise DataError("“{name}” holds a header but no rows. Add one example per row.", name=name)
    first = int(header)
    return header, pd.DataFrame(cells[first:], columns=names, index=[n for n, _ in rows[first:]], dtype=object)


def read_parquet(raw: bytes, name: str) -> pd.DataFrame:
    """Reads all rows, indexed from 1. Lists and records become lists and dicts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(raw))
        names = file.schema_arrow.names
        _refuse_width(len(names), name)
        if file.metadata.num_rows > MAX_UNPACKED_BYTES // 8:
            raise DataError("“{name}” unpacks to more than {limit} MB. Keep a part of the rows.", name=name, limit=MAX_UNPACKED_BYTES // 2**20)  # fmt: skip
        texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]  # fmt: skip
        table = pq.read_table(io.BytesIO(raw), read_dictionary=texts)
        if _unpacked_bytes(table) > MAX_UNPACKED_BYTES:
            raise DataError("“{name}” unpacks to more than {limit} MB. Keep a part of the rows.", name=name, limit=MAX_UNPACKED_BYTES // 2**20)  # fmt: skip
        columns = {column: table[column].to_pylist() for column in names}
    except DataError:
        raise
    except Exception as error:  # pyarrow raises many types for broken files
        raise DataError(
            "“{name}” cannot be opened as Parquet ({why}). Save it again, or as CSV.",
            name=name,
            why=f"{type(error).__name__}: {error}"[:200],
        ) from None
    if not names or not table.num_rows:
        raise DataError("“{name}” holds no rows. Add one example per row.", name=name)
    index = range(1, table.num_rows + 1)
    return pd.DataFrame({column.strip(): values for column, values in columns.items()}, index=list(index), dtype=object)  # fmt: skip


def _unpacked_bytes(table: Any) -> int:
    """Returns the bytes of all cells as separate texts: a dictionary entry that is used a million times counts a million times."""
    import pyarrow as pa
    import pyarrow.compute as pc

    total = 0
    for column in table.columns:
        for chunk in column.chunks:
            if pa.types.is_dictionary(chunk.type):
                lengths = pc.binary_length(chunk.dictionary)
                total += pc.sum(pc.take(pc.cast(lengths, pa.int64()), chunk.indices)).as_py() or 0
            else:
                total += chunk.nbytes
    return total


def _refuse_bomb(raw: bytes, name: str) -> None:
    """Raises DataError for a ZIP bomb, before anything is unpacked."""
    try:
        sizes = [(part.file_size, part.compress_size) for part in zipfile.ZipFile(io.BytesIO(raw)).infolist()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DataError(
            "“{name}” cannot be opened as an Excel workbook ({why}). Save it again, or as CSV.", name=name, why=error
        ) from None
    whole = sum(size for size, _ in sizes)
    if whole > MAX_UNPACKED_BYTES or (whole > 50 * 2**20 and whole > MAX_RATIO * max(1, len(raw))):
        raise DataError("“{name}” unpacks to more than {limit} MB. Keep a part of the rows.", name=name, limit=whole // 2**20)  # fmt: skip


def _refuse_width(width: int, name: str) -> None:
    if width > MAX_COLUMNS:
        raise DataError(
            "“{name}” has {found} columns; at most {limit} can be read. Keep the columns with texts and labels.",
            name=name,
            found=width,
            limit=MAX_COLUMNS,
        )


def _to_text(cell: Any) -> str:
    """Returns a cell as shown in the sheet: 3.0 becomes 3, a date 2024-05-01, None an empty text."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
