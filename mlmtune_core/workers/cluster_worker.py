"""Joins a cluster: starts worker processes for a scheduler's runs until it is interrupted."""

import asyncio
import logging
import os
import secrets
import socket
import sys
import tempfile
from typing import Any

import dask
from distributed import Nanny, Worker

from mlmtune_core.errors import RunError
from mlmtune_core.storage import home
from mlmtune_core.workers.cluster import can_reach
from mlmtune_core.workers.processes import DASK_SETTINGS, worker_options

BEGIN_SECONDS = "300s"  # importing takes long on a slow disk
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 15.0
LONGEST_RUN_SECONDS = 7 * 24 * 3600.0


class LongRunWorker(Worker):
    """A worker that finishes its run before it ends itself, even if the scheduler is lost."""

    async def close(self, timeout: float = LONGEST_RUN_SECONDS, *args: Any, **options: Any) -> str | None:
        """As Worker.close, with a longer timeout (in seconds)."""
        return await super().close(timeout, *args, **options)


def join(address: str, slots: int) -> None:
    """Carries out runs, `slots` at a time, until it is interrupted. Raises RunError if the folder or the scheduler cannot be reached."""
    if not (home() / "workers").is_dir() or not os.access(home(), os.R_OK | os.W_OK):
        raise RunError(
            "“{folder}” is not the folder of a server, or cannot be written. Mount the folder that the server keeps its runs in, and name it in MLMTUNE_HOME.",
            folder=home(),
        )
    if not can_reach(address):
        raise RunError(
            "There is no scheduler at “{address}”. Write it as tcp://host:8786, and start it there with “dask scheduler”.",
            address=address,
        )
    os.environ.setdefault("MLMTUNE_THREADS", str(max(1, (os.cpu_count() or 1) // slots)))
    dask.config.set(DASK_SETTINGS)
    print(
        f"{socket.gethostname()}: {slots} at a time for {address}, runs in {home()}. End with Ctrl+C.", file=sys.stderr
    )
    asyncio.run(_keep_slots(address, slots))


async def _keep_slots(address: str, slots: int) -> None:
    await asyncio.gather(*(_keep_slot(address) for _ in range(slots)))


async def _keep_slot(address: str) -> None:
    """Keeps one worker process alive: it ends with the scheduler, and both come back."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        if await asyncio.to_thread(can_reach, address):
            try:
                async with Nanny(address, **_options()) as nanny:
                    pause = FIRST_PAUSE_SECONDS
                    await nanny.finished()
            except Exception as error:  # whatever it was, the scheduler may be well next time
                logging.getLogger(__name__).error("%s: %s", address, error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _options() -> dict[str, Any]:
    """As for the server's own workers, but on the network; the server sends the warm-up plugin through the scheduler."""
    name = f"{socket.gethostname()}-{secrets.token_hex(2)}"  # a scheduler refuses a name that it believes to be connected
    options = worker_options(name, "train", tempfile.gettempdir())
    for local in ("host", "plugins", "dashboard_address"):
        del options[local]
    return options | {"worker_class": LongRunWorker, "death_timeout": BEGIN_SECONDS}
