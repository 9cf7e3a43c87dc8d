"""A map of vectors: two axes for those before training and those after together, and numbers that say how far labels stand apart"""

from collections import Counter
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlmtune_core.inspecting.points import Points, find_points
from mlmtune_core.moments import START
from mlmtune_core.run_shelf import open_run

FOLDS = 5
MOST_MEASURED = 600  # of the points: silhouette and probes grow with the square
MOST_ITERATIONS = 500
SEED = 0


def draw_map(name: str, split: str = "validation", method: str = "pca") -> dict[str, Any]:
    """Of run `name`: `before` and `after`, each with `places` (N, 2), `said`, `silhouette` and `probe`; `truth`, `rows` and `texts` of
    both; `explained`, the share of the variance that each axis shows (PCA alone).

    One projection is fitted on both together, so that the axes hold still. `method`: pca, or tsne (van der Maaten and Hinton 2008).
    """
    run = open_run(name)
    sides = {"before": find_points(run, split, START), "after": find_points(run, split)}
    both = np.concatenate([side.vectors for side in sides.values()])
    places, explained = _project(both, method)
    truth = sides["after"].truth
    halves = dict(zip(sides, np.split(places, 2), strict=True))
    return {
        **{name: _describe(side, halves[name]) for name, side in sides.items()},
        "truth": [", ".join(label) if isinstance(label, list) else label for label in truth],
        "rows": sides["after"].rows,
        "texts": sides["after"].texts,
        "explained": explained,
    }


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


def _project(vectors: np.ndarray, method: str) -> tuple[np.ndarray, list[float]]:
    if method == "tsne":
        perplexity = min(30.0, (len(vectors) - 1) / 3)
        return TSNE(2, perplexity=perplexity, init="pca", random_state=SEED).fit_transform(vectors), []
    projection = PCA(2, random_state=SEED)
    return projection.fit_transform(vectors), projection.explained_variance_ratio_.tolist()


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
