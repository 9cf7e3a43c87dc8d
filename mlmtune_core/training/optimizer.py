"""AdamW with its parameter groups, and the learning-rate schedule."""

import math
from collections.abc import Iterator

import torch
from torch import nn

from mlmtune_core.config import RunConfig
from mlmtune_core.models.freezing import find_layers, top_layers
from mlmtune_core.strategies import parse_strategy

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8
LATE_STEP = 2.0**24  # 1 - beta ** step is exactly 1 there, and in float32 the next step has the same number


def make_optimizer(model: nn.Module, config: RunConfig) -> torch.optim.AdamW:
    """AdamW over the trainable weights, in groups: head and body (by layer if their rates differ, the top layer first), each with and
    without weight decay.

    Biases and LayerNorm are not decayed (Devlin et al. 2019, appendix A.2). A weight without a gradient yet is left alone; its moments
    start at zero when it gets its first one.
    """
    groups = []
    for part, rate, trainable in _split(model, config):
        for decay, weights in (
            (config.weight_decay, [w for w in trainable if w.ndim > 1]),
            (0.0, [w for w in trainable if w.ndim <= 1]),
        ):
            pull = decay if part == "body" and is_pulled_back(config) else 0.0
            if weights:
                groups.append({"params": weights, "lr": rate, "weight_decay": decay - pull, "pull": pull, "part": part})
    optimizer = torch.optim.AdamW(groups, betas=ADAM_BETAS, eps=ADAM_EPSILON, fused=True)
    if any(group["pull"] for group in groups):
        _pull_back(optimizer)
    if not config.bias_correction:
        _skip_bias_correction(optimizer)
    return optimizer


def _split(model: nn.Module, config: RunConfig) -> Iterator[tuple[str, float, list[nn.Parameter]]]:
    """Yields (part, rate, trainable weights): the head, then the body, whole or layer by layer from the top, the embeddings last.

    Layer by layer, each rate is that of the layer above times layer_decay (Sun et al. 2019, section 5.3.4).
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
    """Whether weight decay pulls towards the pre-trained weights. Not with LoRA: its matrices at zero leave the pre-trained weights as they were."""
    return config.decay_towards == "pretrained" and parse_strategy(config.strategy)[0] != "lora"


def _pull_back(optimizer: torch.optim.Optimizer) -> None:
    """Before each step moves every weight of a group with `pull` towards its initial value, by rate * pull of the distance: decoupled
    decay towards the start (Li et al. 2018, L2-SP). A weight that has not moved stays the same to the bit.
    """
    starts = {weight: weight.detach().clone() for group in optimizer.param_groups if group["pull"] for weight in group["params"]}

    @torch.no_grad()
    def pull(*_: object) -> None:
        for group in optimizer.param_groups:
            for weight in group["params"] if group["pull"] else ():
                weight.lerp_(starts[weight], group["lr"] * group["pull"])

    optimizer.register_step_pre_hook(pull)


def _skip_bias_correction(optimizer: torch.optim.Optimizer) -> None:
    """Sets the step count so high that Adam's bias correction of the moments has no effect."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            moments = {name: torch.zeros_like(weight) for name in ("exp_avg", "exp_avg_sq")}
            optimizer.state[weight] = {"step": torch.tensor(LATE_STEP, device=weight.device), **moments}


def make_schedule(
    optimizer: torch.optim.Optimizer, config: RunConfig, total_steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Multiplies the learning rate of every group by `rate_factor`, step by step."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_factor(config, total_steps, step))


def rate_factor(config: RunConfig, total_steps: int, step: int) -> float:
    """The factor of the learning rates at `step`, from 0: rises linearly during warm-up, then stays at 1 or falls linearly to 0."""
    warmup = math.ceil(config.warmup_ratio * total_steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if config.schedule == "constant":
        return 1.0
    return max(0.0, (total_steps - step) / max(1, total_steps - warmup))
