"""Two runs beside one another: which can be compared, in what settings they differ, and whether they learnt from the same data"""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.kept_model import read_label_names
from mlmtune_core.run_shelf import find_run
from mlmtune_core.run_store import Run

NAMED = ("sequence_classification", "sentence_pair", "token_classification")  # their labels have names, which must be the same
ID = re.compile(r"[\w-]+")


def find_comparable(run: Run, runs: Iterable[Run], most: int) -> list[Run]:
    """Those of `runs` that can stand beside `run`, in their order, at most so many."""
    found: list[Run] = []
    for other in runs:
        if len(found) == most:
            break
        with suppress(RunError, FileNotFoundError):  # one that is being deleted
            check_comparable(run, other)
            found.append(other)
    return found


def check_comparable(run: Run, other: Run) -> None:
    """Raises RunError, with what is the matter, where two runs have no answers in common."""
    task, wanted = run.config().task, other.config().task
    if run.id == other.id:
        raise RunError("This is the same run. Choose another one.")
    if task != wanted:
        raise RunError("The two runs have different tasks ({task} and {other}). Choose one of the same task.", task=task, other=wanted)
    labels, others = read_label_names(run), read_label_names(other)
    if task in NAMED and labels != others:
        only = sorted({*labels} ^ {*others})
        raise RunError("The two runs have different labels: {labels} stand in one of them only. Choose one with the same labels.", labels=", ".join(only[:5]))  # fmt: skip


def find_named_run(text: str) -> Run:
    """A run by its id, or by the link of any page on it. Raises RunError where there is none."""
    text = text.strip()
    named = parse_qs(urlsplit(text).query).get("run", [""])[0] if "=" in text else text
    if not ID.fullmatch(named):
        raise RunError("There is no run in “{text}”. Paste the link of its page, or its id.", text=text[:80])
    return find_run(named)


def find_differences(run: Run, other: Run) -> list[tuple[str, Any, Any]]:
    """(setting, value in the first, value in the second) of those that differ, in the order of RunConfig; rates as they were used."""
    first, second = _settings(run.config()), _settings(other.config())
    return [(name, first[name], second[name]) for name in first if first[name] != second[name]]


def share_data(run: Run, other: Run) -> tuple[bool, str, str]:
    """(whether both were given the same examples, and by what fingerprints)"""
    first, second = (str(each.about()["data"].get("fingerprint", "")) for each in (run, other))
    return first == second, first, second


def _settings(config: RunConfig) -> dict[str, Any]:
    """All settings, the rates filled in; None where nothing uses the rate of the body."""
    body = None if config.strategy == "head_only" else config.body_rate
    return config.model_dump() | {"head_learning_rate": config.head_rate, "learning_rate": body}
