"""How many cores a run may use: the machine's, shared by the workers that are busy."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlmtune_core.storage import home, write_atomically

QUIET_EVENTS = 10  # covers a short first evaluation and the first steps


def share(cores: int, busy: int) -> int:
    """Writes to $MLMTUNE_HOME how many threads each busy worker may use, and returns it: at least one."""
    threads = max(1, cores // max(1, busy))
    write_atomically(_file(), str(threads).encode())
    return threads


def follow(events: int) -> None:
    """Sets the calling thread's number of torch threads: $MLMTUNE_THREADS, or what `share` last wrote on this machine.

    events: number of events of the run so far. During the first ones, one core is left free: the run's page is being opened, and two
    threads of which one must wait for its core take twice as long as one (measured). Counted in events, not in seconds, so that a
    run can be repeated bit for bit.
    """
    import torch  # imported here because the server only calls share

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
    """Context in which the calling thread uses every core, although Dask gives its worker one.

    For long answers that somebody waits for while runs yield (see processes). Not for short ones: a second thread that waits for
    work takes its core from the browser.
    """
    with _threads(os.cpu_count() or 1):
        yield


@contextmanager
def one_core() -> Iterator[None]:
    """Context in which the calling thread uses one core: for many small products, where a second thread is only waited for."""
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
