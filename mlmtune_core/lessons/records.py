"""Recorded lessons: what came out of real runs on a named machine, shipped compressed, to be replayed and judged again"""

import json
import lzma
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "recorded"
KEPT_KINDS = ("Started", "StepDone", "EvalDone", "Unfrozen", "Tested", "Finished", "Failed")
DIGITS = 5  # significant ones; verdicts are judged from what is written


def as_shipped(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report of a lesson (see running.judge_sweep) as it is shipped: numbers rounded, times from 0, only what is drawn and judged."""
    outcomes = [{**outcome, "rows": _thin(outcome["rows"])} for outcome in report["outcomes"]]
    return _round({**report, "outcomes": outcomes})


def write_recorded(report: Mapping[str, Any]) -> None:
    """Writes a report that is `as_shipped`."""
    FOLDER.mkdir(exist_ok=True)
    raw = json.dumps(report, ensure_ascii=False, separators=(",", ":")).encode()
    _file(report["lesson"]).write_bytes(lzma.compress(raw, preset=9))


def has_recorded(lesson_id: str) -> bool:
    """Whether a lesson was recorded."""
    return _file(lesson_id).is_file()


@lru_cache(maxsize=4)
def read_recorded(lesson_id: str) -> dict[str, Any]:
    """The report of a recorded lesson. Raises FileNotFoundError where it was not recorded."""
    return json.loads(lzma.decompress(_file(lesson_id).read_bytes()))


@cache
def read_kinds(lesson_id: str) -> tuple[str, ...]:
    """The verdicts of a recorded lesson, one word for each claim. Raises FileNotFoundError where it was not recorded."""
    return tuple(verdict["kind"] for verdict in read_recorded(lesson_id)["verdicts"])


def _file(lesson_id: str) -> Path:
    return FOLDER / f"{lesson_id}.json.xz"


def _thin(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is drawn and judged; `time` in seconds since Started."""
    kept = [row for row in rows if row["kind"] in KEPT_KINDS]
    began = kept[0]["time"] if kept else 0.0
    return [{**row, "time": row["time"] - began} for row in kept]


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _round(each) for name, each in value.items()}
    return [_round(each) for each in value] if isinstance(value, list | tuple) else value
