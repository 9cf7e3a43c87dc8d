"""Decides which weights are trained (full, head_only, last_layers, gradual, lora) and freezes the rest."""

import hashlib
from collections.abc import Callable

import torch
from torch import nn

from mlmtune_core.errors import ConfigError
from mlmtune_core.models.adapters import add_adapters
from mlmtune_core.strategies import count_frozen, parse_strategy


def full(encoder: nn.Module, head: nn.Module) -> None:
    """Trains every weight that the output depends on (the chapter's “fine-tuning completo”)."""
    _set_trainable(encoder, True)
    _set_trainable(head, True)
    _freeze_unused_pooler(encoder)


def head_only(encoder: nn.Module, head: nn.Module) -> None:
    """Freezes the encoder and trains the head (the chapter's “fine-tuning seletivo”)."""
    _set_trainable(encoder, False)
    _set_trainable(head, True)


def last_layers(encoder: nn.Module, head: nn.Module, count: int) -> None:
    """Trains the head and the last `count` layers; freezes the layers below and the embeddings (the chapter's “fine-tuning em camadas”).

    Raises ConfigError if the encoder has fewer than `count` layers.
    """
    layers = find_layers(encoder)
    if count > len(layers):
        raise ConfigError(
            "Strategy: last_layers:{count}, but this checkpoint has {found} layers. Give a number from 1 to {found}.",
            count=count,
            found=len(layers),
        )
    _set_trainable(encoder, False)
    _set_trainable(head, True)
    for layer in top_layers(encoder, count):
        _set_trainable(layer, True)


def gradual(encoder: nn.Module, head: nn.Module) -> None:
    """Trains the head and all layers, but not the embeddings. During the run, layers are unfrozen from the top (see training/unfreezing)."""
    last_layers(encoder, head, len(find_layers(encoder)))


def lora(encoder: nn.Module, head: nn.Module, rank: int) -> None:
    """Freezes the encoder; trains the head and low-rank adapters on the query and value matrices of every layer (see adapters)."""
    add_adapters(encoder, rank)
    _set_trainable(head, True)


STRATEGIES: dict[str, Callable[..., None]] = {
    "full": full,
    "head_only": head_only,
    "last_layers": last_layers,
    "gradual": gradual,
    "lora": lora,
}


def apply_strategy(strategy: str, encoder: nn.Module, head: nn.Module) -> None:
    """Sets requires_grad on every weight of encoder and head. `strategy` is RunConfig.strategy, such as "last_layers:2"."""
    name, count = parse_strategy(strategy)
    STRATEGIES[name](encoder, head, count) if count else STRATEGIES[name](encoder, head)


def count_frozen_layers(strategy: str, encoder: nn.Module) -> int:
    """Number of layers, from the bottom, that stay frozen during the whole run: all for head_only, none for full, gradual and lora.

    The embeddings below a frozen layer are frozen too.
    """
    return count_frozen(strategy, encoder.config.num_hidden_layers)


def find_layers(encoder: nn.Module) -> nn.ModuleList:
    """Returns the stack of layers: the ModuleList whose length is config.num_hidden_layers.

    Raises ConfigError for families whose layers share their weights (ALBERT): these cannot be frozen in part.
    """
    wanted = encoder.config.num_hidden_layers
    for module in encoder.modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted:
            return module
    raise ConfigError(
        "This checkpoint has no stack of {wanted} separate layers (ALBERT shares one). Choose full or head_only, all its layers, and one rate for them.",
        wanted=wanted,
    )


def top_layers(encoder: nn.Module, count: int) -> list[nn.Module]:
    """Returns the last `count` layers, bottom first, and after them the final LayerNorm that some families have."""
    layers, final_norm = [*find_layers(encoder)], getattr(encoder, "final_norm", None)
    above = [final_norm] if count and isinstance(final_norm, nn.Module) else []
    return layers[len(layers) - count :] + above


def set_train_mode(model: nn.Module) -> None:
    """Sets training mode, except in modules that are entirely frozen: those stay in evaluation mode, without dropout."""
    model.train()
    for module in model.modules():
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            module.eval()


def count_weights(model: nn.Module) -> tuple[int, int]:
    """Returns (number of trainable weights, number of all weights)."""
    trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    return trainable, sum(weight.numel() for weight in model.parameters())


def hash_frozen(model: nn.Module) -> tuple[str, int]:
    """Returns (SHA-256 over the names and bytes of all frozen weights, number of frozen weights).

    If the hash is the same before and after training, no frozen weight has changed.
    """
    digest, count = hashlib.sha256(), 0
    for name, weight in sorted(model.named_parameters()):
        if not weight.requires_grad:
            digest.update(name.encode())
            digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy())
            count += weight.numel()
    return digest.hexdigest(), count


def _set_trainable(module: nn.Module, trainable: bool) -> None:
    for weight in module.parameters():
        weight.requires_grad_(trainable)


def _freeze_unused_pooler(encoder: nn.Module) -> None:
    """Freezes a pooler that is still in the encoder: the output does not depend on it. (The head `pooler` takes it out, see model.build.)"""
    if getattr(encoder, "pooler", None) is not None:
        _set_trainable(encoder.pooler, False)
