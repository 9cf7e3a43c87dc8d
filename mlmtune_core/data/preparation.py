"""Prepares a file, uploaded or on disk: reads it, applies edits, maps columns, checks rows, samples examples."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data import checking
from mlmtune_core.data.columns import choose_columns, guess_columns, guess_task
from mlmtune_core.data.edits import apply_edits
from mlmtune_core.data.readers.cells import escape_formula, truncate
from mlmtune_core.data.readers.table import Format, ReadOptions, Table, read_file, read_table
from mlmtune_core.data.report import Problem, Report, find_fingerprint, sort_problems
from mlmtune_core.data.splitting import sample_examples, split_examples
from mlmtune_core.data.uploads import Reading, load_edits, load_reading, open_data, save_progress
from mlmtune_core.errors import DataError, UserError
from mlmtune_core.language import escape_controls

MAX_EXAMPLES = 20_000
MAX_SHOWN_ROWS = 1000
MAX_LISTED_ROWS = 1000
READING_PROGRESS = 0.7


@dataclass(frozen=True)
class Prepared:
    """A prepared upload, small enough to be sent between processes.

    head: the first rows of the file. guessed: role -> column, before the user's choices. why: the reason for the guessed task.
    edits: number of batches. example_count: number of usable examples in the file; `report` holds at most 20,000 of them, and its
    problems list their first rows only. affected_rows: kind of problem -> its first rows. error: why there is no report.
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
    example_count: int
    report: Report | None = field(repr=False)
    affected_rows: dict[str, pd.DataFrame] = field(repr=False, default_factory=dict)
    error: UserError | None = None


def prepare(data_id: str) -> Prepared:
    """Prepares an upload or sample with its saved reading options and edits (see uploads). Raises DataError if it cannot be read."""
    reading, batches = load_reading(data_id), load_edits(data_id)
    table = _read(data_id, _read_options(reading))
    rows = apply_edits(table.rows, batches)
    guessed_task, why = guess_task(rows) if len(rows) else ("sequence_classification", "")
    task = reading.get("task") or guessed_task
    guessed = guess_columns(rows, task) if len(rows) else {}
    chosen = {role: column for role, column in (reading.get("columns") or {}).items() if not column or column in rows}
    prepared = Prepared(
        name=table.name,
        format=table.format,
        head=rows.head(MAX_SHOWN_ROWS).map(truncate),
        rows_read=len(table.rows),
        task=task,
        guessed_task=guessed_task,
        why=why,
        guessed=guessed,
        columns=guessed | chosen,
        edits=len(batches),
        example_count=0,
        report=None,
    )
    try:
        report = _check_all(rows, task, chosen, reading)
    except UserError as error:
        return replace(prepared, error=error)
    save_progress(data_id, 1.0)
    kept = sample_examples(report.examples, reading.get("limit") or MAX_EXAMPLES, seed=0).reset_index(drop=True)
    affected = {problem.kind: _find_affected(report, problem).head(MAX_SHOWN_ROWS).map(truncate) for problem in report.problems}
    problems = tuple(problem.shorten(MAX_LISTED_ROWS) for problem in report.problems)
    return replace(
        prepared,
        columns=report.columns,
        example_count=len(report.examples),
        report=replace(report, examples=kept, dropped=report.dropped.head(0), problems=problems),
        affected_rows=affected,
    )


def write_affected_rows(data_id: str, kind: str) -> bytes:
    """Returns all rows with one kind of problem as CSV (UTF-8 with byte-order mark, formulas escaped for spreadsheets)."""
    reading = load_reading(data_id)
    rows = apply_edits(_read(data_id, _read_options(reading)).rows, load_edits(data_id))
    task = reading.get("task") or guess_task(rows)[0]
    report = _check_all(rows, task, reading.get("columns") or {}, reading)
    affected = [_find_affected(report, problem) for problem in report.problems if problem.kind == kind]
    frame = affected[0] if affected else report.examples.head(0)
    return frame.map(_to_safe_cell).to_csv(index=False).encode("utf-8-sig")


def count_rows(data_id: str) -> int:
    """Returns the number of rows of a new upload. Raises DataError if it cannot be read."""
    return len(_read(data_id, ReadOptions()).rows)


def warm_up() -> None:
    """Imports what a check needs and loads the language identifier, so that the first upload need not wait for them."""
    rows = read_table(b"text,label\n" + b"a line of plain English for the language to be told,x\n" * 12, "a.csv").rows
    checking.check(rows, "sequence_classification", {"text": "text", "label": "label"})


@dataclass(frozen=True)
class Examples:
    """The usable rows of a file, split into training, validation and test.

    frame: one row per example, with the columns of its task, `row` (its place in the file) and `split` (train, validation, test).
    columns: role -> column of the file.
    """

    task: str
    frame: pd.DataFrame = field(repr=False)
    columns: dict[str, str]
    name: str

    def describe(self) -> dict[str, Any]:
        """Returns what a run records about its data: file name, fingerprint of the examples, columns."""
        return {"name": escape_controls(self.name), "fingerprint": find_fingerprint(self.frame), "columns": self.columns}


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
    """Reads, checks and splits a file of any known format. Raises DataError if it cannot be trained on.

    task, columns (role -> column): guessed if not given. validation, test: separate files for these splits; without them the file's
    `split` column is used, or `validation_share` of the examples are held out. limit: take at most so many examples of `file`,
    stratified by label.
    """
    task = task or guess_file_task(file)
    report = checking.require_no_errors(check_file(file, task, columns))
    examples = sample_examples(report.examples, limit, seed) if limit else report.examples
    others = {split: path for split, path in (("validation", validation), ("test", test)) if path}
    if others:
        examples = examples.assign(split="train")
    for split, path in others.items():
        other = checking.require_no_errors(check_file(path, task, columns))
        examples = pd.concat([examples, other.examples.assign(split=split)], ignore_index=True)
    return Examples(task, split_examples(examples, validation_share, seed), report.columns, Path(file).name)


def check_file(file: Path | str, task: str | None = None, columns: Mapping[str, str | None] | None = None) -> Report:
    """Reads and checks a file. Raises DataError if it cannot be read, ConfigError for an unknown task; other problems are in the report."""
    rows = read_file(Path(file)).rows
    task = validate({"task": task}).task if task else guess_task(rows)[0]
    return checking.check(rows, task, choose_columns(rows, task, dict(columns or {})))


def guess_file_task(file: Path | str) -> str:
    """Returns the task that the columns of a file suggest. Raises DataError if it cannot be read."""
    return guess_task(read_file(Path(file)).rows)[0]


def _check_all(rows: pd.DataFrame, task: str, chosen: Mapping[str, str | None], reading: Reading) -> Report:
    """Checks the file together with its validation and test files, if any. chosen: role -> column, as in choose_columns."""
    columns = choose_columns(rows, task, chosen) if len(rows) else {}
    if not columns:
        raise DataError("No row is left. Undo the last change, or upload the file again.")
    report = checking.check(rows, task, columns, reading.get("several"))
    other_files = {"validation": reading.get("validation"), "test": reading.get("test")}
    others = {split: data_id for split, data_id in other_files.items() if data_id}
    if not others:
        return report
    examples, dropped = [_keep_other_splits(report.examples, others)], [report.dropped]
    problems: list[Problem | None] = [*report.problems]
    for split, data_id in others.items():
        other = _check_other(data_id, task, columns, reading)
        examples.append(other.examples.drop(columns="split", errors="ignore").assign(split=split))
        dropped.append(other.dropped)
        problems += [replace(problem, kind=f"{split}_{problem.kind}") for problem in other.problems if problem.kind not in ("one_class", "one_score")]  # fmt: skip
    whole = pd.concat(examples, ignore_index=True)
    problems.append(checking.check_leakage(whole))
    return replace(report, examples=whole, problems=sort_problems(problems), dropped=pd.concat(dropped))


def _check_other(data_id: str, task: str, columns: dict[str, str], reading: Reading) -> Report:
    """Checks a validation or test file, read like the main file. Columns that it does not have are guessed."""
    rows = apply_edits(_read(data_id, _read_options(reading)).rows, load_edits(data_id))
    found = {role: column for role, column in columns.items() if column in rows.columns}
    return checking.check(rows, task, choose_columns(rows, task, found), reading.get("several"))


def _keep_other_splits(examples: pd.DataFrame, others: dict[str, str]) -> pd.DataFrame:
    """Drops the examples of the main file whose split has a file of its own. Without a split column, all are for training."""
    if "split" not in examples:
        return examples.assign(split="train")
    return examples[~examples["split"].isin(list(others))]


def _find_affected(report: Report, problem: Problem) -> pd.DataFrame:
    split = problem.kind.partition("_")[0]
    frame = report.affected_rows(problem)
    if split in ("validation", "test") and "split" in frame:
        return frame[frame["split"].isin([split]) | frame["split"].isna()]
    return frame


def _read_options(reading: Reading) -> ReadOptions:
    return ReadOptions(reading.get("encoding"), reading.get("delimiter"), reading.get("quoted"), reading.get("header"))


@lru_cache(maxsize=2)
def _read(data_id: str, options: ReadOptions) -> Table:
    name, raw = open_data(data_id)
    return read_table(raw, name, options, _progress_saver(data_id))


def _progress_saver(data_id: str) -> Callable[[float], None]:
    return lambda share: save_progress(data_id, READING_PROGRESS * min(1.0, share))


def _to_safe_cell(cell: object) -> object:
    """Truncates a cell only at 1 MiB and escapes formulas."""
    return escape_formula(truncate(cell, io.DEFAULT_BUFFER_SIZE * 128))
