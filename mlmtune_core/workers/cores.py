"""How many cores a run may use: the machine's, shared by the workers that are busy."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlmtune_core.storage import home, write_atomically

QUIET_EVENTS = 10  # a short first evaluation and the first steps


def share(cores: int, busy: int) -> int:
    """Leaves in $MLMTUNE_HOME how many threads each of the busy workers may use, and returns it: at least one."""
    threads = max(1, cores // max(1, busy))
    write_atomically(_file(), str(threads).encode())
    return threads


def follow(events: int) -> None:
    """Has the calling thread compute with $MLMTUNE_THREADS, or as many as `share` said last on this machine; else as it does.

    events: what the run has said so far. At its beginning one core is left alone: there the page of the run is being opened,
    and two threads of which one must wait for its core take twice as long as one (measured). Counted in events, not in
    seconds, so that a run can be repeated bit for bit.
    """
    import torch  # not in the server, which only shares

    try:
        threads = int(os.environ.get("MLMTUNE_THREADS") or _file().read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return
    if events < QUIET_EVENTS:
        threads = max(1, threads - 1)
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)


@contextmanager
def every_core() -> Iterator[None]:
    """Within, the calling thread computes with every core, though Dask gives its worker one: for long answers that somebody waits
    for, while runs stand back (see processes). Not for short ones: a second thread that waits for work takes its core from the browser.
    """
    with _threads(os.cpu_count() or 1):
        yield


@contextmanager
def one_core() -> Iterator[None]:
    """Within, the calling thread computes alone: for many small products, for which a second thread would only be waited for."""
    with _threads(1):
        yield


@contextmanager
def _threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _file() -> Path:
    return home() / "workers" / f"threads-{socket.gethostname()}"
