"""Heads on top of the encoder: linear, pooler or mlp for a text, linear for every token.

`reads_one_vector`: whether the head reads one vector per text, the first it is given ([CLS], or the result of pooling), or one per token.
`needs_labels`: whether forward takes the labels too, to compute scores only for tokens that have one (see masked_head).
D is the size of the vector that the head reads: the hidden size H, or a multiple of it (see model.pool).
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from mlmtune_core.errors import ConfigError
from mlmtune_core.language import mark


class LinearHead(nn.Module):
    """The chapter's head: z = h[CLS] W + b. Hidden (B, T, D) -> logits (B, C)."""

    reads_one_vector, needs_labels = True, False

    def __init__(self, hidden_size: int, outputs: int, dropout: float, vectors: int = 1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = _make_linear(vectors * hidden_size, outputs)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, C)."""
        return self.classifier(self.dropout(hidden[:, 0]))


class TwoLayerHead(nn.Module):
    """Dense layer, activation, dropout, linear layer. Hidden (B, T, D) -> logits (B, C)."""

    reads_one_vector, needs_labels = True, False
    activate: Callable[[torch.Tensor], torch.Tensor]

    def __init__(self, hidden_size: int, outputs: int, dropout: float, vectors: int = 1) -> None:
        super().__init__()
        self.dense = _make_linear(vectors * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.classifier = _make_linear(hidden_size, outputs)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, C)."""
        return self.classifier(self.dropout(self.activate(self.dense(hidden[:, 0]))))


class PoolerHead(TwoLayerHead):
    """The head that transformers uses, with tanh. Its dense layer is the encoder's pre-trained pooler, if there is one."""

    activate = staticmethod(torch.tanh)

    def init_from(self, encoder: nn.Module) -> None:
        """Moves the encoder's pooler into this head, if it is built like BERT's and has the same shape."""
        dense = getattr(getattr(encoder, "pooler", None), "dense", None)
        if dense is not None and dense.weight.shape == self.dense.weight.shape:
            self.dense = dense
            encoder.pooler = None


class MlpHead(TwoLayerHead):
    """One hidden layer with GELU. All weights are initialised at random."""

    activate = staticmethod(functional.gelu)


class TokenHead(nn.Module):
    """The chapter's labelling layer: z_i = h_i W + b for every token. (B, T, H) -> (B, T, C)."""

    reads_one_vector, needs_labels = False, False

    def __init__(self, hidden_size: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = _make_linear(hidden_size, outputs)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, H) -> (B, T, C)."""
        return self.classifier(self.dropout(hidden))


TEXT_HEADS = {"linear": LinearHead, "pooler": PoolerHead, "mlp": MlpHead}
TOKEN_HEADS = {"linear": TokenHead}


def build_text_head(head: str, hidden_size: int, outputs: int, dropout: float, vectors: int = 1) -> nn.Module:
    """Builds `linear`, `pooler` or `mlp` for a text, on `vectors` concatenated vectors. Raises ConfigError for another name."""
    return _choose(TEXT_HEADS, head)(hidden_size, outputs, dropout, vectors)


def build_token_head(head: str, hidden_size: int, outputs: int, dropout: float) -> nn.Module:
    """Builds `linear` for the vector of every token. Raises ConfigError for another name."""
    return _choose(TOKEN_HEADS, head)(hidden_size, outputs, dropout)


def _choose(heads: dict[str, type[nn.Module]], head: str) -> type[nn.Module]:
    if head not in heads:
        raise ConfigError(
            "{title}: “{found}” is not known. Write one of: {known}.",
            title=mark("Head"),
            found=head,
            known=", ".join(heads),
        )
    return heads[head]


def _make_linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer initialised like BERT's: weights from N(0, 0.02), biases 0 (Devlin et al. 2019)."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=0.02)
    nn.init.zeros_(layer.bias)
    return layer
