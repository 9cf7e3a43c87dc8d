"""Records a run while it trains: events, best weights and their predictions, the summary at the end."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from mlmtune_core.events import (
    EvalDone,
    Event,
    Failed,
    Finished,
    FrozenChecked,
    PhaseStarted,
    Progress,
    Resumed,
    Started,
    StepDone,
    Tested,
    to_failed,
)
from mlmtune_core.runs.limits import MB, read_limits
from mlmtune_core.runs.run import Run
from mlmtune_core.storage import link_or_copy, write_atomically
from mlmtune_core.training.evaluation import describe_best
from mlmtune_core.training.faster.embedding_rows import trainable_weights

HEAD = "head."  # prefix of the head's weight names


def keep_moment(run: Run, weights: Mapping[str, torch.Tensor], epoch: int, is_best: bool) -> None:
    """Keeps the trainable weights after an epoch (0: before the first step). On a full disk these weights are lost, not the run.

    For runs of a sweep, which are many, only heads are kept beside the best models.
    """
    head = {name: weight for name, weight in weights.items() if name.startswith(HEAD)}
    with suppress(OSError, SafetensorError):
        run.history_file(epoch, whole=True).parent.mkdir(exist_ok=True)
        head_only = len(head) == len(weights)
        _write(run, epoch, head, whole=head_only and epoch > 0)
        stride = find_stride(epoch, read_limits().history_mb * MB // _size(weights))
        if head_only or not epoch or not stride or epoch % stride or run.sweep():
            return
        if is_best:
            link_or_copy(run.weights_file, run.history_file(epoch, whole=True))
        else:
            _write(run, epoch, weights, whole=True)
        for earlier, file in run.history().items():
            if earlier % stride:
                file.unlink()


def find_stride(epoch: int, most: int) -> int:
    """Returns n so that keeping every n-th of the first `epoch` evaluations keeps at most `most`; a power of two, 0 for none.

    A power of two halves what was kept whenever there are too many.
    """
    stride = 1 if most else 0
    while stride and epoch // stride > most:
        stride *= 2
    return stride


def read_heads(run: Run) -> dict[int, dict[str, torch.Tensor]]:
    """Returns epoch -> the head's weights by name, for every readable evaluation; 0 is before the first step."""
    heads = {}
    for epoch, file in sorted((run.history() | run.history(whole=False)).items()):
        with suppress(SafetensorError, OSError):
            heads[epoch] = load_file(file)
    return heads


def _write(run: Run, epoch: int, weights: Mapping[str, torch.Tensor], whole: bool) -> None:
    content = save({name: weight.cpu().contiguous() for name, weight in weights.items()})
    write_atomically(run.history_file(epoch, whole), content, durable=False)


def _size(weights: Mapping[str, torch.Tensor]) -> int:
    return max(1, sum(weight.nbytes for weight in weights.values()))


PROGRESS_SECONDS = 0.5
TOGETHER_SECONDS = 0.05  # steps that are quicker than this are written several at a time


class Recorder:
    """Records a run's events and writes what must be kept; `wants_stop` says what the owner asked for."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._began = time.monotonic()
        self._said = self._written = 0.0
        self._unwritten: list[Event] = []
        self._best: EvalDone | None = None
        self._frozen_unchanged: bool | None = None
        self._test: dict[str, float] | None = None
        self.wants_pause = False  # as of the last check
        self.taken = self._rows = 0  # events so far; log lines since Started

    def take(self, event: Event, model: nn.Module | None = None, label_names: list[str] | None = None) -> list[Event]:
        """Records one event with all that belongs to it, weights first; returns it with the events that follow from it.

        Steps that follow one another within TOGETHER_SECONDS are logged with the next event.
        """
        self.taken += not isinstance(event, Resumed)
        if isinstance(event, Progress):
            if time.monotonic() - self._said < PROGRESS_SECONDS:
                return []
            self._said = time.monotonic()
        before: list[Event] = []
        if isinstance(event, EvalDone):
            before = self._keep(event, model, label_names or [])
        if isinstance(event, FrozenChecked):
            self._frozen_unchanged = event.unchanged if self._frozen_unchanged is not False else False
        if isinstance(event, Tested):
            self._test = event.metrics
            self.run.save_predictions("test", event.predictions)
        self._log(event)
        if isinstance(event, Finished):  # the log must be complete before finished.json says that the run has ended
            self._finish(reason=event.reason, best=event.best, test=self._test, frozen_unchanged=self._frozen_unchanged)
        if isinstance(event, Failed):
            self._finish(reason="failed", template=event.template, values=event.values)
        return [*before, event]

    def _log(self, event: Event) -> None:
        self._unwritten.append(event)
        self._rows = 1 if isinstance(event, Started) else self._rows + 1
        if not isinstance(event, StepDone) or time.monotonic() - self._written >= TOGETHER_SECONDS:
            self._write()

    def _write(self) -> None:
        if self._unwritten:
            self.run.append(*self._unwritten)
        self._unwritten, self._written = [], time.monotonic()

    def state(self) -> dict[str, Any]:
        """Returns what `resume` needs, as plain values, and flushes the log."""
        self._write()
        seconds = time.monotonic() - self._began
        return {"taken": self.taken, "rows": self._rows, "seconds": seconds, "frozen_unchanged": self._frozen_unchanged}

    def resume(self, step: int, best: EvalDone | None, recorded: dict[str, Any]) -> Event:
        """Restores what an earlier attempt's recorder knew at `step` (see `state`); returns the event Resumed."""
        self.taken, self._rows, self._best = recorded["taken"], recorded["rows"], best
        self._frozen_unchanged = recorded["frozen_unchanged"]
        self._began = time.monotonic() - recorded["seconds"]
        return Resumed(step, self._rows)

    def wants_stop(self) -> bool:
        """Returns True once the owner has asked to stop."""
        wish = self.run.control()
        self.wants_pause = wish == "pause"  # reads the file once per step
        return wish == "stop"

    def stop(self, model: nn.Module | None, label_names: list[str]) -> list[Event]:
        """Ends the run here: keeps the best weights so far, or the current ones if nothing was evaluated."""
        before = self._save(trainable_weights(model), label_names) if self._best is None and model is not None else []
        return before + self.take(Finished("stopped", describe_best(self._best)))

    def fail(self, error: Exception) -> list[Event]:
        """Ends the run with a message, for which disk space was reserved."""
        self.run.free_reserve()
        return self.take(to_failed(error))

    def _keep(self, event: EvalDone, model: nn.Module, label_names: list[str]) -> list[Event]:
        """Keeps the weights of an evaluation: as the best so far, if they are, and for the slider over training."""
        weights, before = trainable_weights(model), []
        if event.is_best:
            self._best = event
            before = self._save(weights, label_names)
            self.run.save_predictions("validation", event.predictions)
        keep_moment(self.run, weights, round(event.epoch), event.is_best)
        return before

    def _save(self, weights: Mapping[str, torch.Tensor], label_names: list[str]) -> list[Event]:
        phase = PhaseStarted("saving")
        self._log(phase)
        save_best(self.run, weights, label_names, describe_best(self._best))
        return [phase]

    def _finish(self, **summary: Any) -> None:
        self.run.finish(summary | {"seconds": time.monotonic() - self._began})


def save_best(run: Run, weights: Mapping[str, torch.Tensor], label_names: list[str], best: dict[str, object]) -> None:
    """Writes the trainable weights, with label names and scores in the header, as one file, atomically."""
    run.best_folder.mkdir(exist_ok=True)
    header = {"label_names": json.dumps(label_names), "best": json.dumps(best)}
    write_atomically(run.weights_file, save({name: weight.cpu().contiguous() for name, weight in weights.items()}, metadata=header))
