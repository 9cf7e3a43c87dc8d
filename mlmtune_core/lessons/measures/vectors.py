"""Lesson 3: what a linear probe reads from [CLS] and from the mean of tokens, before and after training."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlmtune_core.data.columns import to_records
from mlmtune_core.inspecting.predicting import TaskModel, load_run
from mlmtune_core.lessons.data import take_evenly
from mlmtune_core.models.model import INPUTS
from mlmtune_core.runs.kept_weights import BEST, START, weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.order import order_by_length

BATCH_SIZE = 32
MAX_ITERATIONS = 500
POOLINGS, WEIGHTS = ("cls", "mean"), {"before": START, "after": BEST}


def find_probe(run: Run, pooling: str, when: str) -> list[float]:
    """Returns, for every test example, 1 if a logistic regression on its vector predicts its label, else 0.

    pooling: cls or mean. when: before or after fine-tuning. The probe is fitted on as many training texts as the run, at even distances.
    """
    return _score_probes(str(run.folder), weights_changed(run))[pooling, when]


def read_vectors(trained: TaskModel, records: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Returns pooling -> (N, H) vectors of the last layer: [CLS], or the mean of all tokens including [CLS] and [SEP]."""
    _, encoded = trained.encode(records)
    vectors = {pooling: np.empty((len(encoded), trained.model.encoder.config.hidden_size), dtype=np.float32) for pooling in POOLINGS}
    for indices in order_by_length([item.length for item in encoded], BATCH_SIZE):
        batch = to_batch([encoded[i] for i in indices], trained.pad_id, TASKS[trained.config.task].LABELS_ARE)
        inputs = {name: batch[name].to(trained.model.device) for name in INPUTS if name in batch}
        with torch.inference_mode():
            hidden = trained.model.encoder(**inputs).last_hidden_state.float()
        mask = inputs["attention_mask"].unsqueeze(-1)
        vectors["cls"][indices] = hidden[:, 0].cpu().numpy()
        vectors["mean"][indices] = ((hidden * mask).sum(dim=1) / mask.sum(dim=1)).cpu().numpy()
    return vectors


def score_probe(train: np.ndarray, train_labels: Sequence[str], test: np.ndarray, test_labels: Sequence[str]) -> list[float]:
    """Fits a logistic regression on (N, H) vectors; returns 1 or 0 for each of (M, H) test vectors: predicted right or not."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS)).fit(train, list(train_labels))
    return (probe.predict(test) == np.array(test_labels)).astype(float).tolist()


@lru_cache(maxsize=1)
def _score_probes(folder: str, _changed: int) -> dict[tuple[str, str], list[float]]:
    run = open_run(folder)
    frame = run.data()
    train = take_evenly(frame[frame["split"] == "train"], run.config().train_examples)
    test = frame[frame["split"] == "test"]
    scores = {}
    for when, moment in WEIGHTS.items():
        trained = load_run(run, moment)
        train_vectors, test_vectors = (read_vectors(trained, to_records(part)) for part in (train, test))
        for pooling in POOLINGS:
            scores[pooling, when] = score_probe(train_vectors[pooling], list(train["label"]), test_vectors[pooling], list(test["label"]))
    return scores


BY_NAME: dict[str, Callable[[Run], list[float]]] = {
    f"probe_{pooling}_{when}": partial(find_probe, pooling=pooling, when=when) for pooling in POOLINGS for when in WEIGHTS
}
