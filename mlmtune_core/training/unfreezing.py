"""Frozen weights: the proof that they do not change, and gradual unfreezing."""

from collections.abc import Iterator, Sequence

from mlmtune_core.events import Event, FrozenChecked, Unfrozen
from mlmtune_core.models.freezing import count_weights, find_layers, hash_frozen, set_train_mode, top_layers
from mlmtune_core.models.model import Model
from mlmtune_core.strategies import plan_unfreezing
from mlmtune_core.training.steps import Stepper


class FrozenWeights:
    """Checks after the first step and at the end that the frozen weights still have the hash they had before.

    With the strategy `gradual` it also freezes the layers at first and unfreezes them one by one, from the top, when each is due
    (see strategies.plan_unfreezing). The model comes with everything trainable that is trained at any time, so that the optimizer has it.
    """

    def __init__(self, model: Model, strategy: str, steps_per_epoch: Sequence[int], stepper: Stepper) -> None:
        self._model, self._stepper = model, stepper
        self._due = plan_unfreezing(strategy, steps_per_epoch, model.encoder.config.num_hidden_layers)
        self._unfrozen = sum(step < stepper.taken for step in self._due)  # a layer due right now is still to be announced
        if self._due:
            self._freeze_the_rest()
            stepper.before_step.append(self._unfreeze)
        stepper.after_step.append(self._check_first_step)
        self._digest, _ = hash_frozen(model)

    def check(self) -> FrozenChecked:
        """Whether all frozen weights are what they were when training began, or when the last layer was unfrozen."""
        return check_frozen(self._model, self._digest, self._stepper.taken)

    def _check_first_step(self) -> Iterator[Event]:
        if self._stepper.taken == 1:
            yield from self._stepper.flush()
            yield self.check()

    def _unfreeze(self) -> Iterator[Event]:
        """Unfreezes the layers that are due before this step, once it is proved that they have not changed until now."""
        due = sum(step <= self._stepper.taken for step in self._due)
        if due == self._unfrozen:
            return
        yield from self._stepper.flush()
        yield self.check()
        self._unfrozen = due
        self._freeze_the_rest()
        set_train_mode(self._model)
        self._digest, _ = hash_frozen(self._model)
        yield Unfrozen(self._stepper.taken, due, count_weights(self._model)[0])

    def _freeze_the_rest(self) -> None:
        """Makes the top layers trainable that are unfrozen by now, and no others."""
        encoder = self._model.encoder
        every, trainable = ([*top_layers(encoder, count)] for count in (len(find_layers(encoder)), self._unfrozen))
        self._model.to_unfreeze = [module for module in every if module not in trainable]
        for module in every:
            module.requires_grad_(module in trainable)


def check_frozen(model: Model, before: str, step: int) -> FrozenChecked:
    """Whether the frozen weights still have the hash `before`."""
    digest, weights = hash_frozen(model)
    return FrozenChecked(step=step, weights=weights, unchanged=digest == before, digest=digest[:16])
