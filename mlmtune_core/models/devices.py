"""Where tensors live: the processor, or a graphics card where there is one."""

import os
import platform
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch

from mlmtune_core.errors import ConfigError

DEVICE = os.environ.get("MLMTUNE_DEVICE", "auto")  # auto, cpu, cuda or cuda:1
CPUINFO = Path("/proc/cpuinfo")
STEPS_UNREAD = 10  # on a card: reading a loss makes the processor wait for it


def choose_device() -> torch.device:
    """What MLMTUNE_DEVICE says; `auto` is the first card, else the processor. Raises ConfigError for a card that is not there."""
    cards = torch.cuda.device_count()
    if DEVICE == "auto":
        return torch.device("cuda" if cards else "cpu")
    try:
        device = torch.device(DEVICE)
    except RuntimeError:
        device = None
    if device is None or device.type not in ("cpu", "cuda") or (device.type == "cuda" and (device.index or 0) >= cards):
        raise ConfigError(
            "MLMTUNE_DEVICE: “{found}” is not here. Write auto, cpu, or cuda where there is a graphics card.",
            found=DEVICE,
        )
    return device


def describe_device(device: torch.device) -> str:
    """What people call it: the card's name, or the processor's model where the system tells it, else its architecture."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines() if CPUINFO.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def move(batch: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    """The batch on the device; to a card from pinned memory, without waiting for the copy."""
    if device.type == "cpu":
        return batch
    return {name: values.pin_memory().to(device, non_blocking=True) for name, values in batch.items()}


def precision(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 products on a card (weights, losses and the optimizer stay float32); float32 throughout on the processor."""
    return torch.autocast(device.type, torch.bfloat16) if device.type == "cuda" else nullcontext()


def steps_unread(device: torch.device) -> int:
    """After how many steps their losses are read back."""
    return STEPS_UNREAD if device.type == "cuda" else 1
