"""Reads any known file into a Table; format, encoding, delimiter, quoting, header are detected unless given."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mlmtune_core.data.readers.delimited import SAMPLE_LINES, ProgressCallback, read_delimited, to_frame
from mlmtune_core.data.readers.documents import read_json, read_json_lines
from mlmtune_core.data.readers.headers import looks_like_header
from mlmtune_core.data.readers.tagged import looks_like_conllu, looks_tagged, read_conll, read_conllu
from mlmtune_core.data.readers.workbooks import read_excel, read_parquet
from mlmtune_core.errors import DataError

MAX_BYTES = 200 * 1024 * 1024
KIND_OF_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".conll": "conll",
    ".bio": "conll",
    ".iob": "conll",
    ".conllu": "conllu",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".parquet": "parquet",
}
UNSUPPORTED_FILES = {".xls": "Excel 97", ".ods": "OpenDocument", ".pdf": "PDF", ".docx": "Word", ".zip": "ZIP"}
CONTROL_BYTES = bytes(sorted({*range(32)} - set(b"\t\n\r\x0b\x0c\x1b")))
ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


@dataclass(frozen=True)
class ReadOptions:
    """How the user wants a file to be read; None: detect."""

    encoding: str | None = None
    delimiter: str | None = None
    quoted: bool | None = None
    header: bool | None = None


@dataclass(frozen=True)
class Format:
    """How a file was read. kind: table, jsonl, json, squad, conll, conllu, excel or parquet; other fields only where they apply.

    remark: a message of the catalogue with its values, shown to the user.
    """

    kind: str
    encoding: str = ""
    delimiter: str = ""
    quoted: bool = True
    header: bool = True
    remark: tuple[str, dict[str, int]] | None = None


@dataclass(frozen=True)
class Table:
    """The content of a file. rows: one row per record; the index is its line, row or record number in the file."""

    name: str
    format: Format
    rows: pd.DataFrame = field(repr=False)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the order of the file."""
        return list(self.rows.columns)


def read_file(path: Path, options: ReadOptions | None = None) -> Table:
    """Reads a file on disk. Raises DataError if there is none, or as read_table does."""
    if not path.is_file():
        raise DataError("There is no file “{name}”.", name=path)
    return read_table(path.read_bytes(), path.name, options)


def read_table(raw: bytes, name: str, options: ReadOptions | None = None, on_progress: ProgressCallback = lambda share: None) -> Table:
    """Reads the bytes of a file. Raises DataError that says where the fault is and what to do.

    on_progress: called with the share that has been read.
    """
    options = options or ReadOptions()
    check_size_and_kind(raw, name)
    kind = KIND_OF_SUFFIX.get(Path(name).suffix.lower())
    if kind == "excel" or raw[:4] == b"PK\x03\x04":
        header, rows = read_excel(raw, name, options.header)
        return Table(name, Format("excel", header=header), rows)
    if kind == "parquet" or raw[:4] == b"PAR1":
        return Table(name, Format("parquet"), read_parquet(raw, name))
    text, encoding = _to_text(raw, name, options.encoding)
    if not text.strip():
        raise DataError("“{name}” is empty. Choose a file with one example per row.", name=name)
    return _read_text(text, name, kind or _find_kind(text), encoding, options, on_progress)


def _read_text(text: str, name: str, kind: str, encoding: str, options: ReadOptions, on_progress: ProgressCallback) -> Table:
    if kind == "json":
        kind, rows = read_json(text, name)
        return Table(name, Format(kind, encoding), rows)
    if kind == "jsonl":
        return Table(name, Format("jsonl", encoding), read_json_lines(text, name))
    if kind == "conllu":
        rows, remark = read_conllu(text, name)
        return Table(name, Format("conllu", encoding, remark=remark if remark[1]["count"] else None), rows)
    if kind == "conll":
        return Table(name, Format("conll", encoding, header=False), read_conll(text, name))
    delimiter, quoted, records = read_delimited(text, options.delimiter, options.quoted, on_progress, name.endswith(".txt"))
    header = options.header
    if header is None:
        header = looks_like_header([cells for _, cells in records[:SAMPLE_LINES]])
    file_format = Format("table", encoding, delimiter, quoted, header)
    return Table(name, file_format, to_frame(records, header, name))


def check_size_and_kind(raw: bytes, name: str) -> None:
    """Raises DataError for a file that is too large, empty, or of an unsupported kind."""
    if len(raw) > MAX_BYTES:
        raise DataError(
            "“{name}” has {found} MB; at most {limit} MB can be read. Keep a part of the rows.",
            name=name,
            found=round(len(raw) / 2**20),
            limit=MAX_BYTES // 2**20,
        )
    if not raw.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise DataError("“{name}” is empty. Choose a file with one example per row.", name=name)
    unsupported = UNSUPPORTED_FILES.get(Path(name).suffix.lower())
    if unsupported:
        raise DataError(
            "“{name}” is a {kind} file, which cannot be read. Save it as CSV, XLSX, JSON, Parquet or CoNLL columns.",
            name=name,
            kind=unsupported,
        )


def _to_text(raw: bytes, name: str, given: str | None) -> tuple[str, str]:
    """Returns (text without byte-order marks and NUL, name of the encoding). given: the encoding, or None to detect it."""
    if given is not None and given in ENCODINGS:
        return raw.decode(given, errors="replace").replace("\ufeff", "").replace("\0", ""), ENCODINGS[given]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace").replace("\ufeff", "").replace("\0", ""), "UTF-16"
    head = raw[:4096]
    if len(head.translate(None, CONTROL_BYTES)) < 0.93 * len(head):
        raise DataError("“{name}” is no text file. Save the data as CSV, XLSX, JSON, Parquet or CoNLL columns.", name=name)  # fmt: skip
    try:
        return raw.decode("utf-8").replace("\ufeff", "").replace("\0", ""), "UTF-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace").replace("\0", ""), "Windows-1252"


def _find_kind(text: str) -> str:
    lines = text[:400_000].split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    filled = [line for line in lines if line.strip()]
    first = filled[0].strip() if filled else ""
    if first.startswith("["):
        return "json" if first == "[" or first[1:].lstrip()[:1] in ("{", "") or text.rstrip().endswith("]") else "table"
    if first.startswith("{"):
        one_per_line = len(filled) > 1 and all(line.strip()[:1] == "{" and line.strip()[-1:] == "}" for line in filled[:5])
        return "jsonl" if one_per_line else "json"
    if looks_like_conllu(lines):
        return "conllu"
    return "conll" if looks_tagged(lines) else "table"
