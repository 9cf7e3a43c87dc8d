"""How a finished run was trained: generalisation gap, movement of weights, memory per step, rate finder."""

import json

from mlmtune_core.config import RANKED_BY
from mlmtune_core.inspecting.movement import compare_weights
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.models.freezing import find_layers
from mlmtune_core.runs.event_log import find_best
from mlmtune_core.runs.kept_weights import START
from mlmtune_core.runs.run import Run
from mlmtune_core.strategies import count_frozen
from mlmtune_core.training.optimizer import is_pulled_back
from mlmtune_core.workers.costs.memory import PROCESS_BYTES, memory_law

_suggestions: dict[str, float] = {}  # fingerprint of data and settings -> suggested rate


def measure_gap(run: Run) -> float:
    """Returns training score minus test score of the best model; needs the setting measure_training."""
    metric = RANKED_BY[run.config().task]
    return find_best(run.events("EvalDone"))["train_metrics"][metric] - run.events("Tested")[-1]["metrics"][metric]


def measure_train_loss(run: Run) -> float:
    """Returns the best model's loss on training examples, without dropout."""
    return find_best(run.events("EvalDone"))["train_eval_loss"]


def measure_body_norm(run: Run) -> float:
    """Returns the norm of all weight matrices in the best model's layers, which are what weight decay acts on."""
    matrices = [weight.detach().double() for weight in find_layers(load_run(run).model.encoder).parameters() if weight.ndim > 1]
    return float(sum(matrix.square().sum() for matrix in matrices) ** 0.5)


def measure_body_moved(run: Run) -> float:
    """Returns the best model's relative distance from the initial weights, averaged over layers."""
    rows = compare_weights(load_run(run, START).model, load_run(run).model)
    moved = [row["moved"] for row in rows if row["name"].isdecimal()]
    return sum(moved) / len(moved)


def measure_finder_suggestion(run: Run) -> float:
    """Returns the learning rate that the rate finder suggests for the run's data and settings; 0 if it suggests none.

    The finder tries all rates itself, so runs that differ only in their rates share one cached result.
    """
    settings = run.config().model_dump(exclude={"learning_rate", "head_learning_rate"})
    key = json.dumps([run.about()["data"]["fingerprint"], settings], sort_keys=True)
    if key not in _suggestions:
        from mlmtune_core.inspecting.trials.rate_finder import find_rate

        examples = run.data()
        _suggestions[key] = find_rate(examples[examples["split"] != "test"], settings)["suggestions"].get("valley", 0.0)
    return _suggestions[key]


def measure_memory(run: Run) -> float:
    """Returns the megabytes that the model and one step of the largest batch need, calculated (see costs.memory), not measured."""
    config, start, shape = run.config(), run.events("Started")[-1], load_run(run).model.encoder.config
    trainable_layers = shape.num_hidden_layers - count_frozen(config.strategy, shape.num_hidden_layers)
    law = memory_law(start["total"], start["trainable"], shape.hidden_size, shape.num_attention_heads, trainable_layers, is_pulled_back(config))
    return (law.of(config.batch_size, config.max_length) - PROCESS_BYTES) / 2**20


BY_NAME = {
    "gap": measure_gap,
    "train_loss": measure_train_loss,
    "body_norm": measure_body_norm,
    "body_moved": measure_body_moved,
    "memory": measure_memory,
    "finder_suggestion": measure_finder_suggestion,
}
