"""A file, uploaded or on disk, becomes checked examples: read, edited, mapped to columns, checked, sampled."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data import checking
from mlmtune_core.data.columns import choose, guess, guess_task
from mlmtune_core.data.edits import apply_edits
from mlmtune_core.data.readers.cells import disarm, shorten
from mlmtune_core.data.readers.table import Format, Table, Telling, read_file, read_table
from mlmtune_core.data.report import Problem, Report, find_fingerprint, in_order
from mlmtune_core.data.splitting import sample_examples, split_examples
from mlmtune_core.data.uploads import find_edits_of, find_reading, open_data, say_progress
from mlmtune_core.errors import DataError, UserError
from mlmtune_core.language import visible

EXAMPLES_KEPT = 20_000
ROWS_SHOWN = 1000
ROWS_NAMED = 1000
READING_SHARE = 0.7


@dataclass(frozen=True)
class Prepared:
    """A file as it is to be used; light enough to travel between processes.

    `head`: the first rows of the file; `guessed`: role -> column before anyone overruled it; `why`: the reason of the
    guessed task; `report`: at most 20,000 examples (`sound` is how many there were), and problems with their first
    rows; `at_fault`: kind of problem -> the first rows concerned; `error`: why there is no report.
    """

    name: str
    format: Format
    head: pd.DataFrame = field(repr=False)
    rows_read: int
    task: str
    guessed_task: str
    why: str
    guessed: dict[str, str]
    columns: dict[str, str]
    edits: int
    sound: int
    report: Report | None = field(repr=False)
    at_fault: dict[str, pd.DataFrame] = field(repr=False, default_factory=dict)
    error: UserError | None = None


def prepare(data_id: str) -> Prepared:
    """The data of an id, as its reading and edits are remembered (see data_store). Raises DataError for an unreadable file."""
    reading, batches = find_reading(data_id), find_edits_of(data_id)
    table = _read(data_id, _telling(reading))
    rows = apply_edits(table.rows, batches)
    guessed_task, why = guess_task(rows) if len(rows) else ("sequence_classification", "")
    task = reading.get("task") or guessed_task
    guessed = guess(rows, task) if len(rows) else {}
    told = {role: column for role, column in (reading.get("columns") or {}).items() if not column or column in rows}
    known = {
        "name": table.name,
        "format": table.format,
        "head": rows.head(ROWS_SHOWN).map(shorten),
        "rows_read": len(table.rows),
        "task": task,
        "guessed_task": guessed_task,
        "why": why,
        "guessed": guessed,
        "columns": guessed | told,
        "edits": len(batches),
    }
    try:
        whole = _check_all(rows, task, told, reading)
    except UserError as error:
        return Prepared(**known, sound=0, report=None, error=error)
    say_progress(data_id, 1.0)
    limit = int(reading.get("limit") or EXAMPLES_KEPT)
    kept = sample_examples(whole.examples, limit, seed=0).reset_index(drop=True)
    at_fault = {problem.kind: _fault_rows(whole, problem).head(ROWS_SHOWN).map(shorten) for problem in whole.problems}
    report = replace(whole, examples=kept, dropped=whole.dropped.head(0), problems=tuple(problem.shorten(ROWS_NAMED) for problem in whole.problems))  # fmt: skip
    return Prepared(**known | {"columns": whole.columns}, sound=len(whole.examples), report=report, at_fault=at_fault)


def write_rows_at_fault(data_id: str, kind: str) -> bytes:
    """All rows of one kind of problem as CSV (UTF-8 with mark, safe to open in a spreadsheet)."""
    reading = find_reading(data_id)
    rows = apply_edits(_read(data_id, _telling(reading)).rows, find_edits_of(data_id))
    task = reading.get("task") or guess_task(rows)[0]
    whole = _check_all(rows, task, reading.get("columns") or {}, reading)
    found = [_fault_rows(whole, problem) for problem in whole.problems if problem.kind == kind]
    frame = found[0] if found else whole.examples.head(0)
    return frame.map(_safe).to_csv(index=False).encode("utf-8-sig")


def count_rows(data_id: str) -> int:
    """How many rows a new upload holds. Raises DataError where it cannot be read."""
    return len(_read(data_id, Telling()).rows)


def warm() -> None:
    """Pays for imports and the language identifier before the first upload."""
    rows = read_table(b"text,label\n" + b"a line of plain English for the language to be told,x\n" * 12, "a.csv").rows
    checking.check(rows, "sequence_classification", {"text": "text", "label": "label"})


@dataclass(frozen=True)
class Examples:
    """The sound rows of a file, split: what a run trains on and is measured with.

    frame: a row per example, with the columns of its task, `row` (its place in the file) and `split` (train, validation, test).
    columns: role -> column of the file.
    """

    task: str
    frame: pd.DataFrame = field(repr=False)
    columns: dict[str, str]
    name: str

    def describe(self) -> dict[str, Any]:
        """What a run remembers of the file: its name, a fingerprint of the examples, and the columns."""
        return {"name": visible(self.name), "fingerprint": find_fingerprint(self.frame), "columns": self.columns}


def read_examples(
    file: Path | str,
    task: str | None = None,
    columns: Mapping[str, str | None] | None = None,
    *,
    validation: Path | str | None = None,
    test: Path | str | None = None,
    limit: int | None = None,
    validation_share: float = RunConfig.model_fields["validation_share"].default,
    seed: int = RunConfig.model_fields["seed"].default,
) -> Examples:
    """Reads, checks and splits a file of any known format.

    `task` and `columns` (role -> column) are guessed where they are not given. `validation` and `test` are files of their own for
    these splits; without them, the file's own `split` column counts, or `validation_share` of the examples are set aside.
    At most `limit` examples of `file` are taken, each label in proportion. Raises DataError if there is nothing to train on.
    """
    task = task or guess_file_task(file)
    report = checking.require_sound(check_file(file, task, columns))
    examples = sample_examples(report.examples, limit, seed) if limit else report.examples
    others = {split: path for split, path in (("validation", validation), ("test", test)) if path}
    if others:
        examples = examples.assign(split="train")
    for split, path in others.items():
        other = checking.require_sound(check_file(path, task, columns))
        examples = pd.concat([examples, other.examples.assign(split=split)], ignore_index=True)
    return Examples(task, split_examples(examples, validation_share, seed), report.columns, Path(file).name)


def check_file(file: Path | str, task: str | None = None, columns: Mapping[str, str | None] | None = None) -> Report:
    """Reads and checks a file; its problems are in the report. Raises DataError if it cannot be read, ConfigError for an unknown task."""
    rows = read_file(Path(file)).rows
    task = validate({"task": task}).task if task else guess_task(rows)[0]
    return checking.check(rows, task, choose(rows, task, dict(columns or {})))


def guess_file_task(file: Path | str) -> str:
    """Returns the task that the columns of a file suggest. Raises DataError if it cannot be read."""
    return guess_task(read_file(Path(file)).rows)[0]


def _check_all(rows: pd.DataFrame, task: str, told: dict[str, Any], reading: dict[str, Any]) -> Report:
    """The file's own rows, and those of the files to measure with, each side with its name in `split`."""
    chosen = choose(rows, task, told) if len(rows) else {}
    if not chosen:
        raise DataError("No row is left. Undo the last change, or upload the file again.")
    report = checking.check(rows, task, chosen, reading.get("several"))
    others = {side: reading[side] for side in ("validation", "test") if reading.get(side)}
    if not others:
        return report
    examples, problems, dropped = [_with_split(report.examples, "train", others)], list(report.problems), [report.dropped]  # fmt: skip
    for side, data_id in others.items():
        other = _check_other(data_id, task, chosen, reading)
        examples.append(other.examples.drop(columns="split", errors="ignore").assign(split=side))
        dropped.append(other.dropped)
        problems += [replace(problem, kind=f"{side}_{problem.kind}") for problem in other.problems if problem.kind not in ("one_class", "one_score")]  # fmt: skip
    whole = pd.concat(examples, ignore_index=True)
    problems.append(checking.shared_problem(whole))
    return replace(report, examples=whole, problems=in_order(problems), dropped=pd.concat(dropped))


def _check_other(data_id: str, task: str, chosen: dict[str, str], reading: dict[str, Any]) -> Report:
    rows = apply_edits(_read(data_id, _telling(reading)).rows, find_edits_of(data_id))
    told = {role: column for role, column in chosen.items() if column in rows.columns}
    return checking.check(rows, task, choose(rows, task, told), reading.get("several"))


def _with_split(examples: pd.DataFrame, side: str, others: dict[str, str]) -> pd.DataFrame:
    """A split column of the first file counts where no file of its own replaces a side."""
    if "split" not in examples:
        return examples.assign(split=side)
    return examples[~examples["split"].isin(list(others))]


def _fault_rows(report: Report, problem: Problem) -> pd.DataFrame:
    side = problem.kind.partition("_")[0]
    frame = report.rows_at_fault(problem)
    if side in ("validation", "test") and "split" in frame:
        return frame[frame["split"].isin([side]) | frame["split"].isna()]
    return frame


def _telling(reading: dict[str, Any]) -> Telling:
    names = {each.name for each in fields(Telling)}
    return Telling(**{name: value for name, value in reading.items() if name in names})


@lru_cache(maxsize=2)
def _read(data_id: str, telling: Telling) -> Table:
    name, raw = open_data(data_id)
    return read_table(raw, name, telling, _teller(data_id))


def _teller(data_id: str) -> Callable[[float], None]:
    return lambda share: say_progress(data_id, READING_SHARE * min(1.0, share))


def _safe(cell: object) -> object:
    """A cell whole, and harmless in a spreadsheet."""
    return disarm(shorten(cell, io.DEFAULT_BUFFER_SIZE * 128))
