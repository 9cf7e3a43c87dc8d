"""An encoder with a head on top: token ids in, logits out; and the encoder cut in two between its layers."""

from typing import Any

import torch
from torch import nn

from mlmtune_core.freezing import find_layers

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Model(nn.Module):
    """encoder -> token vectors (B, T, H) -> head -> logits: (B, C) for a text, (B, T, C) for tokens.

    `boundary` says where the encoder is cut when a batch brings `hidden`: what layer number `boundary` would read, as
    prefix_cache keeps it (0: the first layer; the number of layers: what the head reads).
    """

    def __init__(self, encoder: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.boundary = 0

    def forward(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Logits of a batch with input_ids, attention_mask and, where the family has them, token_type_ids (B, T)."""
        if "hidden" in batch:
            return self.head(run_above(self.encoder, self.boundary, batch))
        return self.head(self.encoder(**_inputs(batch)).last_hidden_state)


def build(encoder: nn.Module, head: nn.Module) -> Model:
    """Joins both. A head with a place for the encoder's pooler takes it over, weights included."""
    if hasattr(head, "take_pooler"):
        head.take_pooler(encoder)
    return Model(encoder, head)


def run_below(encoder: nn.Module, boundary: int, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """What layer number `boundary` reads, (B, T, H), without gradients; past the last layer, the encoder's output."""
    with torch.no_grad():
        if boundary == encoder.config.num_hidden_layers:
            return encoder(**_inputs(batch)).last_hidden_state
        handle = find_layers(encoder)[boundary].register_forward_pre_hook(_catch, with_kwargs=True)
        try:
            encoder(**_inputs(batch))
        except _Caught as caught:
            return caught.hidden
        finally:
            handle.remove()
    raise AssertionError("the encoder never reached its layer")


def run_above(encoder: nn.Module, boundary: int, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The encoder's output (B, T, H) from `hidden`, what layer number `boundary` reads; the layers below do not run."""
    hidden = batch["hidden"]
    if boundary == encoder.config.num_hidden_layers:
        return hidden

    def replace(
        layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return ((hidden, *args[1:]), kwargs) if args else (args, kwargs | {"hidden_states": hidden})

    stack = find_layers(encoder)
    every = dict(stack.named_children())
    handle = stack[boundary].register_forward_pre_hook(replace, with_kwargs=True)
    stack._modules = {str(i): layer for i, layer in enumerate(list(every.values())[boundary:])}
    try:
        return encoder(**_inputs(batch)).last_hidden_state
    finally:
        stack._modules = every
        handle.remove()


class _Caught(Exception):
    """Ends a forward pass at the boundary, with what was found there."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self.hidden = hidden


def _catch(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    raise _Caught(args[0] if args else kwargs["hidden_states"])


def _inputs(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: batch[name] for name in INPUTS if name in batch}
