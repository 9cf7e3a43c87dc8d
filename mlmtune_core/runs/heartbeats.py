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
LOST_AFTER_SECONDS = 20.0  # on another machine, whose processes cannot be seen from here
FREE = "free"  # what stands in a claim that was given back


def is_alive(file: Path) -> bool:
    """Whether the process that `file` names lives: looked up on this machine; elsewhere it must have touched the file lately."""
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
    """Another process that lives is at work on it."""


def who(file: Path) -> tuple[str, int] | None:
    """(machine, process id) of whom `file` names, living or not; None where it names nobody."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return told["host"], told["pid"]
    except (OSError, ValueError, KeyError):
        return None


@contextmanager
def beating(files: Sequence[Path]) -> Iterator[None]:
    """Within: the files name this process and are touched every two seconds, whatever it is doing. After: they are gone.

    Raises RunInUse, before anything is written, where another process that lives holds one of them. Each is held by the one who
    made the highest of its numbered claims, which only one process can. A process that stood still so long that
    another took over must not write one byte more: it ends itself when it finds out.
    """
    me = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "began": psutil.Process().create_time()})
    claims: list[Path] = []
    done = threading.Event()

    def keep_beating() -> None:
        while not done.wait(BEAT_SECONDS):
            if any(map(_is_overtaken, files, claims)):
                os.kill(os.getpid(), signal.SIGKILL)
            for file in (*claims, *files):
                with suppress(FileNotFoundError):  # a run may be deleted while it goes on
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
            with suppress(FileNotFoundError), claim.open("r+", encoding="ascii") as given_back:  # not made anew
                given_back.write(FREE)
                given_back.truncate()


def clear_claims(file: Path) -> None:
    """Removes the traces of all who held `file`: nobody will want it again."""
    for claim in _claims(file):
        claim.unlink(missing_ok=True)


def _claim(file: Path, me: str) -> Path:
    """Makes the next claim, whole or not at all: of several processes that try, one succeeds."""
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
    """Whether it is not given back and its process lives; one that is being written this moment counts."""
    try:
        text, touched = claim.read_text(encoding="utf-8"), claim.stat().st_mtime
    except FileNotFoundError:
        return True  # removed by whoever made a later one
    if not text:
        return time.time() - touched < LOST_AFTER_SECONDS
    return text != FREE and is_alive(claim)


def _is_overtaken(file: Path, claim: Path) -> bool:
    return any(_number(other) > _number(claim) for other in _claims(file))


def _claims(file: Path) -> list[Path]:
    return [path for path in file.parent.glob(f"{file.name}-*") if path.name.rpartition("-")[2].isdigit()]


def _number(claim: Path) -> int:
    return int(claim.name.rpartition("-")[2])
