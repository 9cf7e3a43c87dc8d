"""Kill -9, again and again: of the train worker and of the server, over ten runs. python -m tests.faults.kills [--json]

Every run must end as its twin that nobody interrupted: the same events, the same scores, every weight bit for bit.
"""

import argparse
import json
import os
import random
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from mlmtune_core.runs.heartbeats import is_alive, who
from mlmtune_core.runs.run import Run
from tests.browser.serving import Server, serve
from tests.faults.runs import KINDS, create, differences, is_whole

WORKER_KILLS, SERVER_KILLS = 5, 1  # of each run
SPREAD = 1.3  # moments are drawn from this many times what the run lasts undisturbed, to meet its end as well
PATIENCE_SECONDS = 300.0
LOG_SIGNS = 4000  # of each log, where a run found no worker


def main() -> int:
    """Twins first, then the same under fire; returns 1 where something was lost or differs."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--runs", type=int, default=len(KINDS))
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = f"{folder}/whole"
        twins = [create(i) for i in range(told.runs)]
        with serve(Path(f"{folder}/whole")):
            lasted = [_wait_for(run) for run in twins]
        os.environ["MLMTUNE_HOME"] = f"{folder}/fire"
        runs = [create(i) for i in range(told.runs)]
        fire = _Fire(Path(f"{folder}/fire"), random.Random(told.seed))
        fire.carry_out(runs, lasted)
        rows = [
            {"name": f"{i}: {KINDS[i][0]}, {KINDS[i][1]}", "worker_kills": fire.worker_kills[run.id], "server_kills": fire.server_kills[run.id],
             "resumed": len(run.events("Resumed")), "state": run.state(), "whole": is_whole(run), "differs_in": differences(run, twin)}
            for i, (run, twin) in enumerate(zip(runs, twins, strict=True))
        ]  # fmt: skip
    total = {
        "worker_kills": sum(fire.worker_kills.values()),
        "server_kills": sum(fire.server_kills.values()),
        "lost": sum(row["state"] != "finished" for row in rows),
        "corrupt": sum(not row["whole"] for row in rows),
        "different": sum(bool(row["differs_in"]) for row in rows),
    }
    if told.json:
        print(json.dumps({"rows": rows, "total": total}, indent=1))
    else:
        for row in rows:
            print(*row.values(), sep=" | ")
        print(total)
    return int(bool(total["lost"] or total["corrupt"] or total["different"]))


class _Fire:
    """Kills while runs go on: each one's worker and the server, at random moments; what a run escaped by ending meets the next."""

    def __init__(self, home: Path, rng: random.Random) -> None:
        self._home, self._rng, self._stack = home, rng, ExitStack()
        self._server: Server | None = None
        self.worker_kills: dict[str, int] = {}
        self.server_kills: dict[str, int] = {}

    def carry_out(self, runs: list[Run], lasted: list[float]) -> None:
        self.worker_kills, self.server_kills = {run.id: 0 for run in runs}, {run.id: 0 for run in runs}
        self._start()
        plan: list[str] = []
        for i, run in enumerate(runs):
            plan += ["worker"] * WORKER_KILLS + ["server"] * SERVER_KILLS
            self._rng.shuffle(plan)
            between = SPREAD * lasted[i] / len(plan)
            while plan and self._wait_until_at_work(run):
                time.sleep(self._rng.uniform(0.0, between))
                if self._kill(run, plan[-1]):
                    plan.pop()
            _wait_for(run)
        self._end()

    def _kill(self, run: Run, target: str) -> bool:
        """Whether anybody was there to be killed."""
        at_work = who(run.heartbeat_file)
        if run.summary() is not None or at_work is None or not is_alive(run.heartbeat_file):
            return False
        if target == "worker":
            os.kill(at_work[1], signal.SIGKILL)
            self.worker_kills[run.id] += 1
        else:
            os.kill(self._server.pid, signal.SIGKILL)
            self.server_kills[run.id] += 1
            self._end()
            self._start()
        return True

    def _wait_until_at_work(self, run: Run) -> bool:
        """True once a process is at work on the run; False once the run has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if run.summary() is not None:
                return False
            if is_alive(run.heartbeat_file):
                return True
            time.sleep(0.05)
        raise TimeoutError(f"{run.folder}: {run.state()}, nobody works on it\n{_last_words(self._home)}")

    def _start(self) -> None:
        self._server = self._stack.enter_context(serve(self._home))

    def _end(self) -> None:
        self._stack.close()


def _last_words(home: Path) -> str:
    """The ends of the logs of a server and its workers."""
    logs = [home / "server.log", *sorted(home.glob("logs/*.log"))]
    return "\n".join(f"{log.name}: {log.read_text(encoding='utf-8')[-LOG_SIGNS:]}" for log in logs)


def _wait_for(run: Run) -> float:
    """Waits until a run has ended; returns the seconds it took."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while run.summary() is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{run.folder}: {run.state()}")
        time.sleep(0.1)
    return run.summary()["seconds"]


if __name__ == "__main__":
    raise SystemExit(main())
