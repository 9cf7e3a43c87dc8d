"""All runs of this server: created, found by id, listed."""

import json
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.runs.run import Run
from mlmtune_core.storage import home, is_safe_name, link_or_copy, new_id


def create_run(
    config: RunConfig,
    examples: pd.DataFrame | Path,
    data: dict[str, Any],
    folder: Path | None = None,
    estimate: float | None = None,
    owner: str = "",
    sweep: str = "",
) -> Run:
    """Writes config.json and data.parquet of a new run, atomically.

    `examples`: a table, or the file of a run on the same ones; `estimate`: its expected seconds; `owner`: the id of the person who may
    change it (see people); `sweep`: the id of its sweep. Raises RunError if `folder` is not empty.
    """
    folder = folder or home() / "runs" / new_id()
    if folder.exists() and any(folder.iterdir()):
        raise RunError("The folder “{folder}” is not empty. Give a new one.", folder=folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    temporary.mkdir()
    if isinstance(examples, Path):
        link_or_copy(examples, temporary / "data.parquet")
    else:
        examples.to_parquet(temporary / "data.parquet", index=False)
    about = {"config": config.model_dump(), "data": data, "created": time.time(), "estimate": estimate, "owner": owner, "sweep": sweep}
    (temporary / "config.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")
    temporary.replace(folder)
    return Run(folder)


def find_run(run_id: str) -> Run:
    """Returns a run by its id, as links name it: no link leads out of the folder of runs. Raises RunError if there is none."""
    folder = home() / "runs" / run_id
    if is_safe_name(run_id) and _holds_run(folder):
        return Run(folder)
    raise RunError("There is no run “{name}” here. It may have been deleted, or the link may be cut off.", name=run_id)


def open_run(name: str) -> Run:
    """Returns a run by its id or folder, as the command line names it. Raises RunError if there is none."""
    try:
        return find_run(name)
    except RunError:
        folder = Path(os.path.expanduser(name or "-"))
        if _holds_run(folder):
            return Run(folder)
        raise


def list_runs() -> Iterator[Run]:
    """Yields all runs, newest first."""
    folder = home() / "runs"
    children = [child for child in folder.iterdir() if not child.name.startswith(".")] if folder.is_dir() else []
    for child in sorted(children, key=_made, reverse=True):
        if (child / "config.json").is_file():
            yield Run(child)


def _holds_run(folder: Path) -> bool:
    with suppress(OSError):  # the name is too long for the file system
        return (folder / "config.json").is_file() and (folder / "data.parquet").is_file()
    return False


def drop_shared_caches() -> None:
    """Deletes the cached activations of all runs: a run that has them mapped keeps them, later runs compute them again."""
    for path in (home() / "runs").glob("*/prefix-*"):
        path.unlink(missing_ok=True)


def drop_histories() -> None:
    """Deletes the whole models of evaluations of all runs; best models and heads stay."""
    for run in list_runs():
        for epoch, file in run.history().items():
            if run.history_file(epoch, whole=False).exists():
                file.unlink(missing_ok=True)


def _made(folder: Path) -> float:
    """Returns when a folder was created; one that is being deleted counts as the oldest."""
    try:
        return folder.stat().st_ctime
    except FileNotFoundError:
        return 0.0


def join(runs: Sequence[Run]) -> None:
    """Makes runs train together: the first leads, and stands in the queue for all."""
    names = [run.id for run in runs]
    for i, run in enumerate(runs):
        run.update(leader="" if i == 0 else names[0], together=names if i == 0 and len(names) > 1 else [])


def find_group(run: Run) -> list[Run]:
    """Returns the unfinished runs that are carried out with this one, itself first; itself alone if it leads none."""
    names = run.about().get("together") or []
    others = [Run(run.folder.parent / name) for name in names if name != run.id]
    return [run] + [other for other in others if other.folder.is_dir() and other.summary() is None]


def find_group_leader(run: Run) -> Run | None:
    """Returns the unfinished run that stands in the queue for this one, or None."""
    name = run.about().get("leader")
    leader = Run(run.folder.parent / name) if name else None
    return leader if leader and leader.folder.is_dir() and leader.summary() is None else None


def leave(run: Run) -> None:
    """Takes a run out of its group: it goes on by itself."""
    leader = find_group_leader(run)
    if leader:
        leader.update(together=[name for name in leader.about()["together"] if name != run.id])
        run.update(leader="")
