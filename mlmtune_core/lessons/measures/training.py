"""What lessons measure of how a finished run has learnt: the gap to its training examples, how far its body moved, what a step costs in memory, and what a rate finder would have said"""

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

_suggested: dict[str, float] = {}


def measure_gap(run: Run) -> float:
    """Of the kept model: score on training examples, which must have been measured, minus score on the test set."""
    metric = RANKED_BY[run.config().task]
    return find_best(run.events("EvalDone"))["train_metrics"][metric] - run.events("Tested")[-1]["metrics"][metric]


def measure_train_loss(run: Run) -> float:
    """Of the kept model: loss on training examples, without dropout."""
    return find_best(run.events("EvalDone"))["train_eval_loss"]


def measure_body_norm(run: Run) -> float:
    """The root of the sum of squares of all weight matrices in the layers of the kept model: of what weight decay pulls at."""
    matrices = [weight.detach().double() for weight in find_layers(load_run(run).model.encoder).parameters() if weight.ndim > 1]
    return float(sum(matrix.square().sum() for matrix in matrices) ** 0.5)


def measure_body_moved(run: Run) -> float:
    """How far the layers of the kept model are from where they began, over their length then: the mean over the layers."""
    rows = compare_weights(load_run(run, START).model, load_run(run).model)
    moved = [row["moved"] for row in rows if row["name"].isdecimal()]
    return sum(moved) / len(moved)


def measure_finder_suggestion(run: Run) -> float:
    """The rate that a finder suggests on what the run learnt from; 0 where it suggests none.

    It climbs through all rates by itself: runs that differ in nothing but their rates share one answer.
    """
    settings = run.config().model_dump(exclude={"learning_rate", "head_learning_rate"})
    key = json.dumps([run.about()["data"]["fingerprint"], settings], sort_keys=True)
    if key not in _suggested:
        from mlmtune_core.inspecting.trials.rate_finder import find_rate

        examples = run.data()
        _suggested[key] = find_rate(examples[examples["split"] != "test"], settings)["suggestions"].get("valley", 0.0)
    return _suggested[key]


def measure_memory(run: Run) -> float:
    """Megabytes that the model and a step of the largest batch take, calculated (see memory.memory_law), not measured."""
    config, start, shape = run.config(), run.events("Started")[-1], load_run(run).model.encoder.config
    learning = shape.num_hidden_layers - count_frozen(config.strategy, shape.num_hidden_layers)
    law = memory_law(start["total"], start["trainable"], shape.hidden_size, shape.num_attention_heads, learning, is_pulled_back(config))
    return (law.of(config.batch_size, config.max_length) - PROCESS_BYTES) / 2**20


BY_NAME = {
    "gap": measure_gap,
    "train_loss": measure_train_loss,
    "body_norm": measure_body_norm,
    "body_moved": measure_body_moved,
    "memory": measure_memory,
    "finder_suggestion": measure_finder_suggestion,
}
