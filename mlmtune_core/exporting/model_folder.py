"""Writes a trained model as a folder for transformers, or as encoder, head and a script that joins them."""

import inspect
import json
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import save_file
from torch import nn
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

from mlmtune_core.data.columns import has_several_labels
from mlmtune_core.errors import RunError
from mlmtune_core.inspecting.predicting import TaskModel, find_logits, load_run
from mlmtune_core.models import checkpoints
from mlmtune_core.models.masked_head import MaskedHead, to_transformers_model
from mlmtune_core.people import Person
from mlmtune_core.runs.kept_checkpoints import store_checkpoint
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.encoding import positions_to_keep

WEIGHT_BYTES = 4


def save_checkpoint(name: str, title: str, person: Person) -> str:
    """Keeps the best model of a run on masked words as a checkpoint of `person`; returns its name in settings.

    Raises RunError for a run on another task, CheckpointError without a title, LimitError if the disk is full.
    """
    trained = load_run(open_run(name))
    if not isinstance(trained.model.head, MaskedHead):
        raise RunError("Only runs on masked words become checkpoints: take the model of this one home instead.")
    size = WEIGHT_BYTES * sum(weight.numel() for weight in trained.model.parameters())
    return store_checkpoint(title, person, trained.config.checkpoint, size, lambda folder: write_checkpoint(trained, folder)).name


def write_checkpoint(trained: TaskModel, folder: Path) -> str:
    """Writes config.json, model.safetensors and the tokenizer of a model on masked words, with the dropout rates of its checkpoint.

    Returns the name of the transformers class that opens it.
    """
    encoder = trained.model.encoder
    config = checkpoints.load_config(trained.config.checkpoint)
    config.num_hidden_layers = encoder.config.num_hidden_layers
    with torch.no_grad():
        whole = to_transformers_model(encoder, trained.model.head, config)
    whole.save_pretrained(folder)
    source = checkpoints.find_folder(trained.config.checkpoint)
    AutoTokenizer.from_pretrained(source, local_files_only=True, trust_remote_code=False).save_pretrained(folder)
    return type(whole).__name__


TOLERANCE = 1e-4
KINDS = {
    "one per text": AutoModelForSequenceClassification,
    "one number": AutoModelForSequenceClassification,
    "one per token": AutoModelForTokenClassification,
    "one span": AutoModelForQuestionAnswering,
}
SCRIPT = Path(__file__).parent / "predict_torch.txt"


def write_model(trained: TaskModel, target: Path) -> str:
    """Writes a trained model and its tokenizer into an empty folder.

    Returns the name of the transformers class that opens it, if that class gives the same logits to 1e-4 on a few examples.
    If no class has the same head, writes encoder, head and a script `predict.py` that joins them, and returns "".
    """
    if isinstance(trained.model.head, MaskedHead):
        return write_checkpoint(trained, target)
    if trained.config.truncation == "tail":
        trained.tokenizer.truncation_side = "left"  # whoever opens it truncates inputs as in training
    trained.tokenizer.save_pretrained(target)
    whole = _as_transformers(trained)
    if whole is not None:
        whole.save_pretrained(target)
        return type(whole).__name__
    trained.model.encoder.save_pretrained(target / "encoder")
    weights = {key: value.contiguous().cpu() for key, value in trained.model.head.state_dict().items()}
    save_file(weights, target / "head.safetensors")
    write_about(trained, target / "head.json")
    write_predict(SCRIPT, target)
    return ""


def write_about(trained: TaskModel, file: Path) -> None:
    """Writes what a script needs to know beside weights and tokenizer, as JSON."""
    config = trained.config
    about = {"task": config.task, "labels": trained.label_names, "several": _has_several_labels(trained), "max_length": config.max_length}
    about |= {"head": config.head, "pooling": config.pooling, "truncation": config.truncation}
    file.write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")


def write_predict(template: Path, folder: Path) -> None:
    """Writes predict.py from a template, with the source of the function that truncates texts."""
    code = template.read_text(encoding="utf-8").replace("# positions_to_keep\n", inspect.getsource(positions_to_keep))
    (folder / "predict.py").write_text(code, encoding="utf-8")


def _as_transformers(trained: TaskModel) -> nn.Module | None:
    """Returns the model as the transformers class for its task, or None if that class gives other logits."""
    task, encoder = TASKS[trained.config.task], trained.model.encoder
    config = encoder.config.__class__.from_dict(encoder.config.to_dict())
    names = trained.label_names
    if task.LABELS_ARE == "one number":
        config.num_labels, config.problem_type = 1, "regression"
    elif task.LABELS_ARE != "one span":
        config.id2label, config.label2id = dict(enumerate(names)), {label: i for i, label in enumerate(names)}
        if task.LABELS_ARE == "one per text":
            config.problem_type = "multi_label_classification" if _has_several_labels(trained) else "single_label_classification"
    try:
        whole = KINDS[task.LABELS_ARE].from_config(config).eval()
        _fill(whole, trained)
        return whole if _agree(whole, trained) else None
    except (ValueError, KeyError, AttributeError, RuntimeError, IndexError):  # families differ: what does not fit is written as encoder and head
        return None


def _fill(whole: nn.Module, trained: TaskModel) -> None:
    """Copies the weights into `whole`; for regression, folds the scale of the scores into the last layer."""
    base = getattr(whole, whole.base_model_prefix)
    base.load_state_dict(trained.model.encoder.state_dict(), strict=False)
    ours = [module for module in trained.model.head.modules() if isinstance(module, nn.Linear)]
    inside = {id(module) for module in base.modules()}
    theirs = [module for module in whole.modules() if isinstance(module, nn.Linear) and id(module) not in inside]
    if len(theirs) < len(ours) and getattr(base, "pooler", None) is not None:
        theirs.insert(0, base.pooler.dense)
    if [module.weight.shape for module in ours] != [module.weight.shape for module in theirs]:
        raise ValueError("another head")
    for mine, its in zip(ours, theirs, strict=True):
        its.load_state_dict(mine.state_dict())
    if TASKS[trained.config.task].LABELS_ARE == "one number":
        mean, deviation = map(float, trained.label_names)
        with torch.no_grad():
            theirs[-1].weight.mul_(deviation)
            theirs[-1].bias.mul_(deviation).add_(mean)


def _has_several_labels(trained: TaskModel) -> bool:
    return has_several_labels(pd.DataFrame(list(trained.records)))


def _agree(whole: nn.Module, trained: TaskModel) -> bool:
    """Returns whether both give the same logits to the first examples."""
    task = TASKS[trained.config.task]
    _, encoded = trained.encode(trained.records)
    ours = find_logits(trained, encoded)
    if task.LABELS_ARE == "one number":
        mean, deviation = map(float, trained.label_names)
        ours = [each * deviation + mean for each in ours]
    for item, mine in zip(encoded, ours, strict=True):
        with torch.no_grad():
            said = whole(**{key: torch.tensor([value]) for key, value in item.inputs.items()})
        its = torch.stack([said.start_logits[0], said.end_logits[0]], dim=-1) if task.LABELS_ARE == "one span" else said.logits[0]
        if not torch.allclose(its, torch.from_numpy(mine), atol=TOLERANCE):
            return False
    return True
