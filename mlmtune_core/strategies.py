"""Strategies as they are written, `last_layers:2` or `lora:8`, and what follows from them: learning rates, frozen layers, moments of unfreezing"""

import re
from collections.abc import Sequence

from mlmtune_core.errors import ConfigError, nearest_first

STRATEGY_FORMS = ("full", "head_only", "last_layers:N", "gradual", "lora:R")


def default_rates(strategy: str) -> tuple[float, float]:
    """(head, body) learning rates that suit a strategy.

    A head alone needs 1e-3 to 1e-2: at the body's rate it stays at the majority class. The body's rate is
    twice the upper end of BERT-base's 2e-5 to 5e-5 (Devlin et al. 2019, appendix A.3): the bundled encoder is
    smaller, and classroom data give few steps. LoRA's matrices begin at nothing and bear more (all measured, see docs/decisions.md).
    """
    if strategy.startswith("lora"):
        return 1e-3, 1e-3
    return (5e-3, 1e-4) if strategy == "head_only" else (1e-3, 1e-4)


def parse_strategy(strategy: str) -> tuple[str, int]:
    """`last_layers:2` -> ("last_layers", 2), `lora:8` -> ("lora", 8); others -> (name, 0). Raises ConfigError for an unknown name."""
    if not re.fullmatch(r"full|head_only|gradual|(last_layers|lora):[1-9]\d?", strategy):
        raise ConfigError(
            "Strategy: “{found}” is not known. Write one of: {known}.",
            found=strategy,
            known=", ".join(nearest_first(strategy, STRATEGY_FORMS)),
        )
    name, _, count = strategy.partition(":")
    return name, int(count or 0)


def count_frozen(strategy: str, layers: int) -> int:
    """How many of the first layers no step ever changes, with the embeddings below them; 0 where the first layer learns at some time."""
    name, count = parse_strategy(strategy)
    return {"head_only": layers, "last_layers": layers - count}.get(name, 0)


def plan_unfreezing(strategy: str, steps: Sequence[int], layers: int) -> list[int]:
    """After how many steps each layer, from the top, begins to learn; nothing where none has to wait. steps: of each epoch.

    Gradual unfreezing (Howard and Ruder 2018, section 3.3): in the first epoch the head learns alone, with each epoch one more layer.
    Where there are not more epochs than layers, head and layers begin after equal shares of all steps instead; the first step is the head's.
    """
    if strategy != "gradual":
        return []
    if len(steps) > layers:
        return [sum(steps[:epoch]) for epoch in range(1, layers + 1)]
    return [max(1, sum(steps) * part // (layers + 1)) for part in range(1, layers + 1)]


def learning_share(strategy: str, steps: Sequence[int], layers: int) -> float:
    """Of all layers and steps, the share in which a layer that learns at all does so: 1 where none has to wait."""
    moments, total = plan_unfreezing(strategy, steps, layers), sum(steps)
    return sum(total - min(moment, total) for moment in moments) / (total * layers) if moments else 1.0
