"""When a run is kept: soon after its first step, then now and then, and where its owner wants it to pause."""

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
from mlmtune_core.training.evaluation import Standing
from mlmtune_core.training.steps import State
from mlmtune_core.workers.recorder import Recorder

FORMAT = 1  # a run kept in another one begins anew

Tensors = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Kept:
    """What was kept of a run: its state, what its recorder knew, and the activations (see PrefixCache.kept)."""

    state: State
    recorded: dict[str, Any]
    prefix: Tensors


def write_kept(kept: Kept, path: Path) -> None:
    """One safetensors file: tensors, and the rest as JSON in its header."""
    state, best = kept.state, kept.state.standing.best
    standing = asdict(replace(state.standing, best=None)) | {"best": best and asdict(replace(best, predictions={}))}
    told = {"format": FORMAT, "epoch": state.epoch, "done": state.done, "shuffle": state.shuffle, "standing": standing, "recorded": kept.recorded}  # fmt: skip
    tensors = {f"state.{name}": value for name, value in state.tensors.items()}
    tensors |= {f"prefix.{name}": value for name, value in kept.prefix.items()}
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, {"kept": json.dumps(told)})


def read_kept(run: Run) -> Kept | None:
    """What `write_kept` wrote last; None where there is nothing that can be read."""
    try:
        with safe_open(run.last_file, "pt") as file:
            told = json.loads(file.metadata()["kept"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    if told["format"] != FORMAT:
        return None
    standing, best = told["standing"], told["standing"].pop("best")
    state = State(
        told["epoch"],
        told["done"],
        told["shuffle"],
        Standing(**standing, best=best and EvalDone(**best)),
        _under("state.", tensors),
    )
    return Kept(state, told["recorded"], _under("prefix.", tensors))


def _under(prefix: str, tensors: Tensors) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


SOON_SECONDS, EVERY_SECONDS = 1.0, 5.0  # after preparing; between two times
SHARE = 0.03  # of a run's time at most is spent on keeping it


class Keeper:
    """Asked by the loop after every step (see training.train)."""

    def __init__(self, recorder: Recorder, prefix: Callable[[], Mapping[str, torch.Tensor]]) -> None:
        self._recorder, self._prefix = recorder, prefix
        self._next = time.monotonic() + SOON_SECONDS

    def due(self) -> bool:
        """Whether this is a moment to keep."""
        return self._recorder.wants_pause or time.monotonic() >= self._next

    def keep(self, state: State) -> bool:
        """Keeps it; False where the run is to pause here. A disk without room costs the run its safety, not its life.

        Raises OSError where there is no room to pause.
        """
        began, pause = time.monotonic(), self._recorder.wants_pause
        kept = Kept(state, self._recorder.kept(), self._prefix())
        try:
            self._recorder.run.keep_last(lambda path: write_kept(kept, path))
        except (OSError, SafetensorError):
            if pause:
                raise
        now = time.monotonic()
        self._next = now + max(EVERY_SECONDS, (now - began) / SHARE)
        return not pause
