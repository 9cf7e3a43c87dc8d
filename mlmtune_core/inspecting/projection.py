"""Projects vectors before and after training onto the same two axes, and measures how far labels are apart."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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

from mlmtune_core.data.columns import to_records
from mlmtune_core.errors import RunError
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.inspecting.what_if import read_all
from mlmtune_core.models.probabilities import sigmoid, softmax
from mlmtune_core.runs.kept_weights import BEST, START, weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded

MOST_POINTS = 2000
TEXT_SIGNS = 160


@dataclass(frozen=True)
class Points:
    """N points, in the order of the examples. vectors: (N, H), the encoder's output for [CLS], or for a word's first sub-word.

    logits: (N, C). truth, said: labels, or scores. rows: lines of the file; texts: as a page shows them, shortened; lengths: in words.
    """

    vectors: np.ndarray
    logits: np.ndarray
    truth: list[Any]
    said: list[Any]
    rows: list[int]
    texts: list[str]
    lengths: list[int]


def find_points(run: Run, split: str = "validation", moment: str = BEST) -> Points:
    """Returns the points of a run's model at a moment (see `predicting.load_run`).

    At most MOST_POINTS, the first. Raises RunError before a model is kept, and for questions, which have no single vector.
    """
    return find_points_at(run, split, [moment])[0]


def find_points_at(run: Run, split: str, moments: Sequence[str]) -> list[Points]:
    """As `find_points` at several moments: frozen layers run once for all of them."""
    models = [load_run(run, moment) for moment in moments]
    task = TASKS[models[0].config.task]
    if task.LABELS_ARE == "one span":
        raise RunError("The answer to a question is a place among its tokens: there is no one vector to show.")
    frame = run.data()
    records = to_records(frame[frame["split"] == split].head(MOST_POINTS))
    examples, encoded = models[0].encode(records)
    places = [(i, position) for i, item in enumerate(encoded) for position in _asked(item)][:MOST_POINTS]
    truths = [task.find_truth(examples[item.example]) for item in encoded]
    found = []
    for vectors, logits in read_all(run, models, encoded):
        said = task.decode([row if len(row) > 1 else row[0] for row in logits], encoded, examples, models[0].label_names)
        found.append(
            Points(
                np.stack([vectors[i][position] for i, position in places]),
                np.stack([logits[i][position] for i, position in places]),
                [_of_word(truths[i], encoded[i], position) for i, position in places],
                [_of_word(said[encoded[i].example], encoded[i], position) for i, position in places],
                [records[encoded[i].example]["row"] for i, _ in places],
                [_text_of(records[encoded[i].example], encoded[i], position) for i, position in places],
                [_length_of(records[encoded[i].example]) for i, _ in places],
            )
        )
    return found


def find_confidences(points: Points) -> np.ndarray:
    """Returns (N,): the probability of each answer by softmax; for several labels, the mean certainty over the labels."""
    if points.truth and isinstance(points.truth[0], list):
        shares = sigmoid(points.logits)
        return np.maximum(shares, 1 - shares).mean(axis=1)
    return softmax(points.logits).max(axis=1)


def _asked(item: Encoded) -> list[int]:
    """Returns the positions that carry an answer: those of words, or [CLS]."""
    return [position for position, word in enumerate(item.words) if word >= 0] if item.words else [0]


def _of_word(answer: Any, item: Encoded, position: int) -> Any:
    return answer[item.words[position]] if item.words else answer


def _text_of(record: dict[str, Any], item: Encoded, position: int) -> str:
    """Returns the text; or a word with its sentence."""
    if item.words:
        words = list(map(str, record["words"]))
        text = f"{words[item.words[position]]} · {' '.join(words)}"
    else:
        text = " ‖ ".join(str(record[role]) for role in ("text", "second_text") if role in record)
    return text if len(text) <= TEXT_SIGNS else text[: TEXT_SIGNS - 1] + "…"


def _length_of(record: dict[str, Any]) -> int:
    return len(record["words"]) if "words" in record else sum(len(str(record[role]).split()) for role in ("text", "second_text") if role in record)  # fmt: skip


FOLDS = 5
MOST_MEASURED = 600  # points; silhouette and probes grow with their square
MOST_ITERATIONS = 500
SEED = 0


def draw_map(name: str, split: str = "validation", method: str = "pca") -> dict[str, Any]:
    """Returns, for run `name` at START and at BEST, `places` (N, 2), `said`, `silhouette` and `probe`; and `truth`, `rows` and `texts` of
    both; `explained`, the share of the variance along each axis (PCA only).

    One projection is fitted on both together, so that the axes stay. `method`: pca, or tsne (van der Maaten and Hinton 2008).
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


def draw_map_at(name: str, moment: str, split: str = "validation") -> dict[str, Any]:
    """Returns `places`, `said`, `silhouette` and `probe` of run `name` at another moment, on the axes of its PCA map."""
    run = open_run(name)
    points = find_points(run, split, moment)
    return _describe(points, _fit(*_both(run, split)).transform(points.vectors))


def _both(run: Run, split: str) -> tuple[Points, Points]:
    """Returns the points before and after training; cached, because every other moment needs their axes."""
    return _read_both(str(run.folder), split, weights_changed(run))


@lru_cache(maxsize=2)
def _read_both(folder: str, split: str, _changed: int) -> tuple[Points, Points]:
    run = open_run(folder)
    before, after = find_points_at(run, split, [START, BEST])
    return before, after


def _fit(before: Points, after: Points) -> PCA:
    return PCA(2, random_state=SEED).fit(np.concatenate([before.vectors, after.vectors]))


def _spread(vectors: np.ndarray) -> np.ndarray:
    """Projects (N, D) to (N, 2) by t-SNE."""
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=SEED).fit_transform(vectors)


def find_silhouette(vectors: np.ndarray, labels: list[Any]) -> float | None:
    """Returns the mean silhouette of the labels, -1 to 1 (Rousseeuw 1987): near 1 the labels are well separated. None if it is undefined."""
    vectors, labels = _few(vectors, labels)
    kinds = {str(label) for label in labels}
    if not 1 < len(kinds) < len(labels) or isinstance(labels[0], float):
        return None
    return float(silhouette_score(vectors, list(map(str, labels))))


def find_probe(vectors: np.ndarray, labels: list[Any]) -> float | None:
    """Returns how much of the labels a linear model reads from the vectors, cross-validated: accuracy (Alain and Bengio 2016), or R² for
    numbers. None if some label is too rare.
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
    """Returns at most MOST_MEASURED of them, always the same."""
    if len(labels) <= MOST_MEASURED:
        return vectors, labels
    chosen = np.sort(np.random.default_rng(SEED).choice(len(labels), MOST_MEASURED, replace=False))
    return vectors[chosen], [labels[i] for i in chosen]
