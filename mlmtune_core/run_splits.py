"""The examples of a run by split, as its task has them, and the labels that it learns to tell apart"""

from typing import Any

from mlmtune_core.data.thinning import learnt_from
from mlmtune_core.errors import DataError
from mlmtune_core.run_store import Run


def read_splits(this: Run, task: Any) -> tuple[dict[str, list[Any]], list[str]]:
    """(split -> examples, those to learn from as the settings want them; label names, of all that could be learnt from).

    Raises DataError where a side is empty, and for labels to measure with that nothing to learn from has.
    """
    whole = this.data()
    splits = {name: _to_examples(whole, name, task) for name in ("train", "validation", "test") if name != "test" or (whole["split"] == name).any()}
    if not all(splits.values()):
        raise DataError(
            "One side of the split is empty. Give at least one example to learn from and one to measure with."
        )
    label_names = task.find_labels(splits["train"])
    for name in splits if task.LABELS_ARE == "one per text" else ():
        unknown = sorted({*task.find_labels(splits[name])} - {*label_names})
        if unknown:
            raise DataError(
                "Labels that no training row has: {labels}. Add training rows with them, or remove them.",
                labels=", ".join(unknown),
            )
    frame = learnt_from(whole, this.config())
    return splits if frame is whole else {**splits, "train": _to_examples(frame, "train", task)}, label_names


def _to_examples(frame: Any, split: str, task: Any) -> list[Any]:
    return task.to_examples(frame[frame["split"] == split].to_dict("records"))
