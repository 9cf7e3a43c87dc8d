"""A class of forty on one server: how long each waits, whether every run gets its turn, and whether the server holds.

    python -m benchmarks.class_of_forty [--students 40] [--pages 3] [--minutes 30] [--join-seconds 60] [--json]

The students (see students) and a few real browser pages (see students_in_chromium) come within a minute, each with a file of
their own. Both are processes of their own, run at lower priority, and say how late they were themselves.
"""

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.students import warm_up
from mlmtune_core.runs.run import ENDED, Run
from tests.browser.serving import ROOT, Server, serve

SAMPLE_SECONDS = 1.0
STEADY = 5  # samples whose median is one figure of memory
PATIENCE_SECONDS = 120.0  # of this process with the others, after the time is over
LIMITS = {"first page p95": 1.5, "event to client p95": 1.5, "event to pixel p95": 1.5, "click to answer p95": 1.0, "memory growth": 10.0, "longest wait without a place": 5.0, "runs lost or failed": 0, "errors seen": 0}  # fmt: skip


class Meter:
    """Memory (MB) and processor time of the server process, once a second."""

    def __init__(self, pid: int) -> None:
        self.memory: list[float] = []
        self._process, self._done = psutil.Process(pid), threading.Event()
        self._thread = threading.Thread(target=self._measure, daemon=True)

    @contextmanager
    def running(self) -> Iterator["Meter"]:
        """Measures inside the with block."""
        self._begin = time.monotonic(), self._spent()
        self._thread.start()
        yield self
        self._done.set()
        self._thread.join()
        self.share = (self._spent() - self._begin[1]) / (time.monotonic() - self._begin[0])

    def around(self, share: float) -> float:
        """Memory at a share of the time."""
        middle = round(share * (len(self.memory) - 1))
        return statistics.median(self.memory[max(0, min(middle - STEADY // 2, len(self.memory) - STEADY)) :][:STEADY])

    def _spent(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def _measure(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            self.memory.append(self._process.memory_info().rss / 1e6)


@contextmanager
def beside(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that prints one JSON object; ended by its own id where it is still there."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def attend(server: Server, chosen: argparse.Namespace) -> tuple[dict[str, Any], dict[str, Any], Meter]:
    """The whole class: (what the students noted, what was drawn in the browser, memory and processor time of the server)."""
    asyncio.run(warm_up(server.address))
    times = ["--minutes", str(chosen.minutes), "--join-seconds", str(chosen.join_seconds)]
    with (
        Meter(server.pid).running() as meter,
        beside("benchmarks.students", server.address, "--students", str(chosen.students), *times) as students,
        beside("benchmarks.students_in_chromium", server.address, "--pages", str(chosen.pages), *times) as pages,
    ):
        patience = 60 * chosen.minutes + PATIENCE_SECONDS
        notes, drawn = (json.loads(each.communicate(timeout=patience)[0]) for each in (students, pages))
    return notes, drawn, meter


def delays_of(drawn: Sequence[Sequence[Any]], runs: Sequence[Run]) -> list[float]:
    """Seconds from writing an event until a chart held it, for each event of runs that a chart followed."""
    delays = []
    for run in runs:
        seen = [(last, at) for name, last, at in drawn if name == run.id]
        written = [row["time"] for row in run.events()]
        delays += [next(at for last, at in seen if last >= moment) - moment for moment in written if seen and moment <= seen[-1][0]]  # fmt: skip
    return delays


def count_runs(runs: Sequence[Run], names: Sequence[str]) -> dict[str, int]:
    """How the runs stand that were started; what has no folder is lost."""
    states = Counter(run.state() for run in runs)
    going = sum(states.values()) - sum(states[name] for name in (*ENDED, "queued", "interrupted"))
    lost = len(set(names) - {run.id for run in runs})
    failed = states["failed"] + states["interrupted"] + lost
    return {"started": len(names), "finished": states["finished"], "waiting": states["queued"], "going on": going, "lost or failed": failed}  # fmt: skip


def report(notes: dict[str, Any], drawn: dict[str, Any], meter: Meter, home: Path) -> list[dict[str, Any]]:
    """The rows: name, figure, limit, met."""
    names = notes["runs"] + drawn["runs"]
    runs = [Run(home / "runs" / name) for name in names if (home / "runs" / name / "config.json").is_file()]
    followed = [run for run in runs if run.id in drawn["runs"]]
    clicks = [seconds for all_of_a_kind in notes["clicks"].values() for seconds in all_of_a_kind]
    errors = notes["errors"] + drawn["errors"]
    quarter, end = meter.around(0.25), meter.around(1.0)
    figures = {
        **_percentiles("first page", notes["first_page"]),
        **_percentiles("event to client", notes["delays"]),
        **_percentiles("event to pixel", delays_of(drawn["drawn"], followed)),
        **_percentiles("click to answer", clicks),
        **{f"click to answer p95: {name}": _share(each, 0.95) for name, each in notes["clicks"].items()},
        **{f"runs {name}": count for name, count in count_runs(runs, names).items()},
        "longest wait without a place": notes["unplaced"],
        "server memory at a quarter": quarter,
        "server memory at the end": end,
        "memory growth": 100 * (end / quarter - 1),
        "server processor share": meter.share,
        "errors seen": len(errors),
        **_percentiles("lateness of the students' process", notes["lag"]),
        "its processor seconds": notes["own_seconds"],
    }
    rows = [{"name": name, "figure": figure, "limit": LIMITS.get(name)} for name, figure in figures.items()]
    return [row | {"met": None if row["limit"] is None or row["figure"] is None else row["figure"] <= row["limit"]} for row in rows]  # fmt: skip


def _percentiles(name: str, values: Sequence[float]) -> dict[str, float | None]:
    return {f"{name} p50": _share(values, 0.5), f"{name} p95": _share(values, 0.95)}


def _share(values: Sequence[float], share: float) -> float | None:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def main() -> None:
    """Prints a table, or with --json one object with `rows`, and the errors that were seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--join-seconds", type=float, default=60)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as server:
        notes, drawn, meter = attend(server, chosen)
        rows = report(notes, drawn, meter, server.home)
    errors = Counter(notes["errors"] + drawn["errors"])
    if chosen.json:
        print(json.dumps({"benchmark": "class_of_forty", "rows": rows, "errors": errors}))
        return
    signs = {True: "met", False: "NOT MET", None: ""}
    for row in rows:
        figure, limit = ("-" if value is None else f"{value:.3f}" if isinstance(value, float) else value for value in (row["figure"], row["limit"]))  # fmt: skip
        print(f"{row['name']:42}{figure:>10}   {limit:>6}   {signs[row['met']]}")
    for error, count in errors.most_common(20):
        print(f"{count} x {error}")


if __name__ == "__main__":
    main()
