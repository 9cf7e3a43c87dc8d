"""Writes an export when it is asked for and stores it in the run's folder."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from mlmtune_core.errors import RunError
from mlmtune_core.exporting.answers import write_answers
from mlmtune_core.exporting.archives import find_refusal, is_offered, zip_folder
from mlmtune_core.exporting.model_folder import write_model
from mlmtune_core.exporting.onnx_graph import write_onnx
from mlmtune_core.exporting.redoing import write_notebook, write_script
from mlmtune_core.exporting.report import write_report
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.language import translator
from mlmtune_core.models import checkpoints
from mlmtune_core.runs import limits
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.storage import folder_size

FOLDERS: dict[str, Callable[[Run, Path, str], object]] = {  # kind -> (run, empty folder, language) -> files in it
    "model": lambda run, folder, language: write_model(load_run(run), folder),
    "onnx": lambda run, folder, language: write_onnx(run, folder),
    "script": lambda run, folder, language: write_script(run, folder, translator(language)),
    "notebook": lambda run, folder, language: write_notebook(run, folder, translator(language)),
}
FILES: dict[str, Callable[[Run, Path, str], object]] = {
    "answers": lambda run, file, language: write_answers(run, file),
    "report": write_report,
}


HOLD_ALL_WEIGHTS = ("model", "onnx")


def require_offered(run: Run, kind: str) -> None:
    """Raises RunError if this kind of export is not made of such a run."""
    if not is_offered(run.config().task, kind):
        raise RunError("A run that guesses masked words is taken home as a model alone: ask for that.")
    refusal = find_refusal(run.config(), kind)
    if refusal:
        raise refusal


def prepare(run_id: str, name: str, _click: str = "") -> str:
    """Makes one of run.EXPORTS and stores it: `kind.ending`, or `kind.language.ending`. Returns its name.

    `_click` tells clicks apart, where answers are cached. Raises RunError before a model is kept, LimitError if the disk is full.
    """
    run = open_run(run_id)
    kind, *told = name.split(".")[:-1]
    require_offered(run, kind)
    language = told[0] if told else "en"
    limits.require_disk_space(folder_size(checkpoints.find_folder(run.config().checkpoint)) if kind in HOLD_ALL_WEIGHTS else 0)
    if kind in FILES:
        run.save_export(name, lambda path: FILES[kind](run, path, language))
        return name
    with tempfile.TemporaryDirectory() as folder:
        FOLDERS[kind](run, Path(folder), language)
        run.save_export(name, lambda path: zip_folder(Path(folder), kind, path))
    return name
