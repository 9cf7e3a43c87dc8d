"""How many cores a run may use: those of the machine, shared by the workers that are busy."""

from pathlib import Path

from mlmtune_core.run_store import home, write_atomically


def share(cores: int, busy: int) -> int:
    """Leaves in $MLMTUNE_HOME how many threads each of the busy workers may use, and returns it: at least one."""
    threads = max(1, cores // max(1, busy))
    write_atomically(_file(), str(threads).encode())
    return threads


def follow() -> None:
    """Has the calling thread compute with as many threads as `share` said last; before that, as it does."""
    import torch  # not in the server, which only shares

    try:
        threads = int(_file().read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)


def _file() -> Path:
    return home() / "workers" / "threads"
