"""Recorded lessons: outcomes of real runs on a named machine, compressed, to replay and judge again."""

import json
import lzma
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recorded"
RECORDED_EVENTS = ("Started", "StepDone", "EvalDone", "Unfrozen", "Tested", "Finished", "Failed")
DIGITS = 5  # significant digits; verdicts are judged from the rounded numbers


def compact_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a report (see running.judge_sweep) as it is recorded: numbers rounded, times from 0, only the events that are drawn or judged."""
    outcomes = [{**outcome, "rows": _thin_events(outcome["rows"])} for outcome in report["outcomes"]]
    return _round({**report, "outcomes": outcomes})


def write_recorded(report: Mapping[str, Any]) -> None:
    """Writes the recording of a lesson. The report must come from `compact_report`."""
    FOLDER.mkdir(exist_ok=True)
    raw = json.dumps(report, ensure_ascii=False, separators=(",", ":")).encode()
    _file(report["lesson"]).write_bytes(lzma.compress(raw, preset=9))


def has_recorded(lesson_id: str) -> bool:
    """Returns whether the lesson has a recording."""
    return _file(lesson_id).is_file()


@lru_cache(maxsize=4)
def read_recorded(lesson_id: str) -> dict[str, Any]:
    """Returns the recorded report of a lesson. Raises FileNotFoundError if there is none."""
    return json.loads(lzma.decompress(_file(lesson_id).read_bytes()))


@cache
def read_verdict_kinds(lesson_id: str) -> tuple[str, ...]:
    """Returns the kind of the recorded verdict of each claim. Raises FileNotFoundError if there is no recording."""
    return tuple(verdict["kind"] for verdict in read_recorded(lesson_id)["verdicts"])


def _file(lesson_id: str) -> Path:
    return FOLDER / f"{lesson_id}.json.xz"


def _thin_events(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keeps the RECORDED_EVENTS; `time` becomes seconds since the first one."""
    kept = [row for row in rows if row["kind"] in RECORDED_EVENTS]
    start = kept[0]["time"] if kept else 0.0
    return [{**row, "time": row["time"] - start} for row in kept]


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _round(each) for name, each in value.items()}
    return [_round(each) for each in value] if isinstance(value, list | tuple) else value
