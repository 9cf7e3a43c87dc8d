"""The runs of a class as one table: whose, on what, with which settings, how good, how long; and as CSV."""

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.config import LOWER_IS_BETTER, RunConfig
from mlmtune_core.data.cells import disarm
from mlmtune_core.event_log import find_best
from mlmtune_core.people import name_of
from mlmtune_core.run_store import ENDED, Run

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
    """One row a run, in COLUMNS: those under way first, then those that wait in their order, then the others as they come.

    `other_settings`: what else differs from the defaults. `waiting`: the ids of the queue, next first; `place` is 1 for the next. score, validation_loss and best_epoch are those of
    the best model so far, with the metric that ranks its task; None before the first evaluation. A head-only run has no
    learning_rate. Runs that are deleted meanwhile are left out.
    """
    places = {run_id: place for place, run_id in enumerate(waiting, 1)}
    rows, names = [], cache(name_of)
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
    """The table as CSV, best score first within each task: UTF-8 with mark, and safe to open in a spreadsheet."""
    ranked = rank_results(results).drop(columns=["place", "owner"])
    moments = pd.to_datetime(ranked["created"], unit="s").dt.strftime("%Y-%m-%d %H:%M:%S")
    return ranked.assign(created=moments).map(disarm).to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def rank_results(results: pd.DataFrame) -> pd.DataFrame:
    """The runs that have a score, best first within each task."""
    scored = results[results["score"].notna()]
    good = scored["score"].where(~scored["metric"].isin(LOWER_IS_BETTER), -scored["score"])
    order = scored.assign(good=good).sort_values(["task", "good"], ascending=[True, False], kind="stable")
    return order.drop(columns="good").reset_index(drop=True)


def _find_row(run: Run) -> dict[str, Any]:
    """As `_make_row`; of runs that have ended each is read once, until something in it changes."""
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
    """What differs from the defaults and has no column of its own: dropout=0.3 seed=2."""
    changed = {name: value for name, value in config.model_dump().items() if value != RunConfig.model_fields[name].default}
    return " ".join(f"{name}={value}" for name, value in changed.items() if name not in COLUMNS)


def _find_best(run: Run, state: str) -> dict[str, Any] | None:
    """The best evaluation of a run that has no summary yet."""
    if state in (*ENDED, "queued"):
        return None
    return find_best(run.events("EvalDone")) or None


def _rank(row: dict[str, Any]) -> tuple[int, float]:
    """(under way, waiting or neither; place among those that wait)"""
    if row["place"] is not None or row["state"] == "queued":
        return 1, row["place"] or math.inf
    return 2 if row["state"] in (*ENDED, "interrupted", "paused") else 0, 0.0


_ended: dict[Path, tuple[float, dict[str, Any]]] = {}
