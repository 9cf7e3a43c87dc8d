"""The home folder: safe names, atomic writes, size on disk."""

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MAX_NAME_LENGTH = 64  # of an id; file systems raise their own error for much longer names


def home() -> Path:
    """Returns the folder of all stored data: $MLMTUNE_HOME, or ~/.mlmtune."""
    return Path(os.environ.get("MLMTUNE_HOME") or Path.home() / ".mlmtune")


def new_id() -> str:
    """Returns an unguessable id: whoever knows it has read access."""
    return secrets.token_hex(12)  # without "__", which would break the keys of components


def write_atomically(path: Path, content: bytes | Callable[[Path], object], durable: bool = True) -> None:
    """Writes a temporary file next to `path`, then renames it: readers see either the old or the new file, never a part.

    content: bytes, or a function that writes the temporary file. durable: calls fsync before renaming, so that this holds after a
    power cut too. If writing fails, the temporary file is removed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        content(temporary) if callable(content) else temporary.write_bytes(content)
        if durable:
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def link_or_copy(source: Path, target: Path) -> None:
    """Creates a hard link, or a copy if the file system has no hard links. Replaces `target`."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def is_safe_name(name: str) -> bool:
    """True for names like those of new_id: at most 64 ASCII letters, digits, - and _. Such a name cannot leave its folder."""
    return 0 < len(name) <= MAX_NAME_LENGTH and all(character.isascii() and (character.isalnum() or character in "-_") for character in name)


def folder_size(folder: Path) -> int:
    """Returns the bytes that a folder occupies on disk. Files that are deleted meanwhile count as 0."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    total += folder_size(Path(entry.path))
                else:
                    stat = entry.stat(follow_symlinks=False)
                    total += stat.st_blocks * 512 // stat.st_nlink  # a file with two hard links counts once
    return total
