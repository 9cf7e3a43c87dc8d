"""Estimates how long a run takes on this machine, from timed pieces (see rehearsal) and their counts."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mlmtune_core.config import MAX_TRAIN_EVAL_EXAMPLES, RunConfig
from mlmtune_core.strategies import count_frozen, parse_strategy, trainable_share
from mlmtune_core.training.order import order_by_length, shuffle

MINUTE = 60.0
FEWEST_ROWS = 50
MOST_COUNTED = 20_000
EVENT_SECONDS = 0.0005  # one more head in a joint step: its event and its share of the step (measured, see docs/decisions.md)


@dataclass(frozen=True)
class Law:
    """Seconds for one batch of B inputs padded to T tokens: fixed + per_token * B T + per_pair * B T²."""

    fixed: float
    per_token: float
    per_pair: float

    def of(self, count: int, length: int) -> float:
        """Returns the seconds for one batch."""
        return self.fixed + count * length * (self.per_token + self.per_pair * length)


@dataclass(frozen=True)
class Costs:
    """What the pieces of a run cost on this machine, in seconds.

    once: tokenizer, weights, freezing, hashes. encode, decode: per example, once and at each evaluation. below, learn, measure: a
    batch through the frozen layers, through the trainable part (recording included), through the rest of an evaluation. keep:
    writing the best weights. `lengths`: tokens of sampled inputs; `windows`: inputs per example; `known`: share of the inputs whose
    frozen activations earlier runs left; `layers`: of the encoder that was timed; `memory`: a law in bytes (see memory).
    """

    once: float
    encode: float
    decode: float
    below: Law
    learn: Law
    measure: Law
    keep: float
    lengths: tuple[int, ...]
    windows: float
    known: float
    layers: int
    memory: Law = Law(0.0, 0.0, 0.0)


def estimate(costs: Costs, config: RunConfig, sizes: Mapping[str, int]) -> float:
    """Returns the seconds from Start to the end of all epochs. `sizes`: examples of each split; of very many only a part is counted."""
    sizes = {**sizes, "train": _count_learnt(config, sizes)}
    parts = max(1.0, sum(sizes.values()) / MOST_COUNTED)
    counted = {split: math.ceil(count / parts) for split, count in sizes.items()}
    return costs.once + config.epochs * costs.keep + parts * _add_up(costs, config, counted)


def estimate_more(costs: Costs, config: RunConfig, sizes: Mapping[str, int]) -> float:
    """Returns the seconds that one more head adds to a joint training (see training/faster/together): its events and its best weights."""
    steps = config.epochs * math.ceil(_count_learnt(config, sizes) / config.batch_size)
    return steps * EVENT_SECONDS + (config.epochs + 1) * costs.decode * sizes["validation"] + config.epochs * costs.keep


def _count_learnt(config: RunConfig, sizes: Mapping[str, int]) -> int:
    """Returns how many of the training examples are trained on."""
    return min(sizes["train"], config.train_examples or sizes["train"])


def _add_up(costs: Costs, config: RunConfig, sizes: Mapping[str, int]) -> float:
    """Adds up the seconds of everything that is due per example or batch."""
    rng = np.random.default_rng(config.seed)
    drawn = {split: _draw(costs, count, rng) for split, count in sizes.items()}
    steps = [_shape(batch, drawn["train"]) for batch in shuffle(drawn["train"], config, rng, epoch=1)]
    passes = {split: [_shape(batch, lengths) for batch in order_by_length(lengths, config.batch_size * 2)] for split, lengths in drawn.items()}  # fmt: skip
    below = sum(costs.below.of(*shape) for shape in [*steps, *passes["validation"], *passes.get("test", [])])
    learning = trainable_share(config.strategy, [len(steps)] * config.epochs, costs.layers)  # a layer that is frozen at first is only passed through, as in evaluation
    epoch = sum(learning * costs.learn.of(*shape) + (1 - learning) * costs.measure.of(*shape) for shape in steps)
    evaluation = sum(costs.measure.of(*shape) for shape in passes["validation"]) + costs.decode * sizes["validation"]
    if config.measure_training:
        learnt = min(MAX_TRAIN_EVAL_EXAMPLES, sizes["train"])
        evaluation += (sum(costs.measure.of(*shape) for shape in steps) / sizes["train"] + costs.decode) * learnt
    test = sum(costs.measure.of(*shape) for shape in passes.get("test", [])) + costs.decode * sizes.get("test", 0)
    prepared = costs.encode * sum(sizes.values()) + (1 - costs.known) * below
    return prepared + config.epochs * epoch + (config.epochs + 1) * evaluation + test


def expect_sizes(examples: pd.DataFrame, share: float) -> dict[str, int]:
    """Returns about how many examples each split will have (see splitting.split_examples)."""
    sizes = Counter(examples["split"]) if "split" in examples else Counter(train=len(examples))
    if "validation" not in sizes:
        sizes["validation"] = max(1, round(sizes["train"] * share))
        sizes["train"] -= sizes["validation"]
    return dict(sizes)


def fit_rows(costs: Costs, config: RunConfig, sizes: Mapping[str, int], seconds: float = MINUTE) -> int | None:
    """Returns how many examples, a round number, take at most `seconds`; None if all do, or if not even 50 do."""
    total = sum(sizes.values())
    if estimate(costs, config, sizes) <= seconds:
        return None

    def needed(count: int) -> float:
        return estimate(costs, config, {split: max(1, part * count // total) for split, part in sizes.items()})

    counts = range(FEWEST_ROWS, total, FEWEST_ROWS)
    fitting = bisect_right(counts, seconds, key=needed)
    return counts[fitting - 1] if fitting else None


def as_head_only(costs: Costs) -> Costs:
    """Returns the costs of the same texts with head_only: one pass through the encoder, and next to nothing beyond."""
    whole = Law(
        *(getattr(costs.below, name) + getattr(costs.measure, name) for name in ("fixed", "per_token", "per_pair"))
    )
    light = Law(0.003, 0.0, 0.0)
    return replace(costs, below=whole, learn=light, measure=light, keep=0.01, known=0.0)


def fit_layers(costs: Costs, config: RunConfig, sizes: Mapping[str, int], seconds: float = MINUTE) -> int | None:
    """Returns how many of the first layers take at most `seconds`; None if all do, or if not even half of them do.

    Trainable layers are among them.
    """
    if estimate(costs, config, sizes) <= seconds:
        return None
    name, count = parse_strategy(config.strategy)
    fewest = max(math.ceil(costs.layers / 2), count if name == "last_layers" else 1)
    fewer = range(costs.layers - 1, fewest - 1, -1)
    return next((k for k in fewer if estimate(as_first_layers(costs, config, k), config, sizes) <= seconds), None)


def as_first_layers(costs: Costs, config: RunConfig, count: int) -> Costs:
    """Returns the costs of the same texts with the first `count` layers: what grows with tokens grows with the number of layers.

    This counts the embeddings as part of the layers, which makes the estimate some percent too low.
    """
    before = count_frozen(config.strategy, costs.layers)
    if not before:
        share = count / costs.layers
        return replace(costs, learn=_scale(costs.learn, share), measure=_scale(costs.measure, share), layers=count)
    frozen = before - (costs.layers - count)
    return replace(costs, below=_scale(costs.below, frozen / before), known=0.0, layers=count)


def _scale(law: Law, factor: float) -> Law:
    """Returns the law with `factor` times the work per token."""
    return replace(law, per_token=law.per_token * factor, per_pair=law.per_pair * factor)


def _draw(costs: Costs, examples: int, rng: np.random.Generator) -> list[int]:
    """Draws lengths for so many inputs from the lengths of the sample."""
    return rng.choice(np.array(costs.lengths), max(1, round(examples * costs.windows))).tolist()


def _shape(batch: Sequence[int], lengths: Sequence[int]) -> tuple[int, int]:
    """Returns (B, T) of a padded batch."""
    return len(batch), max(lengths[i] for i in batch)
