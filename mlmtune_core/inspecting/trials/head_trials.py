"""Trains heads while somebody waits: many learning rates at once, or few and wrong labels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.columns import to_records
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.data.subsets import reduce_and_mislabel, split_in_three
from mlmtune_core.inspecting.trials.known_features import Features, Side, know
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Dataset
from mlmtune_core.training.faster.head_stack import HeadStack
from mlmtune_core.training.order import count_steps, shuffle
from mlmtune_core.workers.cores import one_core
from mlmtune_core.workers.progress import part, report

WARMING = 0.8  # share of the progress bar for computing features


def try_rates(examples: pd.DataFrame, fingerprint: str, settings: dict[str, Any], rates: Sequence[float], seeds: int) -> dict[str, Any]:  # fmt: skip
    """Trains a head for each rate and seed, all at once, each as its run alone would be (head_only, no early stopping).

    `lanes`: rate, seed, `losses` and `rates` by step, `evaluations`; a lane ends where its loss is no longer finite. `majority`:
    the score of the trivial predictor; `sizes` by split; `steps`: in one epoch.
    """
    config = _head_alone(settings)
    split = split_examples(examples, config.validation_share, config.seed)
    lanes = [config.model_copy(update={"head_learning_rate": rate, "seed": config.seed + more}) for more in range(seeds) for rate in rates]  # fmt: skip
    return _learn_in_view(fingerprint, split, split, lanes)


def try_labels(examples: pd.DataFrame, fingerprint: str, settings: dict[str, Any], labels: int, noise: float) -> dict[str, Any]:  # fmt: skip
    """Trains one head on at most `labels` examples of which the share `noise` is mislabelled, evaluated after every epoch on all splits.

    Returns as `try_rates`, with one lane, `wrong` (number of wrong labels), and `best`, `stopped`, `turn` from `find_stop` and `find_turn`.
    """
    config = _head_alone(settings)
    split = split_in_three(examples, config.validation_share, config.seed)
    spoilt = reduce_and_mislabel(split, labels, noise, config.seed)
    found = _learn_in_view(fingerprint, split, spoilt, [config])
    wrong = sum(map(_differ, split.loc[spoilt.index, "label"], spoilt["label"]))
    measured = [each for each in found["lanes"][0]["evaluations"] if each["epoch"]]
    by_loss = config.early_stopping_metric == "validation_loss"
    values = [each["validation_loss"] if by_loss else -each["validation_accuracy"] for each in measured]
    best, stopped = find_stop(values, config.patience)
    return found | {
        "wrong": wrong,
        "best": best,
        "stopped": stopped,
        "turn": find_turn([each["validation_loss"] for each in measured]),
    }


def find_stop(values: Sequence[float], patience: int) -> tuple[int, int]:
    """Returns (best epoch, epoch after which a run with this patience ends), counted from 1; the lowest value is the best.

    An epoch is better only if it is below all before, as in runs; patience 0 never ends one.
    """
    best = 0
    for place, value in enumerate(values):
        if value < values[best]:
            best = place
        elif patience and place - best >= patience:
            return best + 1, place + 1
    return best + 1, len(values)


def find_turn(losses: Sequence[float]) -> int | None:
    """Returns the epoch (from 1) after which the validation loss was never as low again; None if the last one is the lowest."""
    lowest = int(np.argmin(losses))
    return lowest + 1 if lowest + 1 < len(losses) else None


def learn(features: Features, examples: pd.DataFrame, configs: Sequence[RunConfig]) -> list[dict[str, Any]]:
    """Trains a head per config, all together on `train`; the configs differ in sweeps.TOGETHER and the seed at most.

    Returns losses by step with dropout, as runs log them; evaluations before the first epoch and after each without, on every split.
    """
    config, compute_loss = configs[0], TASKS[configs[0].task].compute_loss
    sides = {name: features.side(rows) for name, rows in examples.groupby("split")}
    train = sides["train"]
    stack = HeadStack([features.head(each.seed) for each in configs], configs, sum(count_steps(train.lengths, config)))
    random = {seed: np.random.default_rng(seed) for seed in stack.seeds}
    lanes: list[dict[str, Any]] = [{"rate": each.head_rate, "seed": each.seed, "losses": [], "rates": [], "evaluations": []} for each in configs]  # fmt: skip
    _evaluate(stack, lanes, sides, config, 0)
    for epoch in range(1, config.epochs + 1):
        orders = [shuffle(train.lengths, config, random[seed], epoch) for seed in stack.seeds]
        for indices in zip(*orders, strict=True):
            losses, _, rates = stack.step([train.batch(each) for each in indices], compute_loss)
            for lane, loss, rate in zip(lanes, losses, rates, strict=True):
                lane["losses"].append(loss)
                lane["rates"].append(rate)
        report(epoch / config.epochs)
        _evaluate(stack, lanes, sides, config, epoch)
    return [_until_finite(lane) for lane in lanes]


def _learn_in_view(fingerprint: str, every: pd.DataFrame, examples: pd.DataFrame, configs: Sequence[RunConfig]) -> dict[str, Any]:  # fmt: skip
    """`every`: all texts, for the features; `examples`: those of them that take part."""
    with part(0, WARMING):
        features = know(fingerprint, every, configs[0])
    with part(WARMING, 1), one_core():
        lanes = learn(features, examples, configs)
    sizes = examples["split"].value_counts().to_dict()
    steps = math.ceil(sizes["train"] / configs[0].batch_size)
    return {"lanes": lanes, "majority": _majority(examples, configs[0].task), "sizes": sizes, "steps": steps, "epochs": configs[0].epochs}  # fmt: skip


@torch.no_grad()
def _evaluate(stack: HeadStack, lanes: list[dict[str, Any]], sides: dict[str, Side], config: RunConfig, epoch: int) -> None:  # fmt: skip
    """Adds one evaluation to every lane: loss and accuracy on each split, without dropout."""
    measured: list[dict[str, float]] = [{"epoch": epoch, "step": len(lane["losses"])} for lane in lanes]
    for name, side in sides.items():
        for found, logits in zip(measured, stack.logits(side.hidden), strict=True):
            found[f"{name}_loss"] = TASKS[config.task].compute_loss(logits, {"labels": side.labels}).item()
            found[f"{name}_accuracy"] = _accuracy(logits, side.labels)
    for lane, found in zip(lanes, measured, strict=True):
        lane["evaluations"].append(found)


def _accuracy(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Returns the share of right answers; for several labels, of exactly the right sets."""
    right = logits.argmax(-1) == labels if labels.dim() == 1 else ((logits > 0) == labels.bool()).all(-1)
    return right.float().mean().item()


def _until_finite(lane: dict[str, Any]) -> dict[str, Any]:
    """Returns the lane up to where a run would have failed."""
    steps = next((step for step, loss in enumerate(lane["losses"]) if not math.isfinite(loss)), len(lane["losses"]))
    kept = [each for each in lane["evaluations"] if each["step"] <= steps and all(map(math.isfinite, each.values()))]
    return lane | {"losses": lane["losses"][:steps], "rates": lane["rates"][:steps], "evaluations": kept}


def _majority(examples: pd.DataFrame, task_name: str) -> float:
    """Returns the accuracy of the trivial predictor on the validation examples."""
    task = TASKS[task_name]
    train, validation = (Dataset(task.to_examples(to_records(examples[examples["split"] == name])), []) for name in ("train", "validation"))  # fmt: skip
    return task.compute_metrics(task.BASELINE(train, validation), validation.examples)["accuracy"]


def _head_alone(settings: dict[str, Any]) -> RunConfig:
    return validate({**settings, "strategy": "head_only"})


def _differ(one: Any, other: Any) -> bool:
    return list(one) != list(other)
