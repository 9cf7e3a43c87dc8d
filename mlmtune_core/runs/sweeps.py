"""Sweeps: runs started together, found by one id, paused, stopped and resumed as one."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.errors import ConfigError, RunError
from mlmtune_core.people import Person
from mlmtune_core.runs.run import ENDED, Run
from mlmtune_core.runs.shelf import create_run, find_group_leader, find_run, join
from mlmtune_core.storage import home, is_safe_name, new_id, write_atomically

OF_THE_BODY = ("learning_rate", "layer_decay", "decay_towards")  # settings that head-only runs do not use
TOGETHER = ("head_learning_rate", "weight_decay", "dropout", "max_grad_norm", "bias_correction", *OF_THE_BODY)
MAX_RUNS = 200
MOST_TOGETHER = 64  # memory grows with their number


def make_grid(settings: Mapping[str, object], choices: Mapping[str, Sequence[object]]) -> list[RunConfig]:
    """Returns `settings` with every combination of `choices` (setting -> its values), the last one fastest. Raises ConfigError."""
    combinations = list(product(*choices.values()))
    if len(combinations) > MAX_RUNS:
        raise ConfigError(
            "These choices make {count} runs; at most {limit} can be started at once. Give fewer values.",
            count=len(combinations),
            limit=MAX_RUNS,
        )
    return [validate({**settings, **dict(zip(choices, values, strict=True))}) for values in combinations]


def group(configs: Sequence[RunConfig]) -> list[list[int]]:
    """Returns groups of indices of the configs that can be trained together: head_only, equal but for what heads may differ in.

    At most MOST_TOGETHER at a time. Seeds may differ if batches are counted in examples, and so have one size, and if neither the
    encoder nor the training examples depend on the seed.
    """
    groups: dict[str, list[int]] = {}
    for i, config in enumerate(configs):
        by_seed = config.batch_tokens or config.initial_weights != "pretrained" or config.train_examples or config.label_noise
        may_differ = {*TOGETHER} if by_seed else {*TOGETHER, "seed"}
        alone = config.strategy != "head_only" or config.task == "masked_words"  # inputs differ in every epoch
        shared = f"alone {i}" if alone else config.model_dump_json(exclude=may_differ)
        groups.setdefault(shared, []).append(i)
    return [
        members[start : start + MOST_TOGETHER]
        for members in groups.values()
        for start in range(0, len(members), MOST_TOGETHER)
    ]


@dataclass(frozen=True)
class Member:
    """A run of a sweep to be: its settings, its examples (with a column `split`), and its name in the sweep (`arm`)."""

    config: RunConfig
    examples: pd.DataFrame
    arm: str = ""


class Queue(Protocol):
    """What a sweep needs of the queue."""

    def submit(self, run: Run) -> None: ...
    def pause(self, run: Run) -> None: ...
    def stop(self, run: Run) -> None: ...
    def resume(self, run: Run) -> None: ...


class Sweep:
    """A folder with sweep.json: what is varied, and the ids of the runs. All else is derived from the runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    def about(self) -> dict[str, Any]:
        """Returns `created`, `owner`, `data` (as of a run), `choices` (setting -> values), `lesson`, `estimate` (seconds) and `runs`
        (each with `id`, `arm`, and `examples`, the number of its table).
        """
        return json.loads((self.folder / "sweep.json").read_text(encoding="utf-8"))

    def runs(self) -> list[Run]:
        """Returns its runs, in the order of the grid, without deleted ones."""
        found = []
        for each in self.about()["runs"]:
            with suppress(RunError):
                found.append(find_run(each["id"]))
        return found

    def arms(self) -> dict[str, str]:
        """Returns run id -> its arm."""
        return {each["id"]: each["arm"] for each in self.about()["runs"]}

    def state(self) -> str:
        """Returns finished, paused, interrupted, queued or training: the most active state of its unfinished runs."""
        states = {run.state() for run in self.runs()} - set(ENDED)
        if not states:
            return "finished"
        for state in ("queued", "interrupted", "paused"):
            if states == {state}:
                return state
        return "paused" if states <= {"paused", "interrupted"} else "training"

    def start(self, queue: Queue) -> None:
        """Queues all runs, each with those that it leads."""
        for run in self.runs():
            if find_group_leader(run) is None:
                queue.submit(run)

    def pause(self, queue: Queue) -> None:
        """Pauses all unfinished runs."""
        for run in self._unfinished():
            queue.pause(run)

    def stop(self, queue: Queue) -> None:
        """Stops all runs; evaluated ones keep their best model."""
        for run in reversed(self._unfinished()):  # leaders last, so that no follower starts in the meantime
            queue.stop(run)

    def resume(self, queue: Queue) -> None:
        """Queues the unfinished runs, together again as far as possible."""
        unended, tables = self._unfinished(), {each["id"]: each["examples"] for each in self.about()["runs"]}
        for table in sorted(set(tables.values())):
            for leader in _join_alike([run for run in unended if tables[run.id] == table]):
                queue.resume(leader)

    def _unfinished(self) -> list[Run]:
        return [run for run in self.runs() if run.summary() is None]

    def save(self, name: str, content: Mapping[str, Any]) -> None:
        """Writes what was made of the finished runs, such as a lesson's verdicts, as <name>.json."""
        write_atomically(self.folder / f"{name}.json", json.dumps(content, ensure_ascii=False).encode())

    def load(self, name: str) -> dict[str, Any] | None:
        """Reads what `save` wrote, or returns None."""
        with suppress(FileNotFoundError):
            return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        return None

    def delete(self) -> None:
        """Deletes it with all its runs, which must have ended or wait nowhere."""
        for run in self.runs():
            run.delete()
        for file in self.folder.iterdir():
            file.unlink()
        self.folder.rmdir()


def create_sweep(
    members: Sequence[Member],
    data: Mapping[str, Any],
    choices: Mapping[str, Sequence[object]],
    person: Person,
    estimate: float | None = None,
    lesson: str = "",
    details: Mapping[str, Any] | None = None,
) -> Sweep:
    """Writes all runs and then the sweep itself. Runs that can train together form groups (see `group`).

    data: as for `create_run`. choices: what is varied. details: what else to remember, such as a student's prediction.
    """
    sweep = Sweep(home() / "sweeps" / new_id())
    tables = list({id(member.examples): member.examples for member in members}.values())
    numbers = [next(n for n, table in enumerate(tables) if table is member.examples) for member in members]
    runs: list[Run] = []
    for member, number in zip(members, numbers, strict=True):
        first = numbers.index(number)
        examples = runs[first].folder / "data.parquet" if first < len(runs) else member.examples
        runs.append(create_run(member.config, examples, dict(data), owner=person.id, sweep=sweep.id))
    for number in range(len(tables)):
        _join_alike([run for run, mine in zip(runs, numbers, strict=True) if mine == number])
    sweep.folder.mkdir(parents=True)
    about = {
        "created": time.time(),
        "owner": person.id,
        "data": dict(data),
        "choices": {name: list(values) for name, values in choices.items()},
        "estimate": estimate,
        "lesson": lesson,
        "runs": [
            {"id": run.id, "arm": member.arm, "examples": number}
            for run, member, number in zip(runs, members, numbers, strict=True)
        ],
        **(details or {}),
    }
    write_atomically(sweep.folder / "sweep.json", json.dumps(about, ensure_ascii=False, indent=1).encode())
    return sweep


def find_sweep(sweep_id: str) -> Sweep:
    """Returns a sweep by its id, as links name it. Raises RunError if there is none."""
    folder = home() / "sweeps" / sweep_id
    with suppress(OSError):
        if is_safe_name(sweep_id) and (folder / "sweep.json").is_file():
            return Sweep(folder)
    raise RunError("There is no sweep “{name}” here. It may have been deleted, or the link may be cut off.", name=sweep_id)


def list_sweeps(owner: str | None = None) -> list[Sweep]:
    """Returns all sweeps, or those of one person, newest first."""
    folder = home() / "sweeps"
    found = [Sweep(child) for child in folder.iterdir() if (child / "sweep.json").is_file()] if folder.is_dir() else []
    about = {sweep: sweep.about() for sweep in found}
    mine = [sweep for sweep in found if owner is None or about[sweep]["owner"] == owner]
    return sorted(mine, key=lambda sweep: about[sweep]["created"], reverse=True)


def _join_alike(runs: Sequence[Run]) -> list[Run]:
    """Groups runs on the same examples where their settings allow it; returns those that stand in the queue."""
    groups = [[runs[i] for i in alike] for alike in group([run.config() for run in runs])]
    for each in groups:
        join(each)
    return [each[0] for each in groups]
