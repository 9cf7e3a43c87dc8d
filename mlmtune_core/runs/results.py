"""Results of runs side by side: a row per run of a sweep or a class, and the points of their figures."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd

from mlmtune_core.config import LOWER_IS_BETTER, RANKED_BY, RunConfig
from mlmtune_core.data.readers.cells import escape_formula
from mlmtune_core.errors import RunError
from mlmtune_core.people import find_person_name
from mlmtune_core.runs.diagnosis import diagnose
from mlmtune_core.runs.event_log import find_best, find_start
from mlmtune_core.runs.kept_weights import read_label_names
from mlmtune_core.runs.run import ENDED, Run
from mlmtune_core.runs.shelf import find_run
from mlmtune_core.runs.sweeps import Sweep


@dataclass(frozen=True)
class Result:
    """One run of a sweep. settings: those that were varied; score: of the best model on the validation set, None before there is one.

    kind: its diagnosis, or "" while it is unknown.
    """

    run: str
    settings: dict[str, Any]
    seed: int
    state: str
    metric: str
    score: float | None
    validation_loss: float | None
    epoch: float | None
    test: float | None
    baseline: float | None
    trainable: int | None
    seconds: float | None
    kind: str


def read_results(sweep: Sweep) -> list[Result]:
    """Reads all runs of a sweep, in the order of the grid, however far they are."""
    choices = sweep.about()["choices"]
    return [read_result(run, choices) for run in sweep.runs()]


def read_result(run: Run, choices: Sequence[str] | Mapping[str, Any]) -> Result:
    """Reads one run, however far it is; `choices`: the settings that were varied."""
    config, rows, summary = run.config(), run.events(), run.summary() or {}
    metric = RANKED_BY[config.task]
    best, start = find_best(rows), find_start(rows)
    found = diagnose(rows)
    return Result(
        run=run.id,
        settings={name: setting_of(config, name) for name in choices if name != "seed"},
        seed=config.seed,
        state=run.state(),
        metric=metric,
        score=best.get("metrics", {}).get(metric),
        validation_loss=best.get("validation_loss"),
        epoch=best.get("epoch"),
        test=(summary.get("test") or {}).get(metric),
        baseline=start.get("baseline"),
        trainable=start.get("trainable"),
        seconds=summary.get("seconds"),
        kind=found.kind if found else "",
    )


def setting_of(config: RunConfig, name: str) -> Any:
    """Returns a setting as it takes effect: rates that follow the strategy are filled in."""
    return {"head_learning_rate": config.head_rate, "learning_rate": config.body_rate}.get(name, getattr(config, name))


NAMED = ("sequence_classification", "sentence_pair", "token_classification")  # tasks with label names, which must be the same in both runs
ID = re.compile(r"[\w-]+")


def find_comparable(run: Run, runs: Iterable[Run], most: int) -> list[Run]:
    """Returns those of `runs` that can be compared with `run`, in their order, at most so many."""
    found: list[Run] = []
    for other in runs:
        if len(found) == most:
            break
        with suppress(RunError, FileNotFoundError):  # a run that is being deleted
            check_comparable(run, other)
            found.append(other)
    return found


def check_comparable(run: Run, other: Run) -> None:
    """Raises RunError, with the reason, if two runs have no answers in common."""
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
    """Returns a run by its id, or by the link of any page on it. Raises RunError if there is none."""
    text = text.strip()
    named = parse_qs(urlsplit(text).query).get("run", [""])[0] if "=" in text else text
    if not ID.fullmatch(named):
        raise RunError("There is no run in “{text}”. Paste the link of its page, or its id.", text=text[:80])
    return find_run(named)


def find_differences(run: Run, other: Run) -> list[tuple[str, Any, Any]]:
    """Returns (setting, value in the first, value in the second) for those that differ, in the order of RunConfig; rates as used."""
    first, second = _settings(run.config()), _settings(other.config())
    return [(name, first[name], second[name]) for name in first if first[name] != second[name]]


def share_data(run: Run, other: Run) -> tuple[bool, str, str]:
    """Returns (whether both had the same examples, their fingerprints)."""
    first, second = (str(each.about()["data"].get("fingerprint", "")) for each in (run, other))
    return first == second, first, second


def _settings(config: RunConfig) -> dict[str, Any]:
    """Returns all settings with the rates filled in; None for a rate that is not used."""
    body = None if config.strategy == "head_only" else config.body_rate
    return config.model_dump() | {"head_learning_rate": config.head_rate, "learning_rate": body}


COLUMNS = (
    "run",
    "place",
    "state",
    "person",
    "owner",
    "data",
    "task",
    "strategy",
    "first_layers",
    "head_learning_rate",
    "learning_rate",
    "epochs",
    "other_settings",
    "metric",
    "score",
    "validation_loss",
    "best_epoch",
    "seconds",
    "created",
)


def make_results(runs: Iterable[Run], waiting: Sequence[str] = ()) -> pd.DataFrame:
    """Returns one row per run, in COLUMNS: those under way first, then those that wait in their order, then the others as they come.

    `other_settings`: what else differs from the defaults. `waiting`: the ids of the queue, next first; `place` is 1 for the next. score, validation_loss and best_epoch are
    those of the best model so far, with the metric that ranks its task; None before the first evaluation. A head-only run has no
    learning_rate. Runs that are deleted in the meantime are left out.
    """
    places = {run_id: place for place, run_id in enumerate(waiting, 1)}
    rows, names = [], cache(find_person_name)
    for run in runs:
        with suppress(FileNotFoundError):
            row = _find_row(run)
            rows.append(row | {"place": places.get(run.id), "person": names(row["owner"])})
    rows.sort(key=_rank)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {name: "Int64" for name in ("place", "best_epoch")}
        | {name: float for name in ("score", "validation_loss", "learning_rate", "seconds")}  # fmt: skip
    )


def write_results(results: pd.DataFrame) -> bytes:
    """Writes the table as CSV, best score first within each task: UTF-8 with BOM, and safe to open in a spreadsheet."""
    ranked = rank_results(results).drop(columns=["place", "owner"])
    moments = pd.to_datetime(ranked["created"], unit="s").dt.strftime("%Y-%m-%d %H:%M:%S")
    return ranked.assign(created=moments).map(escape_formula).to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def rank_results(results: pd.DataFrame) -> pd.DataFrame:
    """Returns the runs that have a score, best first within each task."""
    scored = results[results["score"].notna()]
    good = scored["score"].where(~scored["metric"].isin(LOWER_IS_BETTER), -scored["score"])
    order = scored.assign(good=good).sort_values(["task", "good"], ascending=[True, False], kind="stable")
    return order.drop(columns="good").reset_index(drop=True)


def _find_row(run: Run) -> dict[str, Any]:
    """As `_make_row`; rows of finished runs are cached until something in them changes."""
    changed = run.last_changed()
    known = _ended.get(run.folder)
    if known is not None and known[0] == changed:
        return known[1]
    row = _make_row(run)
    if row["state"] in ENDED:
        _ended[run.folder] = changed, row
    return row


def _make_row(run: Run) -> dict[str, Any]:
    about, config = run.about(), run.config()
    state, summary = run.state(), run.summary() or {}
    best = summary.get("best") or _find_best(run, state)
    metric = next(iter(best["metrics"]), None) if best else None
    return {
        "run": run.id,
        "state": state,
        "owner": about.get("owner", ""),
        "data": about["data"]["name"],
        **config.model_dump(include={"task", "strategy", "first_layers", "epochs"}),
        "other_settings": _say_others(config),
        "head_learning_rate": config.head_rate,
        "learning_rate": None if config.strategy == "head_only" else config.body_rate,
        "metric": metric,
        "score": best["metrics"][metric] if best else None,
        "validation_loss": best["validation_loss"] if best else None,
        "best_epoch": round(best["epoch"]) if best else None,
        "seconds": summary.get("seconds"),
        "created": about["created"],
    }


def _say_others(config: RunConfig) -> str:
    """Returns the other settings that differ from the defaults, as text: dropout=0.3 seed=2."""
    changed = {name: value for name, value in config.model_dump().items() if value != RunConfig.model_fields[name].default}
    return " ".join(f"{name}={value}" for name, value in changed.items() if name not in COLUMNS)


def _find_best(run: Run, state: str) -> dict[str, Any] | None:
    """Returns the best evaluation of a run that has no summary yet."""
    if state in (*ENDED, "queued"):
        return None
    return find_best(run.events("EvalDone")) or None


def _rank(row: dict[str, Any]) -> tuple[int, float]:
    """Returns (under way, waiting or neither; place among those that wait)."""
    if row["place"] is not None or row["state"] == "queued":
        return 1, row["place"] or math.inf
    return 2 if row["state"] in (*ENDED, "interrupted", "paused") else 0, 0.0


_ended: dict[Path, tuple[float, dict[str, Any]]] = {}
