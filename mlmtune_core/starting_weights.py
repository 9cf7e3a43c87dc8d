"""The weights that a run begins with: as they were pre-trained, shuffled within each tensor, or drawn as before any pre-training"""

import torch
from torch import nn

OTHER_STREAM = 2**31  # added to the seed, so that these numbers are not those that the head is drawn from


def restart(module: nn.Module, kind: str, seed: int) -> None:
    """Sets all weights of a transformers model in place. `pretrained`: as they are; `shuffled`: the numbers of every tensor, in another order
    (as large, of the same norm, without what they knew); `random`: as transformers begins such a model. The seed decides, torch's own chance goes on untouched.
    """
    if kind == "shuffled":
        _shuffle(module, torch.Generator().manual_seed(OTHER_STREAM + seed))
    if kind == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(OTHER_STREAM + seed)
            fresh = type(module)(module.config)
        module.load_state_dict(fresh.state_dict(), strict=False)


@torch.no_grad()
def _shuffle(module: nn.Module, chance: torch.Generator) -> None:
    for weight in module.parameters():
        places = torch.randperm(weight.numel(), generator=chance)
        weight.copy_(weight.flatten()[places].view_as(weight))
