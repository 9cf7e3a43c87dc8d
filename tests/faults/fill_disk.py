"""A file system of 200 MB that fills up while a run goes on. As root: python -m tests.faults.fill_disk [--json]

The run fails with its sentence, the folders of others stay whole, and it goes on after space is freed.
"""

import argparse
import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlmtune_core.events import StepDone
from mlmtune_core.runs.run import Run
from mlmtune_core.workers import worker
from tests.faults.runs import create, differences, is_whole

SIZE_MB = 200
LEFT_BYTES = 256 * 1024


def main() -> int:
    """Prints what was seen, step by step; returns 1 where something is not as promised."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    told = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, _small_disk(Path(folder) / "disk") as disk:
        os.environ["MLMTUNE_HOME"] = f"{folder}/whole"
        twin = create(1)
        list(worker.carry_out(twin))
        os.environ["MLMTUNE_HOME"] = str(disk)
        rows = _fill(disk, twin)
    print(json.dumps({"rows": rows}, indent=1) if told.json else "\n".join(f"{r['name']}: {r['found']}" for r in rows))
    return int(not all(row["as_promised"] for row in rows))


def _fill(disk: Path, twin: Run) -> list[dict[str, object]]:
    finished, run, waiting = create(2), create(1), create(3)
    list(worker.carry_out(finished))
    before = [_digest(finished), _digest(waiting)]
    _carry_out_with_full_disk(run, disk)
    sentence = (run.summary() or {}).get("template", "")
    rows = [_row("state of the run", run.state(), "failed"), _row("its sentence names the disk", "disk of the server is full" in sentence, True)]  # fmt: skip
    rows.append(_row("folders of others unchanged", [_digest(finished), _digest(waiting)] == before, True))
    rows.append(_row("its own folder can be read", is_whole(run), True))
    (disk / "ballast").unlink()
    run.reset()
    list(worker.carry_out(run))
    rows.append(_row("after space was freed", run.state(), "finished"))
    rows.append(_row("went on from where it was kept", len(run.events("Resumed")) > 0, True))
    rows.append(_row("differs from a run without this in", differences(run, twin), []))
    return rows


def _carry_out_with_full_disk(run: Run, disk: Path) -> None:
    """Fills the disk once the run was kept for the first time, then lets it go on until it ends."""
    try:
        for event in worker.carry_out(run):
            if isinstance(event, StepDone) and run.last_file.exists() and not (disk / "ballast").exists():
                _write_ballast(disk)
    except OSError:
        pass  # as the engine sees it: the sentence stands in the folder


def _write_ballast(disk: Path) -> None:
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    with (disk / "ballast").open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, free - LEFT_BYTES)


def _row(name: str, found: object, promised: object) -> dict[str, object]:
    return {"name": name, "found": found, "as_promised": found == promised}


def _digest(run: Run) -> str:
    files = sorted(file for file in run.folder.rglob("*") if file.is_file())
    return hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """A file system of SIZE_MB in memory, mounted at `folder`."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "mlmtune-test", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


if __name__ == "__main__":
    raise SystemExit(main())
