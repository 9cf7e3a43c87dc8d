"""Lesson 11: how far the winning logit falls without three tokens, named by a method or random."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np

from mlmtune_core.data.columns import to_records
from mlmtune_core.inspecting.attribution import Target, find_attention, find_drops, integrate, occlude, open_places
from mlmtune_core.inspecting.predicting import TaskModel, find_logits, load_run
from mlmtune_core.lessons.data import take_evenly
from mlmtune_core.runs.kept_weights import weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run

MAX_TEXTS = 40
REMOVED = 3  # tokens at once
DRAWS = 10  # random sets of tokens, of which the mean is taken
METHODS: dict[str, Callable[[TaskModel, Target], Sequence[float]]] = {
    "gradients": lambda trained, target: integrate(trained, target)["values"],
    "occlusion": lambda trained, target: occlude(trained, target)["values"],
    "attention": lambda trained, target: np.mean(find_attention(trained, target.item)[-1], axis=0)[0].tolist(),
}


def find_logit_drops(run: Run, method: str) -> list[float]:
    """Returns, for at most MAX_TEXTS test texts, how far the winning logit falls when the REMOVED tokens that `method` ranks first become [MASK].

    method: gradients (integrated), occlusion, attention (of [CLS] in the last layer, mean over its heads), or random.
    """
    return _find_all_drops(str(run.folder), weights_changed(run))[method]


def compare_methods(trained: TaskModel, target: Target, rng: np.random.Generator) -> dict[str, float]:
    """Returns method -> fall of the winning logit, for one input."""
    positions = open_places(trained, target)
    count = min(REMOVED, len(positions))
    ranked = [_top(find(trained, target), positions, count) for find in METHODS.values()]
    drawn = [rng.choice(positions, count, replace=False).tolist() for _ in range(DRAWS)]
    drops = find_drops(trained, target, [*ranked, *drawn])
    return dict(zip(METHODS, drops, strict=False)) | {"random": float(np.mean(drops[len(ranked) :]))}


def _top(values: Sequence[float], positions: Sequence[int], count: int) -> list[int]:
    return sorted(positions, key=lambda position: -values[position])[:count]


@lru_cache(maxsize=1)
def _find_all_drops(folder: str, _changed: int) -> dict[str, list[float]]:
    run = open_run(folder)
    frame, trained = run.data(), load_run(run)
    _, encoded = trained.encode(to_records(take_evenly(frame[frame["split"] == "test"], MAX_TEXTS)))
    rng = np.random.default_rng(run.config().seed)
    targets = [Target(item, 0, int(row.argmax())) for item, row in zip(encoded, find_logits(trained, encoded), strict=True)]
    drops = [compare_methods(trained, target, rng) for target in targets]
    return {method: [each[method] for each in drops] for method in (*METHODS, "random")}


BY_NAME: dict[str, Callable[[Run], list[float]]] = {f"fall_{method}": partial(find_logit_drops, method=method) for method in (*METHODS, "random")}
