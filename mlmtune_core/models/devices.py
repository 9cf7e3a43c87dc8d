"""Chooses the device (CPU or GPU), moves batches to it and sets the precision of its products."""

import os
import platform
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch

from mlmtune_core.errors import ConfigError

DEVICE = os.environ.get("MLMTUNE_DEVICE", "auto")  # auto, cpu, cuda or cuda:1
CPUINFO = Path("/proc/cpuinfo")
LOSS_READ_INTERVAL = 10  # steps, on a GPU: reading a loss makes the CPU wait until the GPU has computed it


def choose_device() -> torch.device:
    """Returns the device that MLMTUNE_DEVICE names; `auto` is the first GPU, or else the CPU. Raises ConfigError for a GPU that does not exist."""
    gpus = torch.cuda.device_count()
    if DEVICE == "auto":
        return torch.device("cuda" if gpus else "cpu")
    try:
        device = torch.device(DEVICE)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda") or (device.type == "cuda" and (device.index or 0) >= gpus):
        raise ConfigError(
            "MLMTUNE_DEVICE: “{found}” is not here. Write auto, cpu, or cuda where there is a graphics card.",
            found=DEVICE,
        )
    return device


def describe_device(device: torch.device) -> str:
    """Returns the name of the GPU, or the CPU's model if the system reveals it, or else the CPU's architecture."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines() if CPUINFO.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def move_batch(batch: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    """Returns the batch on the device. A copy to a GPU goes through pinned memory and does not block."""
    if device.type == "cpu":
        return batch
    return {name: values.pin_memory().to(device, non_blocking=True) for name, values in batch.items()}


def precision(device: torch.device) -> AbstractContextManager[object]:
    """Autocasts products to bfloat16 on a GPU (weights, losses and the optimizer stay float32). On the CPU all stays float32."""
    return torch.autocast(device.type, torch.bfloat16) if device.type == "cuda" else nullcontext()


def loss_read_interval(device: torch.device) -> int:
    """Number of steps after which their losses are read back from the device."""
    return LOSS_READ_INTERVAL if device.type == "cuda" else 1
