"""The core of mlmtune: fine-tuning masked language models without a page or a browser.

    api          For notebooks and scripts: load a checkpoint, read examples, train, evaluate, predict, export.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_EVENTS = ("EvalDone", "Finished", "PhaseStarted", "Started", "StepDone")
_API = ("evaluate", "export", "fit", "list_history", "load_checkpoint", "load_run", "predict", "read_examples", "train")
__all__ = [*_API, *_EVENTS]


def __getattr__(name: str) -> Any:
    """Imports the public names when they are asked for: `import mlmtune_core` alone must not import torch."""
    if name in _API:
        return getattr(import_module("mlmtune_core.api"), name)
    if name in _EVENTS:
        return getattr(import_module("mlmtune_core.events"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
