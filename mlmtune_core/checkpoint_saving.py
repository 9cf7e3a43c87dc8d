"""The best model of a run on masked words as a checkpoint: a folder that plain AutoModelForMaskedLM opens, and that runs can start from"""

from pathlib import Path

import torch
from transformers import AutoTokenizer

from mlmtune_core import checkpoints
from mlmtune_core.checkpoint_store import keep_checkpoint
from mlmtune_core.errors import RunError
from mlmtune_core.masked_head import MaskedHead, join
from mlmtune_core.people import Person
from mlmtune_core.predicting import Trained, load_run
from mlmtune_core.run_shelf import open_run

WEIGHT_BYTES = 4


def save_checkpoint(name: str, title: str, person: Person) -> str:
    """Keeps the best model of run `name` under a title, as somebody's; returns its name in settings.

    Raises RunError for a run on something else, CheckpointError without a title, LimitError where the disk is full.
    """
    trained = load_run(open_run(name))
    if not isinstance(trained.model.head, MaskedHead):
        raise RunError("Only runs on masked words become checkpoints: take the model of this one home instead.")
    size = WEIGHT_BYTES * sum(weight.numel() for weight in trained.model.parameters())
    return keep_checkpoint(title, person, trained.config.checkpoint, size, lambda folder: write_checkpoint(trained, folder)).name


def write_checkpoint(trained: Trained, folder: Path) -> str:
    """config.json, model.safetensors and the tokenizer of a model on masked words, with the dropout of the checkpoint that it began as.

    Returns the transformers class that opens it.
    """
    encoder = trained.model.encoder
    config = checkpoints.load_config(trained.config.checkpoint)
    config.num_hidden_layers = encoder.config.num_hidden_layers
    with torch.no_grad():
        whole = join(encoder, trained.model.head, config)
    whole.save_pretrained(folder)
    source = checkpoints.find_folder(trained.config.checkpoint)
    AutoTokenizer.from_pretrained(source, local_files_only=True, trust_remote_code=False).save_pretrained(folder)
    return type(whole).__name__
