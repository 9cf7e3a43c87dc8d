"""full, head_only, last_layers, gradual, lora: which weights learn, and the proof that the others did not."""

import hashlib
from collections.abc import Callable

import torch
from torch import nn

from mlmtune_core.errors import ConfigError
from mlmtune_core.models.adapters import add_adapters
from mlmtune_core.strategies import count_frozen, parse_strategy


def full(encoder: nn.Module, head: nn.Module) -> None:
    """Every weight that reaches the output learns (the chapter's “fine-tuning completo”)."""
    _set_learning(encoder, True)
    _set_learning(head, True)
    _freeze_unused_pooler(encoder)


def head_only(encoder: nn.Module, head: nn.Module) -> None:
    """Only the head learns (the chapter's “fine-tuning seletivo”)."""
    _set_learning(encoder, False)
    _set_learning(head, True)


def last_layers(encoder: nn.Module, head: nn.Module, count: int) -> None:
    """The head and the last `count` layers learn (the chapter's “fine-tuning em camadas”)."""
    layers = find_layers(encoder)
    if count > len(layers):
        raise ConfigError(
            "Strategy: last_layers:{count}, but this checkpoint has {found} layers. Give a number from 1 to {found}.",
            count=count,
            found=len(layers),
        )
    _set_learning(encoder, False)
    _set_learning(head, True)
    for layer in top_layers(encoder, count):
        _set_learning(layer, True)


def gradual(encoder: nn.Module, head: nn.Module) -> None:
    """The head and all layers learn, not the embeddings; when each of them begins to is seen to while the run goes on (see unfreezing)."""
    last_layers(encoder, head, len(find_layers(encoder)))


def lora(encoder: nn.Module, head: nn.Module, rank: int) -> None:
    """The head learns, and beside two frozen matrices of every layer two small ones of this rank each (see adapters)."""
    add_adapters(encoder, rank)
    _set_learning(head, True)


STRATEGIES: dict[str, Callable[..., None]] = {
    "full": full,
    "head_only": head_only,
    "last_layers": last_layers,
    "gradual": gradual,
    "lora": lora,
}


def apply_strategy(strategy: str, encoder: nn.Module, head: nn.Module) -> None:
    """Sets requires_grad on every weight of encoder and head, for a strategy as it is written in RunConfig."""
    name, count = parse_strategy(strategy)
    STRATEGIES[name](encoder, head, count) if count else STRATEGIES[name](encoder, head)


def find_boundary(strategy: str, encoder: nn.Module) -> int:
    """How many of the first layers are frozen for the whole run, with the embeddings below them: all for head_only, none for full."""
    return count_frozen(strategy, encoder.config.num_hidden_layers)


def find_layers(encoder: nn.Module) -> nn.ModuleList:
    """The stack of layers: the ModuleList whose length is config.num_hidden_layers.

    Raises ConfigError for families that share one layer's weights (ALBERT), which cannot be frozen in part.
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
    """The last `count` layers, the top one last, with what follows the top one in some families."""
    layers, final_norm = [*find_layers(encoder)], getattr(encoder, "final_norm", None)
    above = [final_norm] if count and isinstance(final_norm, nn.Module) else []
    return layers[len(layers) - count :] + above


def set_train_mode(model: nn.Module) -> None:
    """Training mode where something learns; evaluation mode (no dropout) in every block that is wholly frozen."""
    model.train()
    for module in model.modules():
        weights = list(module.parameters())
        if weights and not any(weight.requires_grad for weight in weights):
            module.eval()


def count_weights(model: nn.Module) -> tuple[int, int]:
    """(weights that learn, all weights)."""
    trainable = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    return trainable, sum(weight.numel() for weight in model.parameters())


def hash_frozen(model: nn.Module) -> tuple[str, int]:
    """(SHA-256 over the names and bytes of all frozen weights, how many weights that are)."""
    digest, count = hashlib.sha256(), 0
    for name, weight in sorted(model.named_parameters()):
        if not weight.requires_grad:
            digest.update(name.encode())
            digest.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy())
            count += weight.numel()
    return digest.hexdigest(), count


def _set_learning(module: nn.Module, learns: bool) -> None:
    for weight in module.parameters():
        weight.requires_grad_(learns)


def _freeze_unused_pooler(encoder: nn.Module) -> None:
    """A pooler still in the encoder is on no path to the output: the head `pooler` takes it over (see model.build)."""
    if getattr(encoder, "pooler", None) is not None:
        _set_learning(encoder.pooler, False)
