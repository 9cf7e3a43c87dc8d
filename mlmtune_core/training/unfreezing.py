"""What is frozen while a run goes on: the proof that it does not move, and, in gradual unfreezing, the layers that begin to learn one by one"""

from collections.abc import Iterator, Sequence

from mlmtune_core.events import Event, FrozenChecked, Unfrozen
from mlmtune_core.models.freezing import count_weights, find_layers, hash_frozen, set_train_mode, top_layers
from mlmtune_core.models.model import Model
from mlmtune_core.strategies import plan_unfreezing
from mlmtune_core.training.steps import Stepper


class Frozen:
    """Has the layers of a model rest until their time comes, and checks that what rests has the hash with which it began to.

    The model comes with all that learns in the run set to learn. `step`: how many steps were taken before, in an attempt that goes on.
    """

    def __init__(self, model: Model, strategy: str, steps: Sequence[int], step: int) -> None:
        self._model = model
        self._moments = plan_unfreezing(strategy, steps, model.encoder.config.num_hidden_layers)
        self._learning = sum(moment < step for moment in self._moments)  # one that is due at `step` is yet to be said
        if self._moments:
            self._set_learning()
        self._digest, _ = hash_frozen(model)

    def check(self, step: int) -> FrozenChecked:
        """Whether all that is frozen now is what it was when it was first frozen, or when the last layer began to learn."""
        return check_frozen(self._model, self._digest, step)

    def follow(self, stepper: Stepper) -> Iterator[Event]:
        """Before a step: has the layers learn whose time has come, after the proof that they had not moved until now."""
        due = sum(moment <= stepper.taken for moment in self._moments)
        if due == self._learning:
            return
        yield from stepper.read()
        yield self.check(stepper.taken)
        self._learning = due
        self._set_learning()
        set_train_mode(self._model)
        self._digest, _ = hash_frozen(self._model)
        yield Unfrozen(stepper.taken, due, count_weights(self._model)[0])

    def _set_learning(self) -> None:
        encoder = self._model.encoder
        every, learning = ([*top_layers(encoder, count)] for count in (len(find_layers(encoder)), self._learning))
        self._model.resting = [module for module in every if module not in learning]
        for module in every:
            module.requires_grad_(module in learning)


def check_frozen(model: Model, before: str, step: int) -> FrozenChecked:
    """Whether the frozen weights still have the hash they began with."""
    digest, weights = hash_frozen(model)
    return FrozenChecked(step=step, weights=weights, unchanged=digest == before, digest=digest[:16])
