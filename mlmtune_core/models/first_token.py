"""Computes the last layer for [CLS] alone, because a head on [CLS] reads nothing else of it."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional


class FirstTokenLayer(nn.Module):
    """Wraps a layer built like BERT's (BERT, RoBERTa, ELECTRA and relatives) and returns its output for the first token: (B, 1, H).

    [CLS] still attends to every token, so keys and values are computed for all. The query, the attention's output projection
    and the feed-forward part are computed for the first token only, which saves 10/12 of the layer's products. Weights and
    dropout are those of `layer`, which is not registered as a submodule. Any other kind of layer raises AttributeError.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._layer = [layer]  # in a list, so that its weights are not registered twice

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, *_: Any, **__: Any
    ) -> torch.Tensor:
        """(B, T, H) -> (B, 1, H). The mask is as transformers passes it to layers: None, or (B, 1, 1 or T, T)."""
        layer = self._layer[0]
        attention = layer.attention.self
        first = hidden_states[:, :1]
        query, key, value = (
            project(hidden).unflatten(-1, (attention.num_attention_heads, -1)).transpose(1, 2)
            for project, hidden in (
                (attention.query, first),
                (attention.key, hidden_states),
                (attention.value, hidden_states),
            )
        )
        attended = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if attention_mask is None else attention_mask[:, :, :1],
            dropout_p=attention.dropout.p if attention.training else 0.0,
        )
        mixed = layer.attention.output(attended.transpose(1, 2).flatten(2), first)
        return layer.output(layer.intermediate(mixed), mixed)
