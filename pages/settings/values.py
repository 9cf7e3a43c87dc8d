"""Settings and their values as people read them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlmtune_core.config import BUNDLED, BUNDLED_NAME, RunConfig
from mlmtune_core.language import format_rate
from mlmtune_core.names import format_choice, strategy_name
from pages.shared.visit import Visit


def setting_title(visit: Visit, name: str) -> str:
    """Returns what a setting is called."""
    return visit.tr(RunConfig.model_fields[name].title)


def say_setting(visit: Visit, name: str, value: Any) -> str:
    """Formats one value of a setting; of a checkpoint's folder only the name."""
    if name == "strategy":
        return strategy_name(visit.tr, value)
    if name == "checkpoint":
        return BUNDLED_NAME if value == BUNDLED else Path(value).name if value.startswith(("/", "~")) else value
    if value is None:
        return "–"
    if isinstance(value, float):
        return format_rate(value) if name.endswith("learning_rate") else f"{value:g}".replace(".", visit.separators[0])
    return str(format_choice(visit.tr, name, value))


def say_settings(visit: Visit, settings: Mapping[str, Any]) -> str:
    """Formats several settings, as a name for whatever has them."""
    return " · ".join(say_setting(visit, name, value) for name, value in settings.items()) or visit.tr("all alike")
