"""When a run is kept: soon after its first step, then now and then, and where its owner wants it to pause."""

import time
from collections.abc import Callable, Mapping

import torch
from safetensors import SafetensorError

from mlmtune_core.recorder import Recorder
from mlmtune_core.resuming import Kept, write_kept
from mlmtune_core.stepping import State

SOON_SECONDS, EVERY_SECONDS = 1.0, 5.0  # after preparing; between two times
SHARE = 0.03  # of a run's time at most is spent on keeping it


class Keeper:
    """Asked by the loop after every step (see training.train)."""

    def __init__(self, recorder: Recorder, prefix: Callable[[], Mapping[str, torch.Tensor]]) -> None:
        self._recorder, self._prefix = recorder, prefix
        self._next = time.monotonic() + SOON_SECONDS

    def due(self) -> bool:
        """Whether this is a moment to keep."""
        return self._recorder.wants_pause or time.monotonic() >= self._next

    def keep(self, state: State) -> bool:
        """Keeps it; False where the run is to pause here. A disk without room costs the run its safety, not its life.

        Raises OSError where there is no room to pause.
        """
        began, pause = time.monotonic(), self._recorder.wants_pause
        kept = Kept(state, self._recorder.kept(), self._prefix())
        try:
            self._recorder.run.keep_last(lambda path: write_kept(kept, path))
        except (OSError, SafetensorError):
            if pause:
                raise
        now = time.monotonic()
        self._next = now + max(EVERY_SECONDS, (now - began) / SHARE)
        return not pause
