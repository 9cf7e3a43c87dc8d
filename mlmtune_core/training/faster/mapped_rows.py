"""Rows of numbers: in memory up to a limit, beyond it in a memory-mapped file."""

import mmap
import os
from pathlib import Path

import torch

RESIDENT_BYTES = 4 * 2**20  # of a mapped file, before its pages are handed back


class Rows:
    """`values`, (count, width) in float32. Of a mapped `file`, used pages are handed back to the system from time to time.

    They stay in the page cache until the memory is needed, so that reading them again costs next to nothing.
    """

    def __init__(self, values: torch.Tensor, file: Path | None = None, pages: mmap.mmap | None = None) -> None:
        self.values, self.file = values, file
        self._pages, self._used = pages, 0

    def copy(self, start: int, rows: torch.Tensor) -> None:
        """Writes rows (n, width) from `start` on."""
        self.values[start : start + len(rows)] = rows
        self.used(rows.numel())

    def used(self, numbers: int) -> None:
        """Counts numbers that were read or written."""
        self._used += numbers * self.values.itemsize
        if self._pages is not None and self._used > RESIDENT_BYTES and hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED)
            self._used = 0

    def flush(self) -> None:
        """Writes the file to the disk, so that it survives a power cut."""
        if self._pages is not None:
            self._pages.flush()


def reserve(count: int, width: int, file: Path | None, memory_bytes: int, resumed: bool = False) -> Rows:
    """Room for (count, width): in memory, or in `file` beyond `memory_bytes`; in memory after all if the disk is full.

    The file is written anew, unless `resumed` says that its content is still wanted.
    """
    size = count * width * torch.float32.itemsize
    if file is None or size <= memory_bytes:
        return Rows(torch.empty(count, width))
    if resumed and file.exists():
        return open_rows(file, count, width)
    try:
        with file.open("wb") as empty:
            _allocate(empty.fileno(), size)
    except OSError:
        file.unlink(missing_ok=True)
        return Rows(torch.empty(count, width))
    return open_rows(file, count, width)


def open_rows(file: Path, count: int, width: int) -> Rows:
    """Opens a file that holds (count, width). Raises OSError if it is missing, ValueError if it has another size."""
    with file.open("r+b") as found:
        pages = mmap.mmap(found.fileno(), 0)
    if len(pages) != count * width * torch.float32.itemsize:
        raise ValueError(f"{file}: {len(pages)} bytes are not {count} x {width} numbers")
    return Rows(torch.frombuffer(pages, dtype=torch.float32).view(count, width), file, pages)


def _allocate(descriptor: int, size: int) -> None:
    """Takes the room on the disk now: writing into a mapped file without room would end the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.truncate(descriptor, size)
