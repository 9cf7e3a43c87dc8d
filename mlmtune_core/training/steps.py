"""One update of the weights after another: forward, loss, backward, clipping, AdamW."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn

from mlmtune_core.errors import TrainingError
from mlmtune_core.events import StepDone
from mlmtune_core.models.devices import precision, steps_unread
from mlmtune_core.training.evaluation import Setup, Standing
from mlmtune_core.training.faster.embedding_rows import EmbeddingRows, follow_decay
from mlmtune_core.training.optimizer import make_optimizer, make_schedule, rate_factor


@dataclass(frozen=True)
class State:
    """A moment between two steps: `done` batches of `epoch` are learnt from, which `shuffle` (numpy's generator before it) puts in order.

    tensors: weights, AdamW's moments and torch's generators (see Stepper.state); not copies: the next step changes them.
    """

    epoch: int
    done: int
    shuffle: dict[str, Any]
    standing: Standing
    tensors: Mapping[str, torch.Tensor]


class Keeper(Protocol):
    """Who decides when a state is kept (see keeping)."""

    def due(self) -> bool:
        """Whether this is a moment to keep."""

    def keep(self, state: State) -> bool:
        """Keeps it; False where the run is to pause here."""


class Stepper:
    """Takes batches, and says of each update what it was. On a card losses are read back some steps later, all at once."""

    def __init__(self, setup: Setup, standing: Standing, total_steps: int, factor: Callable[[int], float] | None = None) -> None:
        """`factor`: step from 0 -> what the rates are multiplied with, instead of the schedule of the settings."""
        self._setup, self._standing = setup, standing
        self._optimizer = make_optimizer(setup.model, setup.config)
        follow_decay(setup.model, self._optimizer)
        self._total_steps = total_steps
        self._schedule = (
            torch.optim.lr_scheduler.LambdaLR(self._optimizer, factor)
            if factor
            else make_schedule(self._optimizer, setup.config, total_steps)
        )
        self._weights = [weight for group in self._optimizer.param_groups for weight in group["params"]]
        self._limit = steps_unread(setup.model.device)
        self._unread: list[tuple[dict[str, float], float, int, torch.Tensor]] = []

    @property
    def taken(self) -> int:
        """Updates so far, those not yet read back among them."""
        return self._standing.step + len(self._unread)

    def take(self, batch: dict[str, torch.Tensor], epoch: float) -> list[StepDone]:
        """One update; returns the updates that were read back by now, oldest first. Raises TrainingError as `read` does."""
        rates = self._rates()
        self._optimizer.zero_grad(set_to_none=True)
        with precision(self._setup.model.device):
            loss = self._setup.task.compute_loss(self._setup.model(batch), batch)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._weights, self._setup.config.max_grad_norm or math.inf)
        self._unread.append((rates, epoch, len(batch["input_ids"]), torch.stack([loss.detach(), norm])))
        done = self.read() if len(self._unread) >= self._limit else []
        self._optimizer.step()
        self._schedule.step()
        return done

    def read(self) -> list[StepDone]:
        """The updates not yet read back. Raises TrainingError where a loss or a gradient is no number."""
        unread, self._unread = self._unread, []
        numbers = torch.stack([each[-1] for each in unread]).tolist() if unread else []
        return [self._describe(*each[:3], *pair) for each, pair in zip(unread, numbers, strict=True)]

    def state(self) -> dict[str, torch.Tensor]:
        """All that the next step depends on, by name: weights, AdamW's moments, torch's generators. Nothing is copied."""
        tensors = {"random": torch.get_rng_state(), "shrunk": torch.tensor(self._shrunk(), dtype=torch.float64)}
        if self._setup.model.device.type == "cuda":
            tensors["random_card"] = torch.cuda.get_rng_state(self._setup.model.device)
        for i, weight in enumerate(self._weights):
            moments = self._optimizer.state[weight].items()
            tensors |= {f"weight.{i}": weight.detach()} | {f"{name}.{i}": value for name, value in moments}
        return tensors

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Goes on from what `state` gave after `standing.step` steps. Raises RuntimeError where it is of other weights."""
        step = self._standing.step
        for i, weight in enumerate(self._weights):
            weight.copy_(tensors[f"weight.{i}"])
            if f"step.{i}" not in tensors:  # it had not begun to learn
                continue
            moments = {name: tensors[f"{name}.{i}"].to(weight.device) for name in ("exp_avg", "exp_avg_sq")}
            self._optimizer.state[weight] = moments | {"step": tensors[f"step.{i}"].to(weight.device)}
        self._schedule.last_epoch = step
        factor = rate_factor(self._setup.config, self._total_steps, step)
        for group in self._optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        rows = self._setup.model.encoder.get_input_embeddings()
        if isinstance(rows, EmbeddingRows):
            rows.shrunk = tensors["shrunk"].item()
        torch.set_rng_state(tensors["random"])
        if self._setup.model.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random_card"], self._setup.model.device)

    def _rates(self) -> dict[str, float]:
        """Part -> rate of what learns of it now; of the body, that of its top layer, which stands first."""
        learning = (group for group in self._optimizer.param_groups if any(weight.requires_grad for weight in group["params"]))
        return {group["part"]: group["lr"] for group in reversed([*learning])}

    def _shrunk(self) -> float:
        return getattr(self._setup.model.encoder.get_input_embeddings(), "shrunk", 1.0)

    def _describe(self, rates: dict[str, float], epoch: float, examples: int, loss: float, norm: float) -> StepDone:
        standing = self._standing
        standing.step += 1
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise not_finite(standing.step, rates)
        standing.loss_sum += loss * examples
        standing.loss_count += examples
        return StepDone(
            step=standing.step,
            epoch=epoch,
            loss=loss,
            examples=examples,
            grad_norm=norm,
            head_learning_rate=rates.get("head", 0.0),
            learning_rate=rates.get("body", 0.0),
        )


def not_finite(step: int, rates: dict[str, float]) -> TrainingError:
    """The error of a loss or a gradient that is no number, with the rates (by part) that led there."""
    return TrainingError(
        "Step {step}: the loss is no longer a number (learning rates: head {head:.1e}, body {body:.1e}). "
        "Try a rate ten times smaller, more warm-up, or stronger gradient clipping.",
        step=step,
        head=rates.get("head", 0.0),
        body=rates.get("body", 0.0),
    )
