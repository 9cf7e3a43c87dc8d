"""A file as people have it -> a Table: format, delimiter, quoting, encoding and header found by looking, or as told."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from mlmtune_core.data.readers.delimited import SAMPLE_LINES, Tell, read_delimited, to_frame
from mlmtune_core.data.readers.documents import read_json, read_json_lines
from mlmtune_core.data.readers.headers import looks_like_header
from mlmtune_core.data.readers.tagged import looks_like_conllu, looks_tagged, read_conll, read_conllu
from mlmtune_core.data.readers.workbooks import read_excel, read_parquet
from mlmtune_core.errors import DataError

MAX_BYTES = 200 * 1024 * 1024
ENDINGS = {
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
FOREIGN = {".xls": "Excel 97", ".ods": "OpenDocument", ".pdf": "PDF", ".docx": "Word", ".zip": "ZIP"}
CONTROL_BYTES = bytes(sorted({*range(32)} - set(b"\t\n\r\x0b\x0c\x1b")))
ENCODINGS = {"utf-8": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252", "latin-1": "Latin-1"}


@dataclass(frozen=True)
class Telling:
    """What a person says about a file; None: find out by looking."""

    encoding: str | None = None
    delimiter: str | None = None
    quoted: bool | None = None
    header: bool | None = None


@dataclass(frozen=True)
class Format:
    """How a file was read. kind: table, jsonl, json, squad, conll, conllu, excel, parquet; the rest as far as it applies.

    `remark`: a message of the catalogue and its values, on something that is good to know.
    """

    kind: str
    encoding: str = ""
    delimiter: str = ""
    quoted: bool = True
    header: bool = True
    remark: tuple[str, dict[str, int]] | None = None


@dataclass(frozen=True)
class Table:
    """What stood in the file: one line of `rows` per record; its index is the line, row or record number in the file."""

    name: str
    format: Format
    rows: pd.DataFrame = field(repr=False)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the file's order."""
        return list(self.rows.columns)


def read_file(path: Path, telling: Telling | None = None) -> Table:
    """A file on disk -> Table. Raises DataError."""
    if not path.is_file():
        raise DataError("There is no file “{name}”.", name=path)
    return read_table(path.read_bytes(), path.name, telling)


def read_table(raw: bytes, name: str, telling: Telling | None = None, tell: Tell = lambda share: None) -> Table:
    """The bytes of a file -> Table; `tell` hears the share that is read. Raises DataError with where and what to do."""
    telling = telling or Telling()
    refuse_size_and_kind(raw, name)
    kind = ENDINGS.get(Path(name).suffix.lower())
    if kind == "excel" or raw[:4] == b"PK\x03\x04":
        header, rows = read_excel(raw, name, telling.header)
        return Table(name, Format("excel", header=header), rows)
    if kind == "parquet" or raw[:4] == b"PAR1":
        return Table(name, Format("parquet"), read_parquet(raw, name))
    text, encoding = _to_text(raw, name, telling.encoding)
    if not text.strip():
        raise DataError("“{name}” is empty. Choose a file with one example per row.", name=name)
    return _read_text(text, name, kind or _find_kind(text), encoding, telling, tell)


def _read_text(text: str, name: str, kind: str, encoding: str, telling: Telling, tell: Tell) -> Table:
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
    delimiter, quoted, records = read_delimited(text, telling.delimiter, telling.quoted, tell, name.endswith(".txt"))
    header = telling.header
    if header is None:
        header = looks_like_header([cells for _, cells in records[:SAMPLE_LINES]])
    form = Format("table", encoding, delimiter, quoted, header)
    return Table(name, form, to_frame(records, header, name))


def refuse_size_and_kind(raw: bytes, name: str) -> None:
    """Raises DataError for what is too large, empty, or of a kind that cannot be read."""
    if len(raw) > MAX_BYTES:
        raise DataError(
            "“{name}” has {found} MB; at most {limit} MB can be read. Keep a part of the rows.",
            name=name,
            found=round(len(raw) / 2**20),
            limit=MAX_BYTES // 2**20,
        )
    if not raw.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise DataError("“{name}” is empty. Choose a file with one example per row.", name=name)
    foreign = FOREIGN.get(Path(name).suffix.lower())
    if foreign:
        raise DataError(
            "“{name}” is a {kind} file, which cannot be read. Save it as CSV, XLSX, JSON, Parquet or CoNLL columns.",
            name=name,
            kind=foreign,
        )


def _to_text(raw: bytes, name: str, told: str | None) -> tuple[str, str]:
    """(text without byte-order marks and NUL, name of the encoding found or told)."""
    if told is not None and told in ENCODINGS:
        return raw.decode(told, errors="replace").replace("\ufeff", "").replace("\0", ""), ENCODINGS[told]
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace").replace("\ufeff", "").replace("\0", ""), "UTF-16"
    beginning = raw[:4096]
    if len(beginning.translate(None, CONTROL_BYTES)) < 0.93 * len(beginning):
        raise DataError("“{name}” is no text file. Save the data as CSV, XLSX, JSON, Parquet or CoNLL columns.", name=name)  # fmt: skip
    try:
        return raw.decode("utf-8").replace("\ufeff", "").replace("\0", ""), "UTF-8"
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace").replace("\0", ""), "Windows-1252"


def _find_kind(text: str) -> str:
    lines = text[:400_000].split("\n", SAMPLE_LINES)[:SAMPLE_LINES]
    written = [line for line in lines if line.strip()]
    first = written[0].strip() if written else ""
    if first.startswith("["):
        return "json" if first == "[" or first[1:].lstrip()[:1] in ("{", "") or text.rstrip().endswith("]") else "table"
    if first.startswith("{"):
        each = len(written) > 1 and all(line.strip()[:1] == "{" and line.strip()[-1:] == "}" for line in written[:5])
        return "jsonl" if each else "json"
    if looks_like_conllu(lines):
        return "conllu"
    return "conll" if looks_tagged(lines) else "table"
