"""Activations of frozen layers on disk, shared by runs on the same texts."""

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

from mlmtune_core.training.faster.mapped_rows import Rows, open_rows

DISK_MB = int(os.environ.get("MLMTUNE_CACHE_DISK_MB", "4096"))
KEY_BYTES = 16
Places = Mapping[bytes, tuple[int, int]]


def make_key(checkpoint: Path, weights: str, layers: int, boundary: int, vectors: str) -> str:
    """A name for the activations of a checkpoint's first `layers` at one boundary; it changes when the checkpoint's files are touched.

    `weights`: the initial weights and their seed. `vectors`: what is stored of a text, its token vectors or what a head reads.
    """
    files = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in sorted(checkpoint.iterdir())]
    told = json.dumps([str(checkpoint.resolve()), files, weights, layers, boundary, vectors])
    return hashlib.sha256(told.encode()).hexdigest()[:KEY_BYTES]


def borrow(indices: list[Path], wanted: Places, rows: Rows) -> set[bytes]:
    """Copies what earlier runs stored of the wanted inputs into `rows`; returns the digests found.

    A file that vanishes or is damaged meanwhile is skipped: what is missing is computed again.
    """
    found: set[bytes] = set()
    for index in indices:
        try:
            with safe_open(index, "pt") as kept:
                digests, ends = kept.get_tensor("digests").numpy(), kept.get_tensor("ends").tolist()
            theirs = open_rows(values_file(index), ends[-1], rows.values.shape[1])
            os.utime(index)
        except (OSError, ValueError, SafetensorError):
            continue
        for i, digest in enumerate(map(bytes, digests)):
            start, end = wanted.get(digest, (0, 0))
            if end > start and digest not in found:
                part = theirs.values[ends[i - 1] if i else 0 : ends[i]]
                rows.copy(start, part)
                theirs.used(part.numel())
                found.add(digest)
        if len(found) == len(wanted):
            break
    return found


def publish(index: Path, places: Places, rows: Rows, others: list[Path]) -> None:
    """Writes the values, then the index of what they belong to, each whole or not at all.

    Rows in a mapped file give it away. All such files together stay below DISK_MB: of `others`, the least recently used go first.
    Values too large by themselves are not stored.
    """
    limit = DISK_MB * 2**20 - rows.values.nbytes
    if limit < 0:
        return
    _trim(others, limit)
    ordered = sorted(places.items(), key=lambda item: item[1])
    content = {
        "digests": torch.from_numpy(np.frombuffer(b"".join(digest for digest, _ in ordered), np.uint8).reshape(-1, 16).copy()),
        "ends": torch.tensor([end for _, (_, end) in ordered]),
    }  # fmt: skip
    temporary = index.with_name(f".{index.name}.{secrets.token_hex(4)}")
    try:
        if rows.file is None:
            rows.values.numpy().tofile(temporary)
        rows.flush()
        (rows.file or temporary).replace(values_file(index))
        save_file(content, temporary)
        temporary.replace(index)
    except (OSError, SafetensorError):  # a full disk costs the next run some time, not this one its result
        for left in (temporary, values_file(index)):
            left.unlink(missing_ok=True)


def values_file(index: Path) -> Path:
    """The file of values that belongs to an index."""
    return index.with_suffix(".float32")


def _trim(indices: list[Path], limit: int) -> None:
    """Removes the least recently used files until the rest is at most `limit` bytes. A process that has one mapped keeps it."""
    known = []
    for index in indices:
        try:
            known.append((index.stat().st_mtime, values_file(index).stat().st_size, index))
        except FileNotFoundError:
            continue
    total = sum(size for _, size, _ in known)
    for _, size, index in sorted(known):
        if total <= limit:
            return
        index.unlink(missing_ok=True)
        values_file(index).unlink(missing_ok=True)
        total -= size
