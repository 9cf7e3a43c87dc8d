"""Parses strategies such as `last_layers:2`; their learning rates, frozen layers and unfreezing schedule."""

import re
from collections.abc import Sequence

from mlmtune_core.errors import ConfigError, nearest_first

STRATEGY_FORMS = ("full", "head_only", "last_layers:N", "gradual", "lora:R")


def default_rates(strategy: str) -> tuple[float, float]:
    """Returns the default learning rates (head, encoder) of a strategy.

    With a frozen encoder the head needs 1e-3 to 1e-2: at the encoder's rate it keeps predicting the majority class. The encoder's rate
    is twice the upper end of BERT-base's 2e-5 to 5e-5 (Devlin et al. 2019, appendix A.3): the bundled encoder is smaller, and
    classroom data give few steps. LoRA's matrices start at zero and tolerate more (all measured, see docs/decisions.md).
    """
    if strategy.startswith("lora"):
        return 1e-3, 1e-3
    return (5e-3, 1e-4) if strategy == "head_only" else (1e-3, 1e-4)


def parse_strategy(strategy: str) -> tuple[str, int]:
    """Returns (name, number): ("last_layers", 2) for `last_layers:2`, ("full", 0) for `full`. Raises ConfigError for an unknown name."""
    if not re.fullmatch(r"full|head_only|gradual|(last_layers|lora):[1-9]\d?", strategy):
        raise ConfigError(
            "Strategy: “{found}” is not known. Write one of: {known}.",
            found=strategy,
            known=", ".join(nearest_first(strategy, STRATEGY_FORMS)),
        )
    name, _, count = strategy.partition(":")
    return name, int(count or 0)


def count_frozen(strategy: str, layers: int) -> int:
    """Returns how many layers, from the bottom, stay frozen during the whole run; the embeddings below them are frozen too."""
    name, count = parse_strategy(strategy)
    return {"head_only": layers, "last_layers": layers - count}.get(name, 0)


def plan_unfreezing(strategy: str, steps: Sequence[int], layers: int) -> list[int]:
    """Returns after how many steps each layer, from the top, is unfrozen; [] for other strategies than gradual.

    Gradual unfreezing (Howard and Ruder 2018, section 3.3): only the head is trained in the first epoch, then one more layer per epoch.
    If there are no more epochs than layers, layers are unfrozen at equal intervals over all steps instead; the first step always
    trains only the head. steps: number of steps of each epoch.
    """
    if strategy != "gradual":
        return []
    if len(steps) > layers:
        return [sum(steps[:epoch]) for epoch in range(1, layers + 1)]
    return [max(1, sum(steps) * part // (layers + 1)) for part in range(1, layers + 1)]


def trainable_share(strategy: str, steps: Sequence[int], layers: int) -> float:
    """Returns the share of layers and steps in which layers are trainable, under gradual unfreezing; 1 for other strategies."""
    unfrozen_at, total = plan_unfreezing(strategy, steps, layers), sum(steps)
    return sum(total - min(step, total) for step in unfrozen_at) / (total * layers) if unfrozen_at else 1.0
