"""Runs that are carried out as one training: who leads, with whom, and the others behind the leader"""

from collections.abc import Sequence

from mlmtune_core.run_store import Run


def join(runs: Sequence[Run]) -> None:
    """Has runs be carried out as one training: the first leads, and stands in the queue for all."""
    names = [run.id for run in runs]
    for i, run in enumerate(runs):
        run.tell(leader="" if i == 0 else names[0], together=names if i == 0 and len(names) > 1 else [])


def find_together(run: Run) -> list[Run]:
    """The runs that are carried out with this one, itself first, as far as they have not ended; itself alone where it leads none."""
    names = run.about().get("together") or []
    others = [Run(run.folder.parent / name) for name in names if name != run.id]
    return [run] + [other for other in others if other.folder.is_dir() and other.summary() is None]


def find_leader(run: Run) -> Run | None:
    """The run that stands in the queue for this one, while it has not ended; else None."""
    name = run.about().get("leader")
    leader = Run(run.folder.parent / name) if name else None
    return leader if leader and leader.folder.is_dir() and leader.summary() is None else None


def leave(run: Run) -> None:
    """Has a run that stood behind a leader go on by itself."""
    leader = find_leader(run)
    if leader:
        leader.tell(together=[name for name in leader.about()["together"] if name != run.id])
        run.tell(leader="")
