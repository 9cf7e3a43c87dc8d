"""Saves a run while it trains, so that another attempt can resume it to the bit."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mlmtune_core.events import EvalDone
from mlmtune_core.runs.run import Run
from mlmtune_core.training.setup import Position, ResumePoint, TrainingState
from mlmtune_core.workers.recorder import Recorder

FORMAT = 1  # a run saved in another format starts anew
FIRST_SECONDS, EVERY_SECONDS = 1.0, 5.0  # after preparing; between two snapshots
MOST_TIME_SHARE = 0.03  # of a run's time is spent on snapshots

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Snapshot:
    """A run between two steps: where the loop is, what the recorder knew, and the cached activations (see PrefixCache.snapshot)."""

    point: ResumePoint
    recorded: dict[str, Any]
    prefix: Tensors


class RunCheckpointer:
    """Asked by the loop after every step: saves a snapshot soon after the first step, then now and then, and when the owner pauses."""

    def __init__(self, recorder: Recorder, prefix: Callable[[], Tensors]) -> None:
        self._recorder, self._prefix = recorder, prefix
        self._next = time.monotonic() + FIRST_SECONDS

    def due(self) -> bool:
        """Whether to save now."""
        return self._recorder.wants_pause or time.monotonic() >= self._next

    def save(self, point: ResumePoint) -> bool:
        """Saves a snapshot; returns False if the run is to pause here. Without room on the disk the run goes on unsaved.

        Raises OSError if there is no room to pause.
        """
        began, pause = time.monotonic(), self._recorder.wants_pause
        snapshot = Snapshot(point, self._recorder.state(), self._prefix())
        try:
            self._recorder.run.save_last(lambda path: write_snapshot(snapshot, path))
        except (OSError, SafetensorError):
            if pause:
                raise
        now = time.monotonic()
        self._next = now + max(EVERY_SECONDS, (now - began) / MOST_TIME_SHARE)
        return not pause


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Writes one safetensors file: tensors, and everything else as JSON in its header."""
    position, state = snapshot.point.position, snapshot.point.state
    best = state.best and asdict(replace(state.best, predictions={}))
    header = {
        "format": FORMAT,
        "epoch": position.epoch,
        "done": position.batches_done,
        "shuffle": position.shuffle,
        "standing": asdict(replace(state, best=None)) | {"best": best},
        "recorded": snapshot.recorded,
    }
    tensors = {f"state.{name}": value for name, value in snapshot.point.tensors.items()}
    tensors |= {f"prefix.{name}": value for name, value in snapshot.prefix.items()}
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, {"kept": json.dumps(header)})


def read_snapshot(run: Run) -> Snapshot | None:
    """The last snapshot of a run; None if there is none that can be read."""
    try:
        with safe_open(run.last_file, "pt") as file:
            header = json.loads(file.metadata()["kept"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    if header["format"] != FORMAT:
        return None
    position = Position(header["epoch"], header["done"], header["shuffle"])
    best = header["standing"].pop("best")
    state = TrainingState(**header["standing"], best=best and EvalDone(**best))
    return Snapshot(ResumePoint(position, state, _under("state.", tensors)), header["recorded"], _under("prefix.", tensors))


def _under(prefix: str, tensors: Tensors) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
