"""AdamW in groups, and the schedule of the rates."""

import math

import torch
from torch import nn

from mlmtune_core.config import RunConfig

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8


def make_optimizer(model: nn.Module, config: RunConfig) -> torch.optim.AdamW:
    """AdamW over the weights that learn, in four groups: head or body, with or without weight decay.

    Biases and LayerNorm are not decayed (Devlin et al. 2019, appendix A.2); moments are bias-corrected.
    """
    groups = []
    for part, rate in ((model.head, config.head_rate), (model.encoder, config.body_rate)):
        learning = [weight for weight in part.parameters() if weight.requires_grad]
        for decay, weights in (
            (config.weight_decay, [w for w in learning if w.ndim > 1]),
            (0.0, [w for w in learning if w.ndim <= 1]),
        ):
            if weights:
                groups.append(
                    {
                        "params": weights,
                        "lr": rate,
                        "weight_decay": decay,
                        "part": "head" if part is model.head else "body",
                    }
                )
    return torch.optim.AdamW(groups, betas=ADAM_BETAS, eps=ADAM_EPSILON, fused=True)


def make_schedule(
    optimizer: torch.optim.Optimizer, config: RunConfig, total_steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """The rates of every group times `rate_factor`, step by step."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_factor(config, total_steps, step))


def rate_factor(config: RunConfig, total_steps: int, step: int) -> float:
    """What the rates are multiplied with: they climb in a straight line over the warm-up, then stay, or fall to zero in a
    straight line. `step` counts from 0.
    """
    warmup = math.ceil(config.warmup_ratio * total_steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if config.schedule == "constant":
        return 1.0
    return max(0.0, (total_steps - step) / max(1, total_steps - warmup))
