"""The weights that a run begins with: as they were pre-trained, shuffled within each tensor, or drawn as before any pre-training"""

import torch
from torch import nn

from mlmtune_core.config import RunConfig
from mlmtune_core.models import checkpoints
from mlmtune_core.models.model import Model, build, count_read
from mlmtune_core.tasks import TASKS

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


def make_model(config: RunConfig, label_names: list[str]) -> Model:
    """The encoder that the run begins with, and a fresh head for these labels on what it reads of it."""
    encoder = checkpoints.load_encoder(config.checkpoint, config.dropout, config.first_layers)
    restart(encoder, config.initial_weights, config.seed)
    size, vectors = encoder.config.hidden_size, count_read(config.pooling, encoder.config.num_hidden_layers)
    head = TASKS[config.task].build_head(size, label_names, config.head, config.dropout, vectors)
    model = build(encoder, head, config.pooling)
    if model.head.reads_truth:  # it came with the checkpoint, too
        restart(model.head.whole, config.initial_weights, config.seed)
    return model
