"""The core of mlmtune: fine-tuning masked language models without a page or a browser.

    api          For notebooks and scripts: load a checkpoint, read examples, train, evaluate, predict, export.
    charts       Builds plotly figures that do not change: curves, bars, confusion matrices.
    config       RunConfig: every setting of a run, with its default, limits, unit and help.
    errors       UserError and its subclasses: errors that a user can act on, with a translatable message.
    events       The events that a run yields: frozen dataclasses of plain values.
    glossary     The glossary: every term that the pages use, in one or two sentences.
    language     Translates messages with the catalogues in locale/, formats numbers, escapes control characters.
    names        Display names of tasks, roles, splits, metrics, states, strategies and settings; values with their units.
    people       People and their permissions: browser token, name, codes of class and teacher.
    storage      The home folder: safe names, atomic writes, size on disk.
    strategies   Parses strategies such as `last_layers:2`; their learning rates, frozen layers and unfreezing schedule.
    data/        From a file to checked, split examples. Start with preparation.
    exporting/   What people take home from a run: its model, a script or notebook that repeats it, its answers, a report.
    inspecting/  Looks into a trained model: its answers, the arithmetic behind them, and what they rest on.
    lessons/     The chapter's statements as experiments with measured verdicts.
    models/      The model: a checkpoint's encoder with a head on top, and which of its weights are trained.
    runs/        Runs on disk: what they are, what they wrote, what was asked of them; sweeps; limits.
    tasks/       One module per task; TASKS names them all. base is the protocol that each of them follows.
    training/    The small core: how a masked language model is fine-tuned. Start reading here.
    workers/     Who carries runs out: worker processes here and on a cluster, their queue, and what they record.
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
