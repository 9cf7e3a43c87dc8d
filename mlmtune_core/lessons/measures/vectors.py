"""What lesson 3 measures: what a linear probe reads off [CLS], and off the mean of all tokens, before training and after"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlmtune_core.inspecting.predicting import Trained, load_run
from mlmtune_core.lessons.data import take_evenly
from mlmtune_core.models.model import INPUTS
from mlmtune_core.runs.kept_weights import BEST, START, weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.training.batches import to_batch
from mlmtune_core.training.order import order_by_length

BATCH_SIZE = 32
MOST_ITERATIONS = 500
POOLINGS, MOMENTS = ("cls", "mean"), {"before": START, "after": BEST}


def find_probe(run: Run, pooling: str, when: str) -> list[float]:
    """Of every test example, 1 where a logistic regression on the vectors of `pooling` (cls, mean) names its label, `when` before or after, else 0.

    It is fitted anew each time, on as many training texts as the run learnt from, spread over all of them.
    """
    return _probe(str(run.folder), weights_changed(run))[pooling, when]


def read_vectors(trained: Trained, records: Sequence[dict[str, Any]]) -> dict[str, np.ndarray]:
    """pooling -> (N, H) of the last layer: of [CLS], or the mean of all tokens, [CLS] and [SEP] included."""
    _, encoded = trained.encode(records)
    found = {pooling: np.empty((len(encoded), trained.model.encoder.config.hidden_size), dtype=np.float32) for pooling in POOLINGS}
    for indices in order_by_length([item.length for item in encoded], BATCH_SIZE):
        batch = to_batch([encoded[i] for i in indices], trained.pad_id, TASKS[trained.config.task].LABELS_ARE)
        inputs = {name: batch[name].to(trained.model.device) for name in INPUTS if name in batch}
        with torch.inference_mode():
            hidden = trained.model.encoder(**inputs).last_hidden_state.float()
        seen = inputs["attention_mask"].unsqueeze(-1)
        found["cls"][indices] = hidden[:, 0].cpu().numpy()
        found["mean"][indices] = ((hidden * seen).sum(dim=1) / seen.sum(dim=1)).cpu().numpy()
    return found


def ask_probe(learnt: np.ndarray, labels: Sequence[str], asked: np.ndarray, truth: Sequence[str]) -> list[float]:
    """1 or 0 for each of the (M, H) vectors `asked`: whether a logistic regression that knows the (N, H) vectors `learnt` is right."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MOST_ITERATIONS)).fit(learnt, list(labels))
    return (probe.predict(asked) == np.array(truth)).astype(float).tolist()


@lru_cache(maxsize=1)
def _probe(folder: str, _changed: int) -> dict[tuple[str, str], list[float]]:
    run = open_run(folder)
    frame = run.data()
    train = take_evenly(frame[frame["split"] == "train"], run.config().train_examples)
    test = frame[frame["split"] == "test"]
    found = {}
    for when, moment in MOMENTS.items():
        trained = load_run(run, moment)
        learnt, asked = (read_vectors(trained, part.to_dict("records")) for part in (train, test))
        for pooling in POOLINGS:
            found[pooling, when] = ask_probe(learnt[pooling], list(train["label"]), asked[pooling], list(test["label"]))
    return found


BY_NAME: dict[str, Callable[[Run], list[float]]] = {
    f"probe_{pooling}_{when}": partial(find_probe, pooling=pooling, when=when) for pooling in POOLINGS for when in MOMENTS
}
