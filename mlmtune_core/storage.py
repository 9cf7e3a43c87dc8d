"""The folder of everything that is kept: names that lead nowhere else, files that are whole or not there."""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def home() -> Path:
    """The folder of everything that is kept: $MLMTUNE_HOME, or ~/.mlmtune."""
    return Path(os.environ.get("MLMTUNE_HOME") or Path.home() / ".mlmtune")


def new_id() -> str:
    """An unguessable name: who knows it may look."""
    return secrets.token_hex(12)  # no "__" in it: that would break the keys of components


def write_atomically(path: Path, content: bytes) -> None:
    """Writes to a temporary name beside `path`, then renames: a reader sees the old file or the new one, whole."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with temporary.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


def is_plain(name: str) -> bool:
    """True of a name as `new_id` makes it: letters, digits, - and _, no way out of the folder."""
    return bool(name) and all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in name)


def measure(folder: Path) -> int:
    """Bytes that a folder and all in it take on the disk; what vanishes meanwhile counts nothing."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    total += measure(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total
