"""A grid of settings -> a list of RunConfig, and which of them can be trained together."""

from collections.abc import Mapping, Sequence
from itertools import product

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.errors import ConfigError

OF_THE_BODY = ("learning_rate", "layer_decay", "decay_towards")  # which a head alone does not have
TOGETHER = ("head_learning_rate", "weight_decay", "dropout", "max_grad_norm", "bias_correction", *OF_THE_BODY)
MAX_RUNS = 200
MOST_TOGETHER = 64  # what they hold in memory grows with their number


def make_grid(settings: Mapping[str, object], choices: Mapping[str, Sequence[object]]) -> list[RunConfig]:
    """`settings` with every combination of `choices` (setting -> its values), the last one fastest. Raises ConfigError."""
    combinations = list(product(*choices.values()))
    if len(combinations) > MAX_RUNS:
        raise ConfigError(
            "These choices make {count} runs; at most {limit} can be started at once. Give fewer values.",
            count=len(combinations),
            limit=MAX_RUNS,
        )
    return [validate({**settings, **dict(zip(choices, values, strict=True))}) for values in combinations]


def group(configs: Sequence[RunConfig]) -> list[list[int]]:
    """Indices of the configs that can be trained together: head only, and equal but for what a head may differ in.

    At most MOST_TOGETHER at a time. Seeds may differ where batches are counted in examples, and so are of one size, and where
    neither the encoder nor what is learnt from depends on them.
    """
    groups: dict[str, list[int]] = {}
    for i, config in enumerate(configs):
        by_seed = config.batch_tokens or config.initial_weights != "pretrained" or config.train_examples or config.label_noise
        may_differ = {*TOGETHER} if by_seed else {*TOGETHER, "seed"}
        alone = config.strategy != "head_only" or config.task == "masked_words"  # whose inputs no two epochs share
        shared = f"alone {i}" if alone else config.model_dump_json(exclude=may_differ)
        groups.setdefault(shared, []).append(i)
    return [
        members[start : start + MOST_TOGETHER]
        for members in groups.values()
        for start in range(0, len(members), MOST_TOGETHER)
    ]
