"""LoRA through peft: adds small trainable matrices to a frozen encoder and merges them after training."""

from collections.abc import Iterator

import torch
from torch import nn

from mlmtune_core.errors import ConfigError

SUPPORTED_FAMILIES = "bert, roberta, xlm-roberta, electra, deberta, deberta-v2"  # those of the families read here that peft supports


def add_adapters(encoder: nn.Module, rank: int) -> None:
    """Freezes an encoder and adds trainable matrices A (R x in) and B (out x R) to the query and value matrices W of its attention.

    h = (W + BA) x (Hu et al. 2021, section 4.1). B is initialised with zeros, so the model's output is unchanged at first.
    peft knows which modules of each family are query and value. Raises ConfigError for a family that peft does not support.
    """
    from peft import LoraConfig, inject_adapter_in_model  # takes seconds: only runs that use LoRA should wait for it

    try:
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank), encoder)
    except ValueError as error:
        raise ConfigError(
            "LoRA is not known for checkpoints of type {kind}, only for: {known}. Take one of these, or another strategy.",
            kind=encoder.config.model_type,
            known=SUPPORTED_FAMILIES,
        ) from error


def merged_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Returns name -> W + BA for every matrix with an adapter. The names are those of the encoder without adapters."""
    with torch.no_grad():
        return {f"{name}.weight": _merge(module) for name, module in _adapted_modules(model)}


def merge_adapters(model: nn.Module) -> None:
    """Replaces every adapted matrix by W + BA, which leaves an ordinary encoder. Does nothing without adapters."""
    for name, module in list(_adapted_modules(model)):
        base = module.base_layer
        with torch.no_grad():
            base.weight.copy_(_merge(module))
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, base)
    for module in model.modules():
        vars(module).pop("peft_config", None)  # peft warns of a second adapter where it finds one


def is_adapter(name: str) -> bool:
    """Whether the weight of this name belongs to an adapter (A or B)."""
    return ".lora_" in name


def _adapted_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    return ((name, module) for name, module in model.named_modules() if hasattr(module, "lora_A"))


def _merge(module: nn.Module) -> torch.Tensor:
    return module.base_layer.weight.detach() + module.get_delta_weight("default")
