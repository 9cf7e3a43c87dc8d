"""The last layer, computed for [CLS] alone: a head on [CLS] reads nothing else of it."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional


class FirstTokenLayer(nn.Module):
    """A layer of the BERT kind (BERT, RoBERTa, ELECTRA and what is built like them) that gives (B, 1, H).

    Every token is still looked at, so keys and values are made of all; the query, what follows attention, and the
    feed-forward part are made for the first token only: 10/12 of the layer's products fall away. The weights and their
    dropout are those of `layer`, which is not registered here. Another kind of layer ends in AttributeError.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._layer = [layer]

    def forward(
        self, hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, *_: Any, **__: Any
    ) -> torch.Tensor:
        """(B, T, H) -> (B, 1, H). The mask is what transformers gives its layers: None, or (B, 1, 1 or T, T)."""
        layer = self._layer[0]
        attention = layer.attention.self
        first = hidden_states[:, :1]
        attended = functional.scaled_dot_product_attention(
            *(
                project(hidden).unflatten(-1, (attention.num_attention_heads, -1)).transpose(1, 2)
                for project, hidden in (
                    (attention.query, first),
                    (attention.key, hidden_states),
                    (attention.value, hidden_states),
                )
            ),
            attn_mask=None if attention_mask is None else attention_mask[:, :, :1],
            dropout_p=attention.dropout.p if attention.training else 0.0,
        )
        mixed = layer.attention.output(attended.transpose(1, 2).flatten(2), first)
        return layer.output(layer.intermediate(mixed), mixed)
