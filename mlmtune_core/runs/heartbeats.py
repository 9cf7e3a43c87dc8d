"""Which process works on a run: it touches a file as long as it lives."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

BEAT_SECONDS = 2.0
LOST_AFTER_SECONDS = 20.0  # for a process on another machine, which cannot be looked up from here
FREE = "free"  # content of a claim that was released


def is_alive(file: Path) -> bool:
    """Returns whether the process named in `file` lives: looked up on this machine; elsewhere it must have touched the file recently."""
    try:
        told, touched = json.loads(file.read_text(encoding="utf-8")), file.stat().st_mtime
        host, pid, began = told["host"], told["pid"], told["began"]
    except (OSError, ValueError, KeyError):
        return False
    if host != socket.gethostname():
        return time.time() - touched < LOST_AFTER_SECONDS
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process.create_time() == began and process.status() != psutil.STATUS_ZOMBIE
    return False


class RunInUse(Exception):
    """Another living process is at work on the run."""


def who(file: Path) -> tuple[str, int] | None:
    """Returns (machine, process id) of the process named in `file`, living or not; None if there is none."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return told["host"], told["pid"]
    except (OSError, ValueError, KeyError):
        return None


@contextmanager
def beating(files: Sequence[Path]) -> Iterator[None]:
    """Context in which the files name this process and are touched every two seconds; afterwards they are gone.

    Raises RunInUse, before anything is written, if another living process holds one of them. The holder is whoever made the highest
    of the numbered claims, which only one process can make. A process that was suspended for so long that another took over must not write one
    more byte: it ends itself when it notices.
    """
    me = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "began": psutil.Process().create_time()})
    claims: list[Path] = []
    done = threading.Event()

    def keep_beating() -> None:
        while not done.wait(BEAT_SECONDS):
            if any(map(_is_overtaken, files, claims)):
                os.kill(os.getpid(), signal.SIGKILL)
            for file in (*claims, *files):
                with suppress(FileNotFoundError):  # a run may be deleted while it is under way
                    os.utime(file)

    thread = threading.Thread(target=keep_beating, daemon=True)
    try:
        for file in files:
            claims.append(_claim(file, me))
        for file in files:
            file.write_text(me, encoding="utf-8")
        thread.start()
        yield
    finally:
        done.set()
        if thread.ident:
            thread.join()
        for file, claim in zip(files, claims, strict=False):
            if _is_overtaken(file, claim):
                continue
            file.unlink(missing_ok=True)
            with suppress(FileNotFoundError), claim.open("r+", encoding="ascii") as given_back:  # does not create the file again
                given_back.write(FREE)
                given_back.truncate()


def clear_claims(file: Path) -> None:
    """Removes the claims on `file`: nobody will need it again."""
    for claim in _claims(file):
        claim.unlink(missing_ok=True)


def _claim(file: Path, me: str) -> Path:
    """Makes the next claim, atomically: of several processes that try, one succeeds."""
    claims = sorted(_claims(file), key=_number)
    if is_alive(file) or (claims and _is_held(claims[-1])):
        raise RunInUse
    mine = file.with_name(f"{file.name}-{_number(claims[-1]) + 1 if claims else 1}")
    try:
        with mine.open("x", encoding="utf-8") as claim:
            claim.write(me)
    except FileExistsError:
        raise RunInUse from None
    for earlier in claims:
        earlier.unlink(missing_ok=True)
    return mine


def _is_held(claim: Path) -> bool:
    """Returns whether a claim is not released and its process lives; a claim that is just being written counts."""
    try:
        text, touched = claim.read_text(encoding="utf-8"), claim.stat().st_mtime
    except FileNotFoundError:
        return True  # removed by the process that made a later one
    if not text:
        return time.time() - touched < LOST_AFTER_SECONDS
    return text != FREE and is_alive(claim)


def _is_overtaken(file: Path, claim: Path) -> bool:
    return any(_number(other) > _number(claim) for other in _claims(file))


def _claims(file: Path) -> list[Path]:
    return [path for path in file.parent.glob(f"{file.name}-*") if path.name.rpartition("-")[2].isdigit()]


def _number(claim: Path) -> int:
    return int(claim.name.rpartition("-")[2])
