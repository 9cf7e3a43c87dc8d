"""One optimizer step after another: forward, loss, backward, clipping, AdamW."""

import math
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import nn

from mlmtune_core.errors import TrainingError
from mlmtune_core.events import Event, StepDone
from mlmtune_core.models.devices import loss_read_interval, precision
from mlmtune_core.training.optimizer import make_optimizer, make_schedule, rate_factor
from mlmtune_core.training.setup import Batch, Setup, TrainingState

Hook = Callable[[], Iterator[Event]]


class Stepper:
    """Updates the trainable weights, one step per batch, and yields a StepDone for each.

    On a GPU the losses of several steps are read back together: `step` may yield them some steps later, `flush` yields the rest.
    before_step, after_step: what else happens around every step, such as gradual unfreezing; each yields its events.
    """

    def __init__(self, setup: Setup, state: TrainingState, total_steps: int, factor: Callable[[int], float] | None = None) -> None:
        """`factor`: step, from 0 -> what the learning rates are multiplied by, instead of the schedule of the settings."""
        self.state = state
        self.before_step: list[Hook] = []
        self.after_step: list[Hook] = []
        self._setup, self._total_steps = setup, total_steps
        self._optimizer = make_optimizer(setup.model, setup.config)
        self._schedule = (
            torch.optim.lr_scheduler.LambdaLR(self._optimizer, factor)
            if factor
            else make_schedule(self._optimizer, setup.config, total_steps)
        )
        self._weights = [weight for group in self._optimizer.param_groups for weight in group["params"]]
        self._unread: list[tuple[dict[str, float], float, int, torch.Tensor]] = []
        self._most_unread = loss_read_interval(setup.model.device)
        self._embeddings = setup.model.encoder.get_input_embeddings()
        if hasattr(self._embeddings, "follow"):  # see faster/embedding_rows
            self._embeddings.follow(self._optimizer)

    @property
    def taken(self) -> int:
        """Steps so far, including those whose losses are not read back yet."""
        return self.state.step + len(self._unread)

    def step(self, batch: Batch, epoch: float) -> Iterator[Event]:
        """Takes one step; yields the steps that are read back by now, oldest first. Raises TrainingError as `flush` does."""
        for hook in self.before_step:
            yield from hook()
        yield from self._update(batch, epoch)
        for hook in self.after_step:
            yield from hook()

    def _update(self, batch: Batch, epoch: float) -> list[StepDone]:
        """The step itself."""
        rates = self._learning_rates()
        self._optimizer.zero_grad(set_to_none=True)
        with precision(self._setup.model.device):
            logits = self._setup.model(batch)
            loss = self._setup.task.compute_loss(logits, batch)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._weights, self._setup.config.max_grad_norm or math.inf)
        self._unread.append((rates, epoch, len(batch["input_ids"]), torch.stack([loss.detach(), norm])))
        done = self.flush() if len(self._unread) >= self._most_unread else []
        self._optimizer.step()
        self._schedule.step()
        return done

    def flush(self) -> list[StepDone]:
        """Reads back all steps not read yet. Raises TrainingError if a loss or a gradient is not finite."""
        unread, self._unread = self._unread, []
        numbers = torch.stack([each[-1] for each in unread]).tolist() if unread else []
        return [self._describe(*each[:3], *pair) for each, pair in zip(unread, numbers, strict=True)]

    def tensors(self) -> dict[str, torch.Tensor]:
        """All that the next step depends on, by name: weights, AdamW's moments, torch's generators. Nothing is copied."""
        shrunk = getattr(self._embeddings, "shrunk", 1.0)
        tensors = {"random": torch.get_rng_state(), "shrunk": torch.tensor(shrunk, dtype=torch.float64)}
        if self._setup.model.device.type == "cuda":
            tensors["random_card"] = torch.cuda.get_rng_state(self._setup.model.device)
        for i, weight in enumerate(self._weights):
            moments = self._optimizer.state[weight].items()
            tensors |= {f"weight.{i}": weight.detach()} | {f"{name}.{i}": value for name, value in moments}
        return tensors

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Continues from what `tensors` gave after `state.step` steps. Raises RuntimeError if they are of other weights."""
        step = self.state.step
        for i, weight in enumerate(self._weights):
            weight.copy_(tensors[f"weight.{i}"])
            if f"step.{i}" not in tensors:  # it had no gradient yet
                continue
            moments = {name: tensors[f"{name}.{i}"].to(weight.device) for name in ("exp_avg", "exp_avg_sq")}
            self._optimizer.state[weight] = moments | {"step": tensors[f"step.{i}"].to(weight.device)}
        self._schedule.last_epoch = step
        factor = rate_factor(self._setup.config, self._total_steps, step)
        for group in self._optimizer.param_groups:
            group["lr"] = group["initial_lr"] * factor
        if hasattr(self._embeddings, "shrunk"):
            self._embeddings.shrunk = tensors["shrunk"].item()
        torch.set_rng_state(tensors["random"])
        if self._setup.model.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random_card"], self._setup.model.device)

    def _learning_rates(self) -> dict[str, float]:
        """"head" and "body" -> learning rate now, if any of its weights is trainable; of the body, that of its top layer, which comes first."""
        trainable = (group for group in self._optimizer.param_groups if any(weight.requires_grad for weight in group["params"]))
        return {group["part"]: group["lr"] for group in reversed([*trainable])}

    def _describe(self, rates: dict[str, float], epoch: float, examples: int, loss: float, norm: float) -> StepDone:
        state = self.state
        state.step += 1
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise not_finite(state.step, rates)
        state.loss_sum += loss * examples
        state.loss_count += examples
        return StepDone(
            step=state.step,
            epoch=epoch,
            loss=loss,
            examples=examples,
            grad_norm=norm,
            head_learning_rate=rates.get("head", 0.0),
            learning_rate=rates.get("body", 0.0),
        )


def not_finite(step: int, rates: dict[str, float]) -> TrainingError:
    """The error of a loss or a gradient that is not finite, with the learning rates ("head", "body") that led there."""
    return TrainingError(
        "Step {step}: the loss is no longer a number (learning rates: head {head:.1e}, body {body:.1e}). "
        "Try a rate ten times smaller, more warm-up, or stronger gradient clipping.",
        step=step,
        head=rates.get("head", 0.0),
        body=rates.get("body", 0.0),
    )
