"""What stands on top of the encoder: linear, pooler or mlp for a text, linear for every token.

`first_only`: whether a head reads one vector of a text, the first of those it is given: [CLS], or what pooling made of them. `reads_truth`: whether
it is told what is asked, and answers that alone. `D` is how many numbers it reads: the hidden size H, or several times that (see pooling).
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from mlmtune_core.errors import ConfigError
from mlmtune_core.language import mark


class LinearHead(nn.Module):
    """The chapter's head: z = h[CLS] W + b. Hidden (B, T, D) -> logits (B, C)."""

    first_only, reads_truth = True, False

    def __init__(self, hidden_size: int, outputs: int, dropout: float, vectors: int = 1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = _make_linear(vectors * hidden_size, outputs)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, D) -> (B, C)."""
        return self.classifier(self.dropout(hidden[:, 0]))


class TwoLayerHead(nn.Module):
    """Dense, an activation, dropout, linear, on what is read of a text. Hidden (B, T, D) -> logits (B, C)."""

    first_only, reads_truth = True, False
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
    """transformers' own head, with tanh, on [CLS]; its first layer comes from the encoder where there is one."""

    activate = staticmethod(torch.tanh)

    def take_from(self, encoder: nn.Module) -> None:
        """Moves the encoder's pre-trained pooler here, where there is one of the BERT kind that reads as many numbers."""
        dense = getattr(getattr(encoder, "pooler", None), "dense", None)
        if dense is not None and dense.weight.shape == self.dense.weight.shape:
            self.dense = dense
            encoder.pooler = None


class MlpHead(TwoLayerHead):
    """One hidden layer with GELU; all of it begins at random."""

    activate = staticmethod(functional.gelu)


class TokenHead(nn.Module):
    """The chapter's labelling layer: z_i = h_i W + b for every token. (B, T, H) -> (B, T, C)."""

    first_only, reads_truth = False, False

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
    """`linear`, `pooler` or `mlp` on `vectors` vectors of a text, one after the other. Raises ConfigError for another name."""
    return _find(TEXT_HEADS, head)(hidden_size, outputs, dropout, vectors)


def build_token_head(head: str, hidden_size: int, outputs: int, dropout: float) -> nn.Module:
    """`linear` on every token's vector. Raises ConfigError for another name."""
    return _find(TOKEN_HEADS, head)(hidden_size, outputs, dropout)


def _find(heads: dict[str, type[nn.Module]], head: str) -> type[nn.Module]:
    if head not in heads:
        raise ConfigError(
            "{title}: “{found}” is not known. Write one of: {known}.",
            title=mark("Head"),
            found=head,
            known=", ".join(heads),
        )
    return heads[head]


def _make_linear(inputs: int, outputs: int) -> nn.Linear:
    """A layer as BERT's are begun: N(0, 0.02) weights, no bias (Devlin et al. 2019)."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=0.02)
    nn.init.zeros_(layer.bias)
    return layer
