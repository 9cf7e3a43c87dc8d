"""What is kept of a run under way, to the bit: with it another attempt goes on as if there had been no interruption."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mlmtune_core.evaluating import Standing
from mlmtune_core.events import EvalDone
from mlmtune_core.run_store import Run
from mlmtune_core.stepping import State

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
