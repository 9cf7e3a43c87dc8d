"""The result of a check: the problems with their rows, and the usable examples."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from mlmtune_core.language import Translate

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Problem:
    """A problem or remark about the data. severity: an error blocks Start, a warning does not, a note only says what was done.

    rows: row numbers in the file, perhaps only the first ones. total: number of affected rows, if `rows` was shortened.
    """

    kind: str
    severity: str
    rows: tuple[int, ...]
    template: str
    values: dict[str, object] = field(default_factory=dict)
    total: int | None = None

    @property
    def count(self) -> int:
        """Number of affected rows."""
        return len(self.rows) if self.total is None else self.total

    def shorten(self, limit: int) -> "Problem":
        """Returns a copy with only the first `limit` rows, and with the count of all."""
        return replace(self, rows=self.rows[:limit], total=self.count)

    def translate(self, tr: Translate) -> str:
        """Returns the sentence in the language of the translator `tr`."""
        return tr(self.template).format(**{"count": self.count, **self.values})


@dataclass(frozen=True)
class Report:
    """Checked data. examples: `row` and the task's columns. dropped: rows left out. labels: label -> count."""

    rows_read: int
    columns: dict[str, str]
    labels: dict[str, int]
    problems: tuple[Problem, ...]
    examples: pd.DataFrame = field(repr=False)
    dropped: pd.DataFrame = field(repr=False)

    @property
    def rows_kept(self) -> int:
        """Number of rows that became examples."""
        return len(self.examples)

    def affected_rows(self, problem: Problem) -> pd.DataFrame:
        """Returns the rows that have a problem, kept or dropped, in the order of the file."""
        rows = pd.concat([self.examples, self.dropped]) if len(self.dropped) else self.examples
        return rows[rows["row"].isin(problem.rows)].sort_values("row", kind="stable")

    @property
    def errors(self) -> list[Problem]:
        """Problems that block Start."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @cached_property
    def fingerprint(self) -> str:
        """Short hash of all examples (see find_fingerprint)."""
        return find_fingerprint(self.examples)


def find_fingerprint(examples: pd.DataFrame) -> str:
    """Returns a hash of 12 hexadecimal digits over all cells of the examples, row numbers excluded."""
    digest = hashlib.sha256()
    for record in examples.drop(columns="row").itertuples(index=False):
        digest.update(
            repr(tuple(list(cell) if not isinstance(cell, str | float) else cell for cell in record)).encode()
        )
    return digest.hexdigest()[:12]


def rows_problem(
    kind: str, rows: pd.DataFrame, template: str, severity: str = "warning", **values: object
) -> Problem | None:
    """Returns a problem with these rows, or None if there are no rows."""
    return Problem(kind, severity, tuple(map(int, rows["row"])), template, values) if len(rows) else None


def sort_problems(problems: Iterable[Problem | None]) -> tuple[Problem, ...]:
    """Removes None and sorts: errors first, notes last."""
    return tuple(sorted(filter(None, problems), key=lambda problem: SEVERITIES.index(problem.severity)))
