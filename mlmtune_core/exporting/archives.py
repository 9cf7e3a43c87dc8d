"""Zips exports; lets pages look into them without importing torch."""

import json
import zipfile
from pathlib import Path

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.strategies import parse_strategy

REDONE = ("script", "notebook")
NOT_REDONE = ("initial_weights", "pooling", "train_examples", "label_noise", "truncation")  # settings that exports cannot reproduce


def is_offered(task: str, kind: str) -> bool:
    """Returns whether this kind of export exists for a task: a run on masked words is only a checkpoint for later runs."""
    return task != "masked_words" or kind == "model"


def find_refusal(config: RunConfig, kind: str) -> RunError | None:
    """Returns why this kind of export is not made of a run with these settings, or None: an export never shows another experiment."""
    if kind not in REDONE:
        return None
    if parse_strategy(config.strategy)[0] in ("gradual", "lora"):
        return RunError(
            "Script and notebook know neither gradual unfreezing nor LoRA: they would train something else than this run. "
            "The model, the report and the answers can be taken home."
        )
    names = [name for name in NOT_REDONE if getattr(config, name) != RunConfig.model_fields[name].default] + (["head"] if config.head == "mlp" else [])
    if not names:
        return None
    told = ", ".join(f"{name} = {getattr(config, name)}" for name in names)
    return RunError("Script and notebook cannot redo this run: they do not know {settings}. Take its model, as a folder or as ONNX, and its report instead.", settings=told)


def zip_folder(folder: Path, name: str, path: Path) -> None:
    """Zips all files of a folder, under `name` in the archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:  # weights do not compress
        for file in sorted(folder.rglob("*")):
            archive.write(file, Path(name) / file.relative_to(folder))


def find_transformers_class(archive: Path) -> str:
    """Returns the class that opens the model in a model.zip; "" if encoder and head are separate."""
    with zipfile.ZipFile(archive) as opened:
        if "model/config.json" not in opened.namelist():
            return ""
        return json.loads(opened.read("model/config.json"))["architectures"][0]
