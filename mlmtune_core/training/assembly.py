"""From settings and examples to a model and data sets that are ready to be trained."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn

from mlmtune_core.config import RunConfig
from mlmtune_core.models import checkpoints
from mlmtune_core.models.devices import choose_device, move_batch
from mlmtune_core.models.dropout import use_quick_dropout
from mlmtune_core.models.freezing import apply_strategy
from mlmtune_core.models.model import Model, build, count_vectors, use_first_token_only
from mlmtune_core.strategies import parse_strategy
from mlmtune_core.tasks.base import Dataset, Task
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.setup import Batch, Setup

OTHER_STREAM = 2**31  # added to the seed, so that initial weights are not drawn from the numbers that the head is drawn from


def make_datasets(
    config: RunConfig, task: Task, tokenizer: Any, splits: Mapping[str, Sequence[Any]], label_names: Sequence[str]
) -> dict[str, Dataset]:
    """split -> its examples, encoded. Training inputs that are random are drawn anew in every epoch, unless layers below are frozen."""
    datasets = {}
    for name, examples in splits.items():
        encoded = task.encode(examples, tokenizer, label_names, config.max_length, config.label_all_pieces, config.truncation)
        cached = parse_strategy(config.strategy)[0] in ("head_only", "last_layers")  # what frozen layers give is computed once
        draw_again = getattr(task, "redraw", None) if name == "train" and not cached else None
        redraw = partial(draw_again, encoded, tokenizer, config.seed) if draw_again else None
        datasets[name] = Dataset(examples, encoded, redraw, len(tokenizer))
    return datasets


def make_trainable(config: RunConfig, task: Task, label_names: Sequence[str]) -> Model:
    """The model of a run on its device, with requires_grad set as its strategy says. The seed decides all that is random in it."""
    torch.manual_seed(config.seed)
    model = make_model(config, task, label_names).to(choose_device())
    prepare_model(model, config.strategy)
    return model


def prepare_model(model: Model, strategy: str) -> None:
    """Sets requires_grad as a strategy says, and replaces dropout on the CPU by a faster one."""
    if model.device.type == "cpu":
        use_quick_dropout(model.encoder)
    apply_strategy(strategy, model.encoder, model.head)


def make_setup(
    config: RunConfig, task: Task, tokenizer: Any, model: Model, label_names: Sequence[str], train_set: Dataset
) -> tuple[Setup, Batch]:
    """The plain setup of a run, and a batch of two training inputs on which shortcuts can be tried."""
    pad_id = tokenizer.pad_token_id or 0
    few = move_batch(to_batch(train_set.encoded[:2], pad_id, task.LABELS_ARE), model.device)
    use_first_token_only(model, few)
    return Setup(model, task, config, label_names, pad_id), few


def make_model(config: RunConfig, task: Task, label_names: Sequence[str]) -> Model:
    """The encoder with its initial weights, and a new head for these labels on top."""
    encoder = checkpoints.load_encoder(config.checkpoint, config.dropout, config.first_layers)
    set_initial_weights(encoder, config.initial_weights, config.seed)
    size, vectors = encoder.config.hidden_size, count_vectors(config.pooling, encoder.config.num_hidden_layers)
    head = task.build_head(size, label_names, config.head, config.dropout, vectors)
    model = build(encoder, head, config.pooling)
    if model.head.needs_labels:  # the head for masked words came with the checkpoint, too
        set_initial_weights(model.head.whole, config.initial_weights, config.seed)
    return model


def set_initial_weights(module: nn.Module, kind: str, seed: int) -> None:
    """Sets all weights of a transformers model in place: `pretrained`, `shuffled` or `random`.

    pretrained: as they are. shuffled: the numbers of every tensor in another order (same size, same norm, nothing learnt).
    random: as transformers initialises such a model. The seed decides; torch's own generator is left as it was.
    """
    if kind == "shuffled":
        _shuffle(module, torch.Generator().manual_seed(OTHER_STREAM + seed))
    if kind == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(OTHER_STREAM + seed)
            fresh = type(module)(module.config)
        module.load_state_dict(fresh.state_dict(), strict=False)


@torch.no_grad()
def _shuffle(module: nn.Module, generator: torch.Generator) -> None:
    for weight in module.parameters():
        places = torch.randperm(weight.numel(), generator=generator)
        weight.copy_(weight.flatten()[places].view_as(weight))
