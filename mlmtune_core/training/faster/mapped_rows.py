"""Rows of numbers: in memory up to a limit, beyond it in a mapped file of which only a little stays resident."""

import mmap
import os
from pathlib import Path

import torch

RESIDENT_BYTES = 4 * 2**20  # of a mapped file, before its pages are handed back


class Rows:
    """`values`, (count, width) in float32. In a `file`, pages that were used are handed back to the system from time to time.

    They stay in its page cache as long as nobody needs the memory: to come back to them costs next to nothing.
    """

    def __init__(self, values: torch.Tensor, file: Path | None = None, pages: mmap.mmap | None = None) -> None:
        self.values, self.file = values, file
        self._pages, self._used = pages, 0

    def copy(self, start: int, rows: torch.Tensor) -> None:
        """Writes rows (n, width) from `start` on."""
        self.values[start : start + len(rows)] = rows
        self.used(rows.numel())

    def used(self, numbers: int) -> None:
        """Says that so many numbers were read or written."""
        self._used += numbers * self.values.itemsize
        if self._pages is not None and self._used > RESIDENT_BYTES and hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED)
            self._used = 0

    def flush(self) -> None:
        """Has what was written into the file survive a power cut."""
        if self._pages is not None:
            self._pages.flush()


def reserve(count: int, width: int, file: Path, memory_bytes: int, again: bool = False) -> Rows:
    """Room for (count, width): memory, or, beyond so many bytes, `file`; memory again where the disk is full.

    The file is written anew, unless `again` says that what stands in it is still wanted.
    """
    size = count * width * torch.float32.itemsize
    if size <= memory_bytes:
        return Rows(torch.empty(count, width))
    if again and file.exists():
        return open_rows(file, count, width)
    try:
        with file.open("wb") as empty:
            _allocate(empty.fileno(), size)
    except OSError:
        file.unlink(missing_ok=True)
        return Rows(torch.empty(count, width))
    return open_rows(file, count, width)


def open_rows(file: Path, count: int, width: int) -> Rows:
    """A file that holds (count, width). Raises OSError where it is not there, ValueError where it is of another size."""
    with file.open("r+b") as found:
        pages = mmap.mmap(found.fileno(), 0)
    if len(pages) != count * width * torch.float32.itemsize:
        raise ValueError(f"{file}: {len(pages)} bytes are not {count} x {width} numbers")
    return Rows(torch.frombuffer(pages, dtype=torch.float32).view(count, width), file, pages)


def _allocate(descriptor: int, size: int) -> None:
    """Takes the room on the disk now: to write into a mapped file without room ends the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.truncate(descriptor, size)
