"""What the best model got right and wrong on the examples it was measured with, beside the trivial predictor."""

import json
from typing import Any

from safetensors import safe_open

from mlmtune_core.data.columns import ASKED
from mlmtune_core.run_shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Dataset

MISTAKES_SHOWN = 500
TEXT_SIGNS = 600


def review(name: str, split: str = "validation") -> dict[str, Any]:
    """Of run `name`: `metrics` and `baseline` by name, the task's own tables (see `review` in the task modules), and `mistakes`.

    `mistakes`: the examples that were answered wrongly (for numbers: farthest off first), with `row`, the texts, `true`
    and `predicted`; at most 500 of `wrong`. `splits`: those that can be asked for. Raises RunError before a model is kept.
    """
    this = open_run(name)
    config, frame, said = this.config(), this.data(), this.predictions(split)
    task = TASKS[config.task]
    rows = frame[frame["split"] == split].to_dict("records")
    examples = task.to_examples(rows)
    train = task.to_examples(frame[frame["split"] == "train"].to_dict("records"))
    with safe_open(this.weights_file, framework="numpy") as file:
        label_names = json.loads(file.metadata()["label_names"])
    predictions = dict(enumerate(said))
    mistakes = _find_mistakes(task, rows, examples, said)
    return {
        "examples": len(examples),
        "metrics": task.compute_metrics(predictions, examples),
        "baseline": task.compute_metrics(task.BASELINE(Dataset(train, ()), Dataset(examples, ())), examples),
        **task.review(predictions, examples, label_names),
        "wrong": len(mistakes),
        "mistakes": mistakes[:MISTAKES_SHOWN],
        "splits": [side for side in ("validation", "test") if this.has_predictions(side)],
    }


def _find_mistakes(task: Any, rows: list[dict[str, Any]], examples: list[Any], said: list[Any]) -> list[dict[str, Any]]:
    """Wrongly answered examples as rows of a table; several answers to one question are set apart by bars."""
    between = " | " if task.LABELS_ARE == "one span" else " "
    found = []
    for row, example, answer in zip(rows, examples, said, strict=True):
        truth = task.find_truth(example)
        if answer == truth or (task.LABELS_ARE == "one span" and answer in (truth or [""])):
            continue
        texts = {role: _shown(row[role], " ") for role in ASKED if role in row}
        found.append({"row": int(row["row"]), **texts, "true": _shown(truth, between), "predicted": _shown(answer, between)})  # fmt: skip
    if task.LABELS_ARE == "one number":
        found.sort(key=lambda mistake: -abs(mistake["true"] - mistake["predicted"]))
    return found


def _shown(value: Any, between: str) -> Any:
    """A text, a number, or a list of texts as the cell of a table; long texts are cut."""
    if isinstance(value, float):
        return value
    text = value if isinstance(value, str) else between.join(map(str, value))
    return text if len(text) <= TEXT_SIGNS else text[:TEXT_SIGNS] + "…"
