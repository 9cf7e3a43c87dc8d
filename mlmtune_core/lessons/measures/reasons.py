"""What lesson 11 measures: by how much the winning logit falls without the three tokens that a method names, or without three random ones"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np

from mlmtune_core.inspecting.attribution import Target, find_attention, find_drops, integrate, occlude, open_places
from mlmtune_core.inspecting.predicting import Trained, find_logits, load_run
from mlmtune_core.lessons.data import take_evenly
from mlmtune_core.runs.kept_weights import weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run

MOST_TEXTS = 40
REMOVED = 3
TRIES = 10  # drawings of random tokens; the mean counts
METHODS: dict[str, Callable[[Trained, Target], Sequence[float]]] = {
    "gradients": lambda trained, target: integrate(trained, target)["values"],
    "occlusion": lambda trained, target: occlude(trained, target)["values"],
    "attention": lambda trained, target: np.mean(find_attention(trained, target.item)[-1], axis=0)[0].tolist(),
}


def find_fall(run: Run, method: str) -> list[float]:
    """Of at most MOST_TEXTS test texts, by how much the winning logit falls when the tokens that `method` puts first are replaced by [MASK].

    method: gradients (integrated), occlusion, attention (of [CLS] in the last layer, mean over its heads), or random.
    """
    return _falls(str(run.folder), weights_changed(run))[method]


def compare_methods(trained: Trained, target: Target, rng: np.random.Generator) -> dict[str, float]:
    """method -> that fall on one input."""
    places = open_places(trained, target)
    count = min(REMOVED, len(places))
    named = [_top(find(trained, target), places, count) for find in METHODS.values()]
    drops = find_drops(trained, target, [*named, *(rng.choice(places, count, replace=False) for _ in range(TRIES))])
    return dict(zip(METHODS, drops, strict=False)) | {"random": float(np.mean(drops[len(named) :]))}


def _top(values: Sequence[float], places: Sequence[int], count: int) -> list[int]:
    return sorted(places, key=lambda place: -values[place])[:count]


@lru_cache(maxsize=1)
def _falls(folder: str, _changed: int) -> dict[str, list[float]]:
    run = open_run(folder)
    frame, trained = run.data(), load_run(run)
    _, encoded = trained.encode(take_evenly(frame[frame["split"] == "test"], MOST_TEXTS).to_dict("records"))
    rng = np.random.default_rng(run.config().seed)
    targets = [Target(item, 0, int(row.argmax())) for item, row in zip(encoded, find_logits(trained, encoded), strict=True)]
    found = [compare_methods(trained, target, rng) for target in targets]
    return {method: [each[method] for each in found] for method in (*METHODS, "random")}


BY_NAME: dict[str, Callable[[Run], list[float]]] = {f"fall_{method}": partial(find_fall, method=method) for method in (*METHODS, "random")}
