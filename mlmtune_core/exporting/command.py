"""The command `export`: writes a run's model, script, notebook, report or answers into a folder."""

import argparse
import os
from pathlib import Path
from typing import Any

from mlmtune_core.errors import RunError
from mlmtune_core.language import nearest_language
from mlmtune_core.runs.shelf import open_run

KINDS = {  # option -> what is written
    "onnx": "the model as ONNX, checked with onnxruntime",
    "script": "a Python script that redoes the run with transformers and torch",
    "notebook": "the same as a notebook",
    "report": "the run as one HTML page",
    "answers": "all answers as CSV",
}
NAMES = {"report": "report.html", "answers": "answers.csv"}


def add_export(commands: Any) -> argparse.ArgumentParser:
    """Adds the command and its options."""
    parser = commands.add_parser("export", help="take a run home: its model for transformers, or what the options name")
    parser.add_argument("run", help="the run's name or folder")
    parser.add_argument("folder", type=Path, help="where to write; a folder for each thing in it")
    for kind, says in KINDS.items():
        parser.add_argument(f"--{kind}", action="store_true", help=says)
    parser.add_argument("--lang", help="language of script, notebook and report: en or pt-BR")
    parser.set_defaults(command=run_export, show=show_export)
    return parser


def run_export(chosen: argparse.Namespace) -> dict[str, str]:
    """Carries out `export`; returns {kind: path} of what was written. Overwrites nothing."""
    from mlmtune_core.exporting.packing import FILES, FOLDERS, require_offered

    run = open_run(chosen.run)
    language = nearest_language(chosen.lang or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG"))
    wanted = [kind for kind in KINDS if getattr(chosen, kind)] or ["model"]
    written = {kind: chosen.folder / NAMES.get(kind, kind) for kind in wanted}
    for kind, path in written.items():
        require_offered(run, kind)
        if path.exists():
            raise RunError("“{path}” exists already. Give another folder.", path=path)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for kind, path in written.items():
        if kind in FOLDERS:
            path.mkdir()
        (FOLDERS.get(kind) or FILES[kind])(run, path, language)
    return {kind: str(path) for kind, path in written.items()}


def show_export(result: dict[str, str], tr: Any) -> str:
    """Formats a line per export."""
    return "\n".join(f"{kind:10} {path}" for kind, path in result.items())
