"""A file as people have it -> a Table: delimiter, quoting, encoding and header found by looking."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mlmtune_core.data.columns import looks_like_header
from mlmtune_core.data.delimited import SAMPLE_LINES, read_delimited, to_frame
from mlmtune_core.errors import DataError

MAX_BYTES = 50 * 1024 * 1024
ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".conll": "conll", ".bio": "conll", ".iob": "conll"}
FOREIGN = {".xlsx": "Excel", ".xls": "Excel", ".parquet": "Parquet", ".pdf": "PDF", ".docx": "Word", ".zip": "ZIP"}


@dataclass(frozen=True)
class Format:
    """How a file was read: kind (table, jsonl, conll), and for tables delimiter, whether quotes quote, and a header."""

    kind: str
    encoding: str
    delimiter: str = ""
    quoted: bool = True
    header: bool = True


@dataclass(frozen=True)
class Table:
    """What stood in the file: one line of `rows` per record; its index is the line number in the file."""

    name: str
    format: Format
    rows: pd.DataFrame = field(repr=False)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the file's order."""
        return list(self.rows.columns)


def read_file(path: Path) -> Table:
    """A file on disk -> Table. Raises DataError."""
    if not path.is_file():
        raise DataError("There is no file “{name}”.", name=path)
    return read_table(path.read_bytes(), path.name)


def read_table(raw: bytes, name: str, header: bool | None = None) -> Table:
    """The bytes of a file -> Table; `header` overrules what was found. Raises DataError with where and what to do."""
    _refuse_size_and_kind(raw, name)
    text, encoding = _to_text(raw, name)
    kind = ENDINGS.get(Path(name).suffix.lower()) or _find_kind(text)
    if kind == "jsonl":
        return Table(name, Format("jsonl", encoding), _read_json_lines(text, name))
    if kind == "conll":
        return Table(name, Format("conll", encoding, header=False), _read_conll(text, name))
    delimiter, quoted, records = read_delimited(text)
    if header is None:
        header = looks_like_header([cells for _, cells in records[:SAMPLE_LINES]])
    form = Format("table", encoding, delimiter, quoted, header)
    return Table(name, form, to_frame(records, header, name))


def _refuse_size_and_kind(raw: bytes, name: str) -> None:
    if len(raw) > MAX_BYTES:
        raise DataError(
            "“{name}” has {found} MB; at most {limit} MB can be read. Keep a part of the rows.",
            name=name,
            found=round(len(raw) / 2**20),
            limit=MAX_BYTES // 2**20,
        )
    if not raw.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise DataError("“{name}” is empty. Choose a file with one example per row.", name=name)
    foreign = FOREIGN.get(Path(name).suffix.lower()) or ("ZIP" if raw[:4] == b"PK\x03\x04" else None)
    if foreign:
        raise DataError(
            "“{name}” is a {kind} file, which cannot be read yet. Save it as CSV, TSV, JSON Lines or CoNLL columns.",
            name=name,
            kind=foreign,
        )


def _to_text(raw: bytes, name: str) -> tuple[str, str]:
    """(text without byte-order marks, name of the encoding found)."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace").replace("\ufeff", ""), "UTF-16"
    if b"\0" in raw[:4096]:
        raise DataError("“{name}” is no text file. Save the data as CSV, TSV, JSON Lines or CoNLL columns.", name=name)
    try:
        return raw.decode("utf-8").replace("\ufeff", ""), "UTF-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), "Windows-1252"


def _find_kind(text: str) -> str:
    lines = [line for line in text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES]]
    written = [line for line in lines if line.strip()]
    if written[0].lstrip().startswith("{"):
        return "jsonl"
    tagged = sum(bool(re.fullmatch(r"\S+(?:[ \t]\S+){0,2}[ \t](?:O|[BIESLU]-\S+)\s*", line)) for line in written)
    return "conll" if len(written) > 1 and tagged >= 0.9 * len(written) else "table"


def _read_json_lines(text: str, name: str) -> pd.DataFrame:
    records, numbers = [], []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise DataError(
                "“{name}”, line {line}: this is not JSON ({why}). Each line must hold one object such as {example}.",
                name=name,
                line=number,
                why=error,
                example='{"text": "…", "label": "…"}',
            ) from error
        if not isinstance(record, dict):
            raise DataError(
                "“{name}”, line {line}: expected an object with names and values, found {found}.",
                name=name,
                line=number,
                found=type(record).__name__,
            )
        records.append({str(key).strip(): value for key, value in record.items()})
        numbers.append(number)
    return pd.DataFrame(records, index=numbers, dtype=object)


def _read_conll(text: str, name: str) -> pd.DataFrame:
    """One sentence a row; its index is the line of its first word; columns “column 1” (words), “column 2”..."""
    sentences: list[tuple[int, list[list[str]]]] = []
    current: list[list[str]] = []
    width, start = 0, 1
    tabs = any("\t" in line.strip() for line in text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES])
    for number, line in enumerate(text.split("\n") + [""], start=1):
        cells = [cell.strip() for cell in (line.rstrip("\r").split("\t") if tabs else line.split())]
        if not any(cells) or cells[0].startswith("-DOCSTART-"):
            if current:
                sentences.append((start, current))
            current = []
            continue
        start = number if not current else start
        current.append(cells)
        width = max(width, len(cells))
    if width < 2:
        raise DataError(
            "“{name}”: expected a word and its tag on every line, found one column. Separate them by a tab.", name=name
        )
    rows = [
        [[cells[c] for cells in words if c < len(cells) and cells[c]] for c in range(width)] for _, words in sentences
    ]
    return pd.DataFrame(
        rows, columns=[f"column {c + 1}" for c in range(width)], index=[at for at, _ in sentences], dtype=object
    )
