"""Many heads of one shape on one frozen encoder, trained as one batched head."""

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.func import functional_call, vmap
from torch.nn import functional

from mlmtune_core.config import RunConfig
from mlmtune_core.tasks.base import IGNORE_INDEX
from mlmtune_core.training.optimizer import ADAM_BETAS, ADAM_EPSILON, rate_factor

CLIP_EPSILON = 1e-6  # as torch.nn.utils.clip_grad_norm_ has it


class HeadStack:
    """Heads, one per lane, with their own optimizer settings, dropout and seed; lanes with the same seed see the same batches.

    One step gives every lane the update that AdamW, clipping and the schedule would give it alone (to rounding), with the same
    dropout masks, which are drawn once for each seed and dropout.
    """

    def __init__(self, heads: Sequence[nn.Module], configs: Sequence[RunConfig], total_steps: int) -> None:
        self.heads, self.configs = list(heads), list(configs)
        self._total_steps, self._steps = total_steps, 0
        self._template = copy.deepcopy(heads[0])
        self._template.dropout = _Masked()
        named = [dict(head.named_parameters()) for head in heads]
        self._weights = {n: torch.stack([each[n].detach() for each in named]).requires_grad_() for n in named[0]}
        self._moments = {n: (torch.zeros_like(w), torch.zeros_like(w)) for n, w in self._weights.items()}
        self._random = {(c.seed, c.dropout): torch.Generator().manual_seed(c.seed) for c in configs}

    @property
    def seeds(self) -> list[int]:
        """The different seeds of the lanes."""
        return list(dict.fromkeys(config.seed for config in self.configs))

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, T, H) -> (lanes, B, C) or (lanes, B, T, C), without dropout."""
        return vmap(lambda weights: self._apply(weights, torch.ones(()), hidden))(self._weights)

    def step(
        self, batches: Sequence[dict[str, torch.Tensor]], compute_loss: Callable[..., torch.Tensor]
    ) -> tuple[list[float], list[float], list[float]]:
        """Updates every lane; returns its (loss, gradient norm, learning rate). A lane that diverges harms no other.

        batches: one for each of `seeds`, in that order, with the same number of examples.
        """

        def lose(weights: dict[str, torch.Tensor], mask: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
            return compute_loss(self._apply(weights, mask, batch["hidden"]), batch)

        seeds = self.seeds
        mine = torch.tensor([seeds.index(config.seed) for config in self.configs])
        masks = self._draw_masks([batch["hidden"] for batch in batches])
        losses = vmap(lose)(self._weights, masks, _spread(batches, mine))
        gradients = dict(
            zip(self._weights, torch.autograd.grad(losses.sum(), list(self._weights.values())), strict=True)
        )
        norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients.values()]).norm(dim=0)
        limits = torch.tensor([config.max_grad_norm or math.inf for config in self.configs])
        shrink = (limits / (norms + CLIP_EPSILON)).clamp(max=1.0)
        rates = [config.head_rate * rate_factor(config, self._total_steps, self._steps) for config in self.configs]
        self._steps += 1
        for name, gradient in gradients.items():
            self._update(name, gradient * _as_lanes(shrink, gradient), torch.tensor(rates))
        return losses.tolist(), norms.tolist(), rates

    def write_back(self, lane: int) -> None:
        """Copies a lane's weights into its head."""
        with torch.no_grad():
            for name, weight in self.heads[lane].named_parameters():
                weight.copy_(self._weights[name][lane])

    def keep(self, lanes: Sequence[int]) -> None:
        """Drops all other lanes."""
        self.heads, self.configs = [self.heads[i] for i in lanes], [self.configs[i] for i in lanes]
        chosen = torch.tensor(list(lanes), dtype=torch.long)
        self._weights = {n: w.detach()[chosen].requires_grad_() for n, w in self._weights.items()}
        self._moments = {n: (m[chosen], v[chosen]) for n, (m, v) in self._moments.items()}

    @torch.no_grad()
    def _update(self, name: str, gradient: torch.Tensor, rates: torch.Tensor) -> None:
        """AdamW with decoupled decay (Loshchilov and Hutter 2019, algorithm 2), with bias correction in the lanes that have it."""
        weight, (first, second) = self._weights[name], self._moments[name]
        one, two = ADAM_BETAS
        lanes = _as_lanes(rates, weight)
        if weight.ndim > 2:  # a matrix in every lane; biases are not decayed
            decays = torch.tensor([config.weight_decay for config in self.configs])
            weight.mul_(1 - lanes * _as_lanes(decays, weight))
        first.lerp_(gradient, 1 - one)
        second.mul_(two).addcmul_(gradient, gradient, value=1 - two)
        steps = [self._steps if config.bias_correction else math.inf for config in self.configs]
        begun, seen = (_as_lanes(torch.tensor([1 - beta**step for step in steps]), weight) for beta in ADAM_BETAS)
        root = (second / seen).sqrt_().add_(ADAM_EPSILON)
        weight.sub_(lanes / begun * first / root)

    def _apply(self, weights: dict[str, torch.Tensor], mask: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """The logits of one lane."""
        return functional_call(self._template, weights | {"dropout.mask": mask}, (hidden,))

    def _draw_masks(self, hidden: Sequence[torch.Tensor]) -> torch.Tensor:
        """(lanes, ...): what nn.Dropout would multiply its input by in a run of its own."""
        of_seed = dict(zip(self.seeds, hidden, strict=True))
        masks = {}
        for seed, share in dict.fromkeys((config.seed, config.dropout) for config in self.configs):
            given = of_seed[seed].shape
            rows = given[:1] if self._template.reads_one_vector else given[:-1]
            mask = torch.empty(*rows, self._template.classifier.in_features).bernoulli_(1 - share, generator=self._random[seed, share])
            masks[seed, share] = mask.div_(1 - share)
        padded = dict(zip(masks, _pad_alike(list(masks.values()), 0), strict=True))
        return torch.stack([padded[config.seed, config.dropout] for config in self.configs])


def _spread(batches: Sequence[dict[str, torch.Tensor]], mine: torch.Tensor) -> dict[str, torch.Tensor]:
    """Name -> (lanes, ...): each lane gets the batch with its number in `mine` (lanes,); shorter ones are padded."""
    if len(batches) == 1:
        return {name: values.expand(len(mine), *values.shape) for name, values in batches[0].items()}
    fills = {"labels": IGNORE_INDEX}
    every = {name: _pad_alike([batch[name] for batch in batches], fills.get(name, 0)) for name in batches[0]}
    return {name: torch.stack(values)[mine] for name, values in every.items()}


def _pad_alike(tensors: Sequence[torch.Tensor], fill: int) -> list[torch.Tensor]:
    """Pads all of (B, T, ...) to the same T."""
    if len({tensor.shape for tensor in tensors}) == 1:
        return list(tensors)
    longest = max(tensor.shape[1] for tensor in tensors)
    return [
        functional.pad(each, (*[0] * (2 * (each.ndim - 2)), 0, longest - each.shape[1]), value=fill) for each in tensors
    ]


class _Masked(nn.Module):
    """Replaces the dropout of a head: multiplies by a mask that was drawn before."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(()))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values * self.mask


def _as_lanes(numbers: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """(lanes,) -> (lanes, 1, ...) with as many dimensions as `like`."""
    return numbers.view(-1, *[1] * (like.ndim - 1))
