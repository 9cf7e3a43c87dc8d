"""What is kept of a run's way: after every evaluation the head, and, up to a limit, all the weights that learn"""

from collections.abc import Mapping
from contextlib import suppress

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from mlmtune_core.limits import MB, read_limits
from mlmtune_core.run_store import Run
from mlmtune_core.storage import link, write_atomically

HEAD = "head."  # how the names of its weights begin


def keep_moment(run: Run, weights: Mapping[str, torch.Tensor], epoch: int, is_best: bool) -> None:
    """Keeps the weights that learn as they are after an epoch (0: before the first step). A disk without room costs the moment, not the run.

    Of the runs of a sweep, which are many, only the heads are kept beside the best models.
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
            link(run.weights_file, run.history_file(epoch, whole=True))
        else:
            _write(run, epoch, weights, whole=True)
        for earlier, file in run.history().items():
            if earlier % stride:
                file.unlink()


def find_stride(epoch: int, most: int) -> int:
    """Of the first `epoch` evaluations every so-manieth is kept whole, so that they are at most `most`: a power of two, which halves what
    was kept whenever there are too many. 0: none.
    """
    stride = 1 if most else 0
    while stride and epoch // stride > most:
        stride *= 2
    return stride


def read_heads(run: Run) -> dict[int, dict[str, torch.Tensor]]:
    """epoch -> the weights of the head by name, of every evaluation that can be read; 0 is before the first step."""
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
