"""Strategies as they are written, `last_layers:2`, and the learning rates that suit them."""

import re

from mlmtune_core.errors import ConfigError, nearest_first

STRATEGY_FORMS = ("full", "head_only", "last_layers:N", "gradual", "lora:R")


def default_rates(strategy: str) -> tuple[float, float]:
    """(head, body) learning rates that suit a strategy.

    A head alone needs 1e-3 to 1e-2: at the body's rate it stays at the majority class. The body's rate is
    twice the upper end of BERT-base's 2e-5 to 5e-5 (Devlin et al. 2019, appendix A.3): the bundled encoder is
    smaller, and classroom data give few steps (measured, see docs/decisions.md).
    """
    return (5e-3, 1e-4) if strategy == "head_only" else (1e-3, 1e-4)


def parse_strategy(strategy: str) -> tuple[str, int]:
    """`last_layers:2` -> ("last_layers", 2); others -> (name, 0). Raises ConfigError for an unknown name."""
    if not re.fullmatch(r"full|head_only|last_layers:[1-9]\d?", strategy):
        raise ConfigError(
            "Strategy: “{found}” is not known. Write one of: {known}.",
            found=strategy,
            known=", ".join(nearest_first(strategy, STRATEGY_FORMS)),
        )
    name, _, count = strategy.partition(":")
    return name, int(count or 0)
