"""How good the best model is on the examples it was measured with, beside the trivial predictor: scores, classes, kinds of errors."""

from typing import Any

from mlmtune_core.data.thinning import learnt_from
from mlmtune_core.kept_model import read_label_names
from mlmtune_core.run_shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Dataset


def review(name: str, split: str = "validation") -> dict[str, Any]:
    """Of run `name`: how many `examples`, `metrics` and `baseline` by name, and the task's own tables (see `review` in the task modules).

    The examples themselves: see example_list. Raises RunError before a model is kept.
    """
    this = open_run(name)
    config, frame, said = this.config(), this.data(), this.predictions(split)
    task = TASKS[config.task]
    examples = task.to_examples(frame[frame["split"] == split].to_dict("records"))
    learnt = learnt_from(frame, config)
    train = task.to_examples(learnt[learnt["split"] == "train"].to_dict("records"))
    predictions = dict(enumerate(said))
    return {
        "examples": len(examples),
        "metrics": task.compute_metrics(predictions, examples),
        "baseline": task.compute_metrics(task.BASELINE(Dataset(train, ()), Dataset(examples, ())), examples),
        **task.review(predictions, examples, read_label_names(this)),
    }
