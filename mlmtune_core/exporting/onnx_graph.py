"""Writes encoder and head as one ONNX graph, if onnxruntime computes the same as torch."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mlmtune_core.data.columns import to_records
from mlmtune_core.errors import RunError
from mlmtune_core.exporting.model_folder import write_about, write_predict
from mlmtune_core.inspecting.predicting import TaskModel, load_run
from mlmtune_core.models.model import INPUTS, Model, eager_attention
from mlmtune_core.runs.run import Run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.training.batches import to_batch
from mlmtune_core.workers import progress

TOLERANCE = 1e-4
TRIED = 32  # examples of the run to compare on
BATCH_SIZES = (1, 3, 8)
SCRIPT = Path(__file__).parent / "predict_onnx.txt"


class Graph(nn.Module):
    """The model as a function of plain tensors: token ids, mask and, if the family has them, segments -> logits."""

    def __init__(self, model: Model, names: Sequence[str]) -> None:
        super().__init__()
        self.model, self._names = model, names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        """Each (B, T) -> (B, C), or (B, T, C) for tokens."""
        return self.model(dict(zip(self._names, inputs, strict=True)))


def write_onnx(run: Run, folder: Path) -> float:
    """Writes model.onnx, tokenizer.json, about.json and predict.py; returns the largest difference between torch and onnxruntime.

    Raises RunError if the graph cannot be made, or differs by more than 1e-4 on examples of the run.
    """
    trained = load_run(run)
    frame = run.data()
    _, encoded = trained.encode(to_records(frame.head(TRIED)))
    names = [name for name in INPUTS if name == "attention_mask" or name in encoded[0].inputs]
    graph = Graph(trained.model, names).eval()
    progress.report(0.05)
    with eager_attention(trained.model.encoder):
        _export(graph, names, _inputs(encoded[:2], trained, names), folder / "model.onnx")
    progress.report(0.8)
    worst = _compare(graph, names, trained, encoded, folder / "model.onnx")
    if worst > TOLERANCE:
        raise _refusal()
    trained.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    write_about(trained, folder / "about.json")
    write_predict(SCRIPT, folder)
    return worst


def _export(graph: Graph, names: list[str], inputs: tuple[torch.Tensor, ...], file: Path) -> None:
    """Exports with torch.export (`dynamo`), the exporter that torch documents; batch size and length stay dynamic."""
    open_sizes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length")}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of its own internals
            program = torch.onnx.export(
                graph, inputs, input_names=names, output_names=["logits"], dynamic_shapes=(tuple(open_sizes for _ in names),),
                dynamo=True, verbose=False,
            )  # fmt: skip
        assert program is not None
        program.save(str(file), external_data=False)
    except (torch.onnx.errors.OnnxExporterError, RuntimeError, TypeError, ValueError) as error:
        raise _refusal() from error


def _compare(graph: Graph, names: list[str], trained: TaskModel, encoded: Sequence[Encoded], file: Path) -> float:
    """Returns the largest difference of a logit, over examples in batches of several sizes, each padded to its longest."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    worst = 0.0
    for size in BATCH_SIZES:
        for start in range(0, min(len(encoded), TRIED), size):
            inputs = _inputs(encoded[start : start + size], trained, names)
            with torch.no_grad():
                ours = graph(*inputs).numpy()
            (theirs,) = session.run(None, {name: values.numpy() for name, values in zip(names, inputs, strict=True)})
            seen = inputs[names.index("attention_mask")].numpy().astype(bool)
            difference = np.abs(ours - theirs)
            worst = max(worst, float(difference[seen].max() if ours.ndim == 3 else difference.max()))
    return worst


def _inputs(encoded: Sequence[Encoded], trained: TaskModel, names: list[str]) -> tuple[torch.Tensor, ...]:
    batch = to_batch(encoded, trained.pad_id, TASKS[trained.config.task].LABELS_ARE)
    return tuple(batch[name] for name in names)


def _refusal() -> RunError:
    return RunError("This model does not come out the same as ONNX. Take its folder for transformers instead.")
