"""What of an encoder a head on a whole text reads: [CLS], the mean or the maximum of all tokens, or [CLS] of the last four layers"""

from collections.abc import Sequence

import torch

LAST_LAYERS = 4


def count_read(pooling: str, layers: int) -> int:
    """How many vectors of the encoder's size the head reads, one after the other; of an encoder with fewer layers than four, all."""
    return min(LAST_LAYERS, layers) if pooling == "last4" else 1


def pool(pooling: str, outputs: Sequence[torch.Tensor], mask: torch.Tensor) -> torch.Tensor:
    """What each layer gave, (B, T, H), the last one last, and the mask of what is no padding, (B, T) -> (B, 1, D): what the head reads.

    D is H, or for last4 H times the number of `outputs`. Of the mean and the maximum [CLS] and [SEP] are a part, as sentence-transformers has it.
    """
    last = outputs[-1]
    if pooling == "last4":
        return torch.cat([each[:, :1] for each in outputs], dim=-1)
    if pooling == "mean":
        seen = mask.unsqueeze(-1).to(last.dtype)
        return (last * seen).sum(dim=1, keepdim=True) / seen.sum(dim=1, keepdim=True)
    if pooling == "max":
        return last.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(dim=1, keepdim=True)
    return last[:, :1]
