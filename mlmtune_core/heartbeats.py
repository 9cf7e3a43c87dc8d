"""Who is at work on a run: its process, named in a file that it touches as long as it lives."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

BEAT_SECONDS = 2.0
LOST_AFTER_SECONDS = 20.0  # on another machine, whose processes cannot be seen from here


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


@contextmanager
def beating(files: Sequence[Path]) -> Iterator[None]:
    """Within: the files name this process and are touched every two seconds, whatever it is doing. After: they are gone."""
    me = {"host": socket.gethostname(), "pid": os.getpid(), "began": psutil.Process().create_time()}
    for file in files:
        file.write_text(json.dumps(me), encoding="utf-8")
    done = threading.Event()

    def beat_on() -> None:
        while not done.wait(BEAT_SECONDS):
            for file in files:
                with suppress(FileNotFoundError):  # a run may be deleted while it goes on
                    os.utime(file)

    thread = threading.Thread(target=beat_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for file in files:
            file.unlink(missing_ok=True)
