"""A map of vectors: two axes for those before training and those after together, and numbers that say how far labels stand apart"""

from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlmtune_core.inspecting.points import Points, find_points, find_points_at
from mlmtune_core.kept_model import weights_changed
from mlmtune_core.moments import BEST, START
from mlmtune_core.run_shelf import open_run
from mlmtune_core.run_store import Run

FOLDS = 5
MOST_MEASURED = 600  # of the points: silhouette and probes grow with the square
MOST_ITERATIONS = 500
SEED = 0


def draw_map(name: str, split: str = "validation", method: str = "pca") -> dict[str, Any]:
    """Of run `name` at START and at BEST, each with `places` (N, 2), `said`, `silhouette` and `probe`; `truth`, `rows` and `texts` of
    both; `explained`, the share of the variance that each axis shows (PCA alone).

    One projection is fitted on both together, so that the axes hold still. `method`: pca, or tsne (van der Maaten and Hinton 2008).
    """
    run = open_run(name)
    before, after = _both(run, split)
    if method == "tsne":
        places, explained = np.split(_spread(np.concatenate([before.vectors, after.vectors])), 2), []
    else:
        projection = _fit(before, after)
        places = [projection.transform(side.vectors) for side in (before, after)]
        explained = projection.explained_variance_ratio_.tolist()
    return {
        START: _describe(before, places[0]),
        BEST: _describe(after, places[1]),
        "truth": [", ".join(label) if isinstance(label, list) else label for label in after.truth],
        "rows": after.rows,
        "texts": after.texts,
        "explained": explained,
    }


def draw_moment(name: str, moment: str, split: str = "validation") -> dict[str, Any]:
    """The `places`, `said`, `silhouette` and `probe` of run `name` at another moment, on the axes of its map by PCA."""
    run = open_run(name)
    points = find_points(run, split, moment)
    return _describe(points, _fit(*_both(run, split)).transform(points.vectors))


def _both(run: Run, split: str) -> tuple[Points, Points]:
    """Before and after training; kept, because every other moment asks for their axes."""
    return _read_both(str(run.folder), split, weights_changed(run))


@lru_cache(maxsize=2)
def _read_both(folder: str, split: str, _changed: int) -> tuple[Points, Points]:
    run = open_run(folder)
    before, after = find_points_at(run, split, [START, BEST])
    return before, after


def _fit(before: Points, after: Points) -> PCA:
    return PCA(2, random_state=SEED).fit(np.concatenate([before.vectors, after.vectors]))


def _spread(vectors: np.ndarray) -> np.ndarray:
    """(N, D) -> (N, 2) by t-SNE."""
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=SEED).fit_transform(vectors)


def find_silhouette(vectors: np.ndarray, labels: list[Any]) -> float | None:
    """Mean silhouette of the labels, -1 to 1 (Rousseeuw 1987): near 1 each label stands by itself. None where labels cannot be told apart."""
    vectors, labels = _few(vectors, labels)
    kinds = {str(label) for label in labels}
    if not 1 < len(kinds) < len(labels) or isinstance(labels[0], float):
        return None
    return float(silhouette_score(vectors, list(map(str, labels))))


def find_probe(vectors: np.ndarray, labels: list[Any]) -> float | None:
    """How much of the labels a linear model reads off the vectors, over parts held out in turn: accuracy (Alain and Bengio 2016); R² for
    numbers. None where some label is too rare to be held out.
    """
    vectors, labels = _few(vectors, labels)
    if isinstance(labels[0], float):
        return float(cross_val_score(make_pipeline(StandardScaler(), Ridge()), vectors, labels, cv=FOLDS).mean())
    names = list(map(str, labels))
    common = {name for name, count in Counter(names).items() if count >= FOLDS}
    kept = [i for i, name in enumerate(names) if name in common]
    if len(common) < 2:
        return None
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MOST_ITERATIONS))
    return float(cross_val_score(probe, vectors[kept], [names[i] for i in kept], cv=FOLDS).mean())


def _describe(side: Points, places: np.ndarray) -> dict[str, Any]:
    return {
        "places": places.tolist(),
        "said": [", ".join(label) if isinstance(label, list) else label for label in side.said],
        "silhouette": find_silhouette(side.vectors, side.truth),
        "probe": find_probe(side.vectors, side.truth),
    }


def _few(vectors: np.ndarray, labels: list[Any]) -> tuple[np.ndarray, list[Any]]:
    """At most MOST_MEASURED of them, always the same."""
    if len(labels) <= MOST_MEASURED:
        return vectors, labels
    chosen = np.sort(np.random.default_rng(SEED).choice(len(labels), MOST_MEASURED, replace=False))
    return vectors[chosen], [labels[i] for i in chosen]
