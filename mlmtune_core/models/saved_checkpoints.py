"""Finds checkpoints that users saved from their runs, by the name that settings use for them."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlmtune_core.errors import CheckpointError
from mlmtune_core.storage import home, is_safe_name

SAVED_PREFIX = "kept:"  # prefix of the name in settings


@dataclass(frozen=True)
class SavedCheckpoint:
    """A checkpoint that a user saved, as described in its about.json.

    `title`: chosen by the owner; `owner`: the id of a person; `shared`: saved by a teacher, for the whole class;
    `parent`: the checkpoint it was fine-tuned from; `made`: seconds since 1970.
    """

    id: str
    title: str
    owner: str
    shared: bool
    parent: str
    made: float

    @property
    def name(self) -> str:
        """Its name in the settings of a run (RunConfig.checkpoint)."""
        return SAVED_PREFIX + self.id

    @property
    def folder(self) -> Path:
        """Holds config.json, model.safetensors and the tokenizer, in the layout of transformers."""
        return saved_checkpoints_folder() / self.id


def find_saved(name: str) -> SavedCheckpoint:
    """Returns the saved checkpoint of this name in settings. Raises CheckpointError if it does not exist (any more)."""
    checkpoint_id = name.removeprefix(SAVED_PREFIX)
    saved = read_saved(saved_checkpoints_folder() / checkpoint_id) if is_safe_name(checkpoint_id) else None
    if saved is None:
        raise CheckpointError("The checkpoint “{name}” is no longer here. Choose another one.", name=name)
    return saved


def saved_checkpoints_folder() -> Path:
    """The folder that holds all saved checkpoints, one folder each."""
    return home() / "checkpoints"


def read_saved(folder: Path) -> SavedCheckpoint | None:
    """Reads the checkpoint saved in this folder; None if there is none."""
    with suppress(OSError, ValueError, TypeError):
        return SavedCheckpoint(**json.loads((folder / "about.json").read_text(encoding="utf-8")))
    return None
