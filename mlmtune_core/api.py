"""For notebooks and scripts: load a checkpoint, read examples, train, evaluate, predict, export."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from mlmtune_core.config import validate
from mlmtune_core.data.columns import to_records
from mlmtune_core.data.preparation import Examples, read_examples
from mlmtune_core.data.subsets import read_splits
from mlmtune_core.errors import DataError, RunError
from mlmtune_core.events import EvalDone, Event
from mlmtune_core.exporting.model_folder import write_model
from mlmtune_core.inspecting import predicting
from mlmtune_core.inspecting.predicting import RECORDS_KEPT, TaskModel
from mlmtune_core.models import checkpoints
from mlmtune_core.models.adapters import merge_adapters
from mlmtune_core.models.devices import choose_device
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.training import loop
from mlmtune_core.training.assembly import make_datasets, make_model, make_setup, prepare_model
from mlmtune_core.training.evaluation import Scores, score
from mlmtune_core.training.faster.embedding_rows import trainable_weights
from mlmtune_core.training.faster.prefix_cache import add_shortcuts
from mlmtune_core.training.setup import Batch, Setup

__all__ = ["evaluate", "export", "fit", "list_history", "load_checkpoint", "load_run", "predict", "read_examples", "train"]


def load_checkpoint(checkpoint: str, examples: Examples, **settings: Any) -> TaskModel:
    """Loads an encoder and puts a new head for the examples' task and labels on top.

    checkpoint: "bundled", a folder, or a name on the Hub. settings: fields of RunConfig, such as strategy="last_layers:2",
    epochs=3, learning_rate=5e-5. Raises ConfigError for a setting that is not allowed, CheckpointError for a checkpoint that
    cannot be loaded, DataError for examples that cannot be trained on.
    """
    config = validate({**settings, "task": examples.task, "checkpoint": checkpoint})
    task, tokenizer = TASKS[config.task], checkpoints.load_tokenizer(config.checkpoint)
    _, label_names = read_splits(examples.frame, config, task)
    torch.manual_seed(config.seed)
    model = make_model(config, task, label_names).to(choose_device()).eval()
    records = to_records(examples.frame.head(RECORDS_KEPT))
    return TaskModel(config, model, tokenizer, label_names, records)


def load_run(name: str, moment: str = BEST) -> TaskModel:
    """Loads the model of a run of the app or the command line, by its id or its folder. Raises RunError if there is none yet."""
    return predicting.load_run(open_run(name), moment)


def train(model: TaskModel, examples: Examples) -> Iterator[Event]:
    """Trains a model in place and yields an event for every step (StepDone), evaluation (EvalDone) and phase.

    When the iterator ends, or is closed early, the model has the weights of the best evaluation. Raises TrainingError if the loss
    is no longer finite.
    """
    config, network = model.config, model.model
    prepare_model(network, config.strategy)
    setup, few, datasets = _assemble(model, examples)
    setup, _ = add_shortcuts(setup, few, datasets.values())
    best: dict[str, torch.Tensor] = {}
    try:
        for event in loop.train(setup, datasets["train"], datasets["validation"]):
            if isinstance(event, EvalDone) and event.is_best:
                best = {name: weight.clone() for name, weight in trainable_weights(network).items()}
            yield event
    finally:
        merge_adapters(network)
        network.load_state_dict(best, strict=False)
        network.eval()


def fit(model: TaskModel, examples: Examples) -> list[dict[str, Any]]:
    """Trains a model in place as `train` does, and returns its history (see `list_history`)."""
    return list_history(train(model, examples))


def list_history(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Returns a row for each evaluation after the start: epoch, train_loss, validation_loss and metrics."""
    return [
        {"epoch": int(done.epoch), "train_loss": done.train_loss, "validation_loss": done.validation_loss, "metrics": done.metrics}
        for done in events
        if isinstance(done, EvalDone) and done.step
    ]


def evaluate(model: TaskModel, examples: Examples, split: str = "validation") -> Scores:
    """Returns loss, metrics and predictions on one split of the examples. Raises DataError if they have no such split."""
    setup, _, datasets = _assemble(model, examples, split)
    scoring = score(setup, datasets[split])
    while True:
        try:
            next(scoring)
        except StopIteration as done:
            return done.value


def predict(model: TaskModel, *texts: str | Sequence[str]) -> dict[str, Any]:
    """Returns what the model answers to one input: label, logits and probabilities, or what its task gives instead.

    texts: one for each thing that the task reads, such as text and second text, or question and context; a sentence to be tagged
    may come as its words. Raises RunError if a text is missing.
    """
    return predicting.answer(model, predicting.typed_record(model, texts))


def export(model: TaskModel, folder: Path | str) -> str:
    """Writes the model and its tokenizer into a new or empty folder, for transformers.

    Returns the name of the transformers class that opens it, or "" if none has the same head: then the folder holds encoder, head
    and a script that joins them. Raises RunError if the folder is not empty.
    """
    target = Path(folder)
    if target.exists() and any(target.iterdir()):
        raise RunError("The folder “{folder}” is not empty. Give a new one.", folder=target)
    target.mkdir(parents=True, exist_ok=True)
    return write_model(model, target)


def _assemble(model: TaskModel, examples: Examples, *names: str) -> tuple[Setup, Batch, dict[str, Dataset]]:
    """The setup without shortcuts, a small batch to try these on, and the splits of these names, or all, encoded."""
    config, task = model.config, TASKS[model.config.task]
    splits, label_names = read_splits(examples.frame, config, task)
    unknown = sorted({*label_names} - {*model.label_names}) if task.LABELS_ARE != "one number" else []
    if unknown:
        raise DataError(
            "Labels that no training row has: {labels}. Add training rows with them, or remove them.", labels=", ".join(unknown)
        )
    chosen = {name: splits[name] for name in names or splits if name in splits}
    if not chosen:
        raise DataError("There is no split “{split}”. Found: {found}.", split=", ".join(names), found=", ".join(splits))
    datasets = make_datasets(config, task, model.tokenizer, chosen, model.label_names)
    some = datasets.get("train") or next(iter(datasets.values()))
    return *make_setup(config, task, model.tokenizer, model.model, model.label_names, some), datasets
