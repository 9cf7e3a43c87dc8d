"""Checkpoints trained here and kept under a name: where they lie, and how settings name them"""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlmtune_core.errors import CheckpointError
from mlmtune_core.storage import home, is_plain

KEPT = "kept:"  # begins the name by which settings speak of one


@dataclass(frozen=True)
class KeptCheckpoint:
    """`title`: as its owner called it; `owner`: the id of a person; `shared`: a teacher's, for the whole class; `parent`: the checkpoint that it began as."""

    id: str
    title: str
    owner: str
    shared: bool
    parent: str
    made: float

    @property
    def name(self) -> str:
        """What stands in the settings of a run."""
        return KEPT + self.id

    @property
    def folder(self) -> Path:
        """config.json, model.safetensors and the tokenizer, as plain transformers opens them."""
        return checkpoint_shelf() / self.id


def find_kept(name: str) -> KeptCheckpoint:
    """A kept checkpoint by its name in settings. Raises CheckpointError where it is gone."""
    kept = read_checkpoint(checkpoint_shelf() / name.removeprefix(KEPT)) if is_plain(name.removeprefix(KEPT)) else None
    if kept is None:
        raise CheckpointError("The checkpoint “{name}” is no longer here. Choose another one.", name=name)
    return kept


def checkpoint_shelf() -> Path:
    """The folder of all kept checkpoints."""
    return home() / "checkpoints"


def read_checkpoint(folder: Path) -> KeptCheckpoint | None:
    """What a folder of the shelf holds; None where it is no kept checkpoint, or is gone."""
    with suppress(OSError, ValueError, TypeError):
        return KeptCheckpoint(**json.loads((folder / "about.json").read_text(encoding="utf-8")))
    return None
