"""Reads words with tags, one word per line: CoNLL columns and CoNLL-U."""

import re
from collections.abc import Sequence

import pandas as pd

from mlmtune_core.errors import DataError
from mlmtune_core.language import mark

SAMPLE_LINES = 200
TAG = re.compile(r"O|[BIESLUM]-\S+")
CONLLU_ID = re.compile(r"\d+([-.]\d+)?")
CONLLU_COLUMNS = ("form", "lemma", "upos", "xpos", "feats", "head", "deprel")


def looks_tagged(lines: Sequence[str]) -> bool:
    """True for 2 to 4 columns of single words, if one holds tags or empty lines separate blocks of three or more lines."""
    filled = [line.split("\t") if "\t" in line.strip() else line.split() for line in lines if line.strip()]
    filled = [[cell.strip() for cell in cells] for cells in filled if not cells[0].startswith("-DOCSTART-")]
    width = max((len(cells) for cells in filled), default=0)
    if len(filled) < 2 or not 2 <= width <= 4:
        return False
    single = [cells for cells in filled if len(cells) == width and not any(" " in cell for cell in cells)]
    if len(single) < 0.9 * len(filled):
        return False
    if any(sum(bool(TAG.fullmatch(cells[c])) for cells in single) >= 0.9 * len(single) for c in range(width)):
        return True
    blocks = re.split(r"\n[ \t]*\n", "\n".join(lines).strip())
    return len(blocks) > 1 and len(filled) >= 3 * len(blocks)


def looks_like_conllu(lines: Sequence[str]) -> bool:
    """True for ten tab-separated columns, the first one with word numbers."""
    filled = [line.split("\t") for line in lines if line.strip() and not line.startswith("#")]
    return bool(filled) and all(len(cells) == 10 and CONLLU_ID.fullmatch(cells[0]) for cells in filled[:20])


def read_conll(text: str, name: str) -> pd.DataFrame:
    """Returns one row per sentence, indexed by the line of its first word; columns “column 1”, “column 2”, ... hold lists."""
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
    if width > 50:
        raise DataError(
            "“{name}”, a line has {found} columns; CoNLL columns are 2 to 50: one word and its tags on each line.",
            name=name,
            found=width,
        )
    rows = [
        [[cells[c] for cells in words if c < len(cells) and cells[c]] for c in range(width)] for _, words in sentences
    ]
    return pd.DataFrame(
        rows, columns=[f"column {c + 1}" for c in range(width)], index=[at for at, _ in sentences], dtype=object
    )


def read_conllu(text: str, name: str) -> tuple[pd.DataFrame, tuple[str, dict[str, int]]]:
    """Returns (one row per sentence, a remark with the count of multiword tokens such as `das` = `de` + `as`).

    Skips the lines of multiword tokens (id 4-5) and empty nodes (id 5.1): tags belong to the syntactic words.
    """
    sentences: list[tuple[int, list[list[str]]]] = []
    current: list[list[str]] = []
    multiword, start = 0, 1
    for number, line in enumerate(text.split("\n") + [""], start=1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip():
            if current:
                sentences.append((start, current))
            current = []
        elif line.startswith("#"):
            continue
        elif len(cells) != 10 or not CONLLU_ID.fullmatch(cells[0]):
            raise DataError(
                "“{name}”, line {line}: expected 10 columns by tabs, the first a number, as CoNLL-U has them; found {found}.",
                name=name,
                line=number,
                found=len(cells),
            )
        elif cells[0].isdigit():
            start = number if not current else start
            current.append(cells)
        else:
            multiword += "-" in cells[0]
    if not sentences:
        raise DataError("“{name}” holds no sentence. Add one word a line, with an empty line after each sentence.", name=name)  # fmt: skip
    rows = [[[cells[c + 1] or "_" for cells in words] for c in range(len(CONLLU_COLUMNS))] for _, words in sentences]
    frame = pd.DataFrame(rows, columns=list(CONLLU_COLUMNS), index=[at for at, _ in sentences], dtype=object)
    remark = mark("Multiword tokens such as “das” = “de” + “as”: {count}. They are read as the words within.")
    return frame, (remark, {"count": multiword})
