"""What checking says: problems with the rows at fault, and the examples that are left."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import pandas as pd

from mlmtune_core.language import Translate

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Problem:
    """Something about the data. severity: `error` blocks Start, `warning` does not, `note` only says what was done.

    `rows` are lines of the file (perhaps only the first of them); `total` is how many rows are concerned.
    """

    kind: str
    severity: str
    rows: tuple[int, ...]
    template: str
    values: dict[str, object] = field(default_factory=dict)
    total: int | None = None

    @property
    def count(self) -> int:
        """How many rows are concerned."""
        return len(self.rows) if self.total is None else self.total

    def shorten(self, limit: int) -> "Problem":
        """The same with the first `limit` rows only, and the count of all."""
        return replace(self, rows=self.rows[:limit], total=self.count)

    def say(self, tr: Translate) -> str:
        """The sentence in the language of the translator `tr`."""
        return tr(self.template).format(**{"count": self.count, **self.values})


@dataclass(frozen=True)
class Report:
    """The checked data: `examples` (row and the task's columns), `dropped` rows, `labels` counted, `problems`."""

    rows_read: int
    columns: dict[str, str]
    labels: dict[str, int]
    problems: tuple[Problem, ...]
    examples: pd.DataFrame = field(repr=False)
    dropped: pd.DataFrame = field(repr=False)

    @property
    def rows_kept(self) -> int:
        """How many rows became examples."""
        return len(self.examples)

    def rows_at_fault(self, problem: Problem) -> pd.DataFrame:
        """The rows that a problem concerns, kept or dropped, in the order of the file."""
        rows = pd.concat([self.examples, self.dropped]) if len(self.dropped) else self.examples
        return rows[rows["row"].isin(problem.rows)].sort_values("row", kind="stable")

    @property
    def errors(self) -> list[Problem]:
        """The problems that block."""
        return [problem for problem in self.problems if problem.severity == "error"]

    @cached_property
    def fingerprint(self) -> str:
        """A short hash of all examples: equal data, equal fingerprint."""
        return find_fingerprint(self.examples)


def find_fingerprint(examples: pd.DataFrame) -> str:
    """12 signs that change with any cell of the examples (row numbers left out)."""
    digest = hashlib.sha256()
    for record in examples.drop(columns="row").itertuples(index=False):
        digest.update(
            repr(tuple(list(cell) if not isinstance(cell, str | float) else cell for cell in record)).encode()
        )
    return digest.hexdigest()[:12]


def rows_problem(
    kind: str, rows: pd.DataFrame, template: str, severity: str = "warning", **values: object
) -> Problem | None:
    """A problem of these rows, or None where there are none."""
    return Problem(kind, severity, tuple(map(int, rows["row"])), template, values) if len(rows) else None


def in_order(problems: Iterable[Problem | None]) -> tuple[Problem, ...]:
    """Those that are there; errors first, notes last."""
    return tuple(sorted(filter(None, problems), key=lambda problem: SEVERITIES.index(problem.severity)))
