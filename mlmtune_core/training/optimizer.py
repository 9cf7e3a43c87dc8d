"""AdamW in groups, and the schedule of the rates."""

import math
from collections.abc import Iterator

import torch
from torch import nn

from mlmtune_core.config import RunConfig
from mlmtune_core.models.freezing import find_layers, top_layers
from mlmtune_core.strategies import parse_strategy

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8
LONG_AGO = 2.0**24  # steps: 1 - beta to that power is 1 exactly, and in float32 one more is as many


def make_optimizer(model: nn.Module, config: RunConfig) -> torch.optim.AdamW:
    """AdamW over the weights that learn in the run, in groups: head or body (by layer where rates differ, the top one first), with or
    without weight decay.

    Biases and LayerNorm are not decayed (Devlin et al. 2019, appendix A.2). A weight that has no gradient yet is left alone; its moments
    begin at zero where it gets its first one.
    """
    groups = []
    for part, rate, learning in _split(model, config):
        for decay, weights in (
            (config.weight_decay, [w for w in learning if w.ndim > 1]),
            (0.0, [w for w in learning if w.ndim <= 1]),
        ):
            pull = decay if part == "body" and is_pulled_back(config) else 0.0
            if weights:
                groups.append({"params": weights, "lr": rate, "weight_decay": decay - pull, "pull": pull, "part": part})
    optimizer = torch.optim.AdamW(groups, betas=ADAM_BETAS, eps=ADAM_EPSILON, fused=True)
    if any(group["pull"] for group in groups):
        _pull_back(optimizer)
    if not config.bias_correction:
        _leave_uncorrected(optimizer)
    return optimizer


def _split(model: nn.Module, config: RunConfig) -> Iterator[tuple[str, float, list[nn.Parameter]]]:
    """(part, rate, weights that learn): the head; the body, whole or by layer, down to what lies below the first, the embeddings.

    By layer each rate is that of the layer above times layer_decay (Sun et al. 2019, section 5.3.4).
    """
    yield "head", config.head_rate, [weight for weight in model.head.parameters() if weight.requires_grad]
    body = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    layers = 0 if config.layer_decay == 1 else len(find_layers(model.encoder))
    for depth in range(layers):
        above = {weight for layer in top_layers(model.encoder, depth + 1) for weight in layer.parameters()}
        yield "body", config.body_rate * config.layer_decay**depth, [weight for weight in body if weight in above]
        body = [weight for weight in body if weight not in above]
    yield "body", config.body_rate * config.layer_decay**layers, body


def is_pulled_back(config: RunConfig) -> bool:
    """Not LoRA: towards zero its matrices leave the pre-trained ones as they were."""
    return config.decay_towards == "pretrained" and parse_strategy(config.strategy)[0] != "lora"


def _pull_back(optimizer: torch.optim.Optimizer) -> None:
    """Before each step every weight of a group with `pull` goes rate * pull of its way back to what it is now: decoupled decay
    towards the start (Li et al. 2018, L2-SP). A weight that has not moved stays what it is to the bit.
    """
    starts = {weight: weight.detach().clone() for group in optimizer.param_groups if group["pull"] for weight in group["params"]}

    @torch.no_grad()
    def pull(*_: object) -> None:
        for group in optimizer.param_groups:
            for weight in group["params"] if group["pull"] else ():
                weight.lerp_(starts[weight], group["lr"] * group["pull"])

    optimizer.register_step_pre_hook(pull)


def _leave_uncorrected(optimizer: torch.optim.Optimizer) -> None:
    """Has moments that begin at zero pass for those of long ago, of which nothing is left to correct."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            moments = {name: torch.zeros_like(weight) for name in ("exp_avg", "exp_avg_sq")}
            optimizer.state[weight] = {"step": torch.tensor(LONG_AGO, device=weight.device), **moments}


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
