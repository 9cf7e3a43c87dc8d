"""LoRA through peft: small matrices that learn beside frozen ones, and the frozen ones with these added"""

from collections.abc import Iterator

import torch
from torch import nn

from mlmtune_core.errors import ConfigError

KNOWN = "bert, roberta, xlm-roberta, electra, deberta, deberta-v2"  # to peft, of the families that are read here


def add_adapters(encoder: nn.Module, rank: int) -> None:
    """Freezes an encoder and puts A (R x in) and B (out x R) beside the matrices W of its attention that peft names for its family, query
    and value: h = (W + BA) x (Hu et al. 2021, section 4.1). B begins with zeros, and so the model as it was.

    Raises ConfigError for a family that peft does not know.
    """
    from peft import LoraConfig, inject_adapter_in_model  # some seconds, which other strategies need not wait for

    try:
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank), encoder)
    except ValueError as error:
        raise ConfigError(
            "LoRA is not known for checkpoints of type {kind}, only for: {known}. Take one of these, or another strategy.",
            kind=encoder.config.model_type,
            known=KNOWN,
        ) from error


def merged_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Name -> W + BA of every matrix that has an adapter, under the name that it has without one."""
    with torch.no_grad():
        return {f"{name}.weight": _merge(module) for name, module in _adapted(model)}


def merge_adapters(model: nn.Module) -> None:
    """Adds every adapter to its matrix for good, and leaves an ordinary encoder; nothing where there is none."""
    for name, module in list(_adapted(model)):
        whole = module.base_layer
        with torch.no_grad():
            whole.weight.copy_(_merge(module))
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, whole)


def is_adapter(name: str) -> bool:
    """Whether a weight with this name is part of an adapter, A or B."""
    return ".lora_" in name


def _adapted(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((name, module) for name, module in model.named_modules() if hasattr(module, "lora_A"))


def _merge(module: nn.Module) -> torch.Tensor:
    return module.base_layer.weight.detach() + module.get_delta_weight("default")
