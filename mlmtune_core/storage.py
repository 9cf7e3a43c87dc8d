"""The folder of everything that is kept: names that lead nowhere else, files that are whole or not there."""

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LONGEST_NAME = 64  # of an id; a file system refuses much longer ones with an error of its own


def home() -> Path:
    """The folder of everything that is kept: $MLMTUNE_HOME, or ~/.mlmtune."""
    return Path(os.environ.get("MLMTUNE_HOME") or Path.home() / ".mlmtune")


def new_id() -> str:
    """An unguessable name: who knows it may look."""
    return secrets.token_hex(12)  # no "__" in it: that would break the keys of components


def write_atomically(path: Path, content: bytes | Callable[[Path], object], durable: bool = True) -> None:
    """Writes, or has a function write, to a temporary name beside `path`, then renames: a reader sees the old file or the new one, whole.

    Where `durable`, also after a power cut: the content is on the disk before the name is. Where that fails, nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        content(temporary) if callable(content) else temporary.write_bytes(content)
        if durable:
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def link(source: Path, target: Path) -> None:
    """The same file under a second name; where the file system has no such thing, a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def is_plain(name: str) -> bool:
    """True of a name as `new_id` makes it: letters, digits, - and _, not many, no way out of the folder."""
    return 0 < len(name) <= LONGEST_NAME and all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in name)


def measure(folder: Path) -> int:
    """Bytes that a folder and all in it take on the disk; what vanishes meanwhile counts nothing."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    total += measure(Path(entry.path))
                else:
                    stat = entry.stat(follow_symlinks=False)
                    total += stat.st_blocks * 512 // stat.st_nlink  # a file with two names counts once
    return total
