"""Activations of frozen layers that runs on the same texts share, each in the folder of the run that computed them."""

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

DISK_MB = int(os.environ.get("MLMTUNE_CACHE_DISK_MB", "4096"))
KEY_BYTES = 16
Places = Mapping[bytes, tuple[int, int]]


def make_key(checkpoint: Path, boundary: int, first_only: bool) -> str:
    """A name for all activations that one checkpoint makes at one boundary; touching its files changes it."""
    files = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(checkpoint.iterdir())]
    told = json.dumps([str(checkpoint.resolve()), files, boundary, first_only])
    return hashlib.sha256(told.encode()).hexdigest()[:KEY_BYTES]


def borrow(files: list[Path], wanted: Places, values: torch.Tensor) -> set[bytes]:
    """Copies what earlier runs kept of the wanted inputs into `values` (rows, H); returns which are there now.

    A file that vanishes or is damaged meanwhile gives nothing: what is missing is computed again.
    """
    found: set[bytes] = set()
    for file in files:
        try:
            with safe_open(file, "pt") as kept:
                digests, ends = kept.get_tensor("digests").numpy(), kept.get_tensor("ends").tolist()
                rows = kept.get_tensor("values")
            os.utime(file)
        except (OSError, SafetensorError):
            continue
        for i, digest in enumerate(map(bytes, digests)):
            start, end = wanted.get(digest, (0, 0))
            if end > start and digest not in found:
                values[start:end] = rows[ends[i - 1] if i else 0 : ends[i]]
                found.add(digest)
        if len(found) == len(wanted):
            break
    return found


def publish(file: Path, places: Places, values: torch.Tensor, others: list[Path]) -> None:
    """Writes values (rows, H) and what they belong to as one file that is whole or not there.

    All such files together keep below DISK_MB: the ones of `others` not used for the longest go first, and values that
    are too many by themselves are not kept.
    """
    limit = DISK_MB * 2**20 - values.numel() * 4
    if limit < 0:
        return
    _trim(others, limit)
    ordered = sorted(places.items(), key=lambda item: item[1])
    content = {
        "digests": torch.from_numpy(np.frombuffer(b"".join(digest for digest, _ in ordered), np.uint8).reshape(-1, 16).copy()),
        "ends": torch.tensor([end for _, (_, end) in ordered]),
        "values": values,
    }  # fmt: skip
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        save_file(content, temporary)
        temporary.replace(file)
    except (OSError, SafetensorError):  # a full disk costs the next run some time, not this one its result
        temporary.unlink(missing_ok=True)


def _trim(files: list[Path], limit: int) -> None:
    """Removes the files not used for the longest until the rest is at most `limit` bytes. Who has one mapped keeps it."""
    known = []
    for file in files:
        try:
            stat = file.stat()
        except FileNotFoundError:
            continue
        known.append((stat.st_mtime, stat.st_size, file))
    total = sum(size for _, size, _ in known)
    for _, size, file in sorted(known):
        if total <= limit:
            return
        file.unlink(missing_ok=True)
        total -= size
