"""The learning-rate finder (Smith 2017), and real runs to compare its suggestion with."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.errors import TrainingError
from mlmtune_core.events import EvalDone, StepDone
from mlmtune_core.inspecting.trials.known_features import assemble_once
from mlmtune_core.models.freezing import set_train_mode
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.training.batches import padded_batches
from mlmtune_core.training.faster.embedding_rows import rows_in_use
from mlmtune_core.training.loop import train
from mlmtune_core.training.order import shuffle
from mlmtune_core.training.setup import Setup, TrainingState
from mlmtune_core.training.steps import Stepper
from mlmtune_core.workers.progress import part, report

LOWEST, HIGHEST = 1e-7, 1.0  # fastai goes up to 10, which no run here allows
STEPS = 100
SMOOTHING = 0.98
EXPLODED = 4.0  # factor over the lowest smoothed loss
SKIPPED_FIRST, SKIPPED_LAST = STEPS // 10, 5


def find_rate(examples: pd.DataFrame, settings: dict[str, Any]) -> dict[str, Any]:
    """Runs the range test of Smith (2015) as fastai's LRFinder does: one step at each rate, each a little higher than the one before.

    Step i of 100 has the rate LOWEST * (HIGHEST / LOWEST) ** (i / 100), the same for all trainable weights, without warm-up. The loss is
    smoothed, s_i = 0.98 s_(i-1) + 0.02 loss_i, and divided by 1 - 0.98 ** i; the test ends when that exceeds four times its lowest.
    Returns `rates`, `losses`, `smoothed`, and `suggestions`: by `suggest_valley` and `suggest_steep`, which leave out the first ten steps
    and the last five. Source: fastai/fastai, fastai/callback/schedule.py.
    """
    config = validate({**settings, "head_learning_rate": LOWEST, "learning_rate": LOWEST, "warmup_ratio": 0.0})
    setup, sets = assemble_once(split_examples(examples, config.validation_share, config.seed), config)
    rates, losses, smoothed = [], [], []
    with rows_in_use(setup.model, sets["train"].encoded, setup.pad_id):
        for rate, loss in _climb(setup, sets["train"]):
            rates.append(rate)
            losses.append(loss)
            smoothed.append(_smooth(losses))
            if smoothed[-1] > EXPLODED * min(smoothed):
                break
    seen = rates[SKIPPED_FIRST:-SKIPPED_LAST], smoothed[SKIPPED_FIRST:-SKIPPED_LAST]
    suggestions = {"valley": suggest_valley(*seen), "steep": suggest_steep(*seen)} if len(seen[0]) > 1 else {}
    return {"rates": rates, "losses": losses, "smoothed": smoothed, "suggestions": suggestions}


def suggest_steep(rates: Sequence[float], losses: Sequence[float]) -> float:
    """Returns the rate at which the loss falls fastest: argmin over i of (loss_(i+1) - loss_i) / (ln rate_(i+1) - ln rate_i)."""
    slopes = np.diff(losses) / np.diff(np.log(rates))
    return float(rates[int(slopes.argmin())])


def suggest_valley(rates: Sequence[float], losses: Sequence[float]) -> float:
    """Returns a rate in the middle of the longest valley: of the longest falling subsequence of losses, of m values that ends at index e,
    the rate at index e - m + floor(m / 3) + floor(m / 6). (fastai counts the values of the valley back from its end, not the places it spans.)
    """
    lengths = np.ones(len(losses), dtype=int)  # length of the longest falling subsequence that ends at each index
    for place in range(1, len(losses)):
        higher = np.asarray(losses[:place]) > losses[place]
        lengths[place] += max(lengths[:place][higher], default=0)
    end = int(lengths.argmax())
    third = lengths[end] / 3
    return float(rates[end - lengths[end] + int(third) + int(third / 2)])


def train_at(examples: pd.DataFrame, settings: dict[str, Any], rates: Sequence[float]) -> list[dict[str, Any]]:
    """Carries out real runs, one per rate, shared by head and encoder: rate, final validation `accuracy` and `loss`; None for a run that failed."""
    found = []
    for number, rate in enumerate(rates):
        config = validate({**settings, "head_learning_rate": rate, "learning_rate": rate, "patience": 0})
        with part(number / len(rates), (number + 1) / len(rates)):
            found.append(
                {"rate": rate, **_train(config, split_examples(examples, config.validation_share, config.seed))}
            )
    return found


def _train(config: RunConfig, examples: pd.DataFrame) -> dict[str, float | None]:
    setup, sets = assemble_once(examples, config)
    last: EvalDone | None = None
    try:
        for event in train(setup, sets["train"], sets["validation"]):
            last = event if isinstance(event, EvalDone) else last
            report(min(1.0, (getattr(event, "epoch", 0.0) or 0.0) / config.epochs))
    except TrainingError:
        return {"accuracy": None, "loss": None}
    assert last is not None, "training ends with an evaluation"
    return {"accuracy": last.metrics["accuracy"], "loss": last.validation_loss}


def _climb(setup: Setup, train_set: Dataset) -> Iterator[tuple[float, float]]:
    """Yields (rate, loss) of each step, until a loss is not finite."""
    stepper = Stepper(setup, TrainingState(), STEPS, factor=lambda step: (HIGHEST / LOWEST) ** (step / STEPS))
    set_train_mode(setup.model)
    rng, epoch = np.random.default_rng(setup.config.seed), 0
    order: list[list[int]] = []
    for step in range(STEPS):
        report(step / STEPS)
        if not order:
            epoch += 1
            order = shuffle(train_set.lengths, setup.config, rng, epoch)
        (batch,) = padded_batches(
            train_set.encoded, [order.pop(0)], setup.pad_id, setup.task.LABELS_ARE, setup.model.device, setup.prefix
        )
        try:
            events = [*stepper.step(batch, 0.0), *stepper.flush()]
        except TrainingError:
            return
        yield from ((done.head_learning_rate, done.loss) for done in events if isinstance(done, StepDone))


def _smooth(losses: Sequence[float]) -> float:
    """Returns the mean of all losses so far; a loss n steps ago weighs 0.98 ** n."""
    weights = SMOOTHING ** np.arange(len(losses))[::-1]
    return float(np.dot(weights, losses) / weights.sum())
