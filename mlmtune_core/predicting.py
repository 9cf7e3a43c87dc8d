"""A finished run and an input -> logits, probabilities, decoded answer."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from safetensors import safe_open

from mlmtune_core import checkpoints
from mlmtune_core.config import RunConfig
from mlmtune_core.errors import RunError
from mlmtune_core.evaluating import compute_logits
from mlmtune_core.model import Model
from mlmtune_core.run_store import Run, open_run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded
from mlmtune_core.worker import make_model

WORDS = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")
KEPT_MODELS = 2


@dataclass(frozen=True)
class Trained:
    """The best model of a run, ready to be asked."""

    config: RunConfig
    model: Model
    tokenizer: Any
    label_names: list[str]


def predict(name: str, text: str) -> dict[str, Any]:
    """The answer of run `name` to a text (see `answer`). Raises RunError before the first weights are kept."""
    trained = load_run(open_run(name))
    if not text.strip():
        raise RunError("There is nothing to read. Type a sentence.")
    words = WORDS.findall(text) or text.split()
    return answer(trained, {"row": 0, "text": text, "label": "", "words": words, "tags": ["O"] * len(words)})


def predict_example(name: str, row: int) -> dict[str, Any]:
    """The answer to a validation example, by its line in the uploaded file, with the `true` label or tags."""
    this = open_run(name)
    frame = this.data()
    found = frame[(frame["row"] == row) & (frame["split"] == "validation")]
    if found.empty:
        raise RunError("Row {row} is no validation example of this run.", row=row)
    record = found.iloc[0].to_dict()
    truth = {"true": record["label"]} if "label" in record else {"true": list(record["tags"])}
    return answer(load_run(this), record) | truth


def answer(trained: Trained, record: dict[str, Any]) -> dict[str, Any]:
    """One input through the model.

    One label per text: `label`, `logits` and `probabilities` by label, `tokens` as the model saw them, `cut` (sub-words lost).
    One per token: `words`, a list with word, pieces, label, logits and probabilities by label.
    """
    task = TASKS[trained.config.task]
    examples = task.to_examples([record])
    encoded = task.encode(examples, trained.tokenizer, trained.label_names, trained.config.max_length)
    logits: list[np.ndarray] = [np.empty(0)] * len(encoded)
    pad_id = trained.tokenizer.pad_token_id or 0
    for indices, scores, _ in compute_logits(trained.model, encoded, 16, pad_id, task.LABELS_ARE):
        for i, row in zip(indices, scores.float().cpu().numpy(), strict=True):
            logits[i] = row
    if task.LABELS_ARE == "one per text":
        tokens = trained.tokenizer.convert_ids_to_tokens(encoded[0].inputs["input_ids"])
        return {**_scores(logits[0], trained.label_names), "tokens": tokens, "cut": encoded[0].cut}
    return {"words": _words(trained, encoded, logits, examples[0].words)}


def softmax(logits: np.ndarray) -> np.ndarray:
    """exp(z - max z) / sum, over the last axis (C): the maximum is subtracted so that nothing overflows."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def load_run(this: Run) -> Trained:
    """The best model of a run; the last two stay in memory until their weights change."""
    path = this.best_folder / "weights.safetensors"
    if not path.is_file():
        raise RunError("This run has kept no model yet. Wait for its first evaluation.")
    return _load(str(this.folder), path.stat().st_mtime_ns)


@lru_cache(maxsize=KEPT_MODELS)
def _load(folder: str, _changed: int) -> Trained:
    this = open_run(folder)
    config = this.config()
    with safe_open(this.best_folder / "weights.safetensors", framework="pt") as file:
        label_names = json.loads(file.metadata()["label_names"])
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no mapping)
    model = make_model(config, label_names)
    unexpected = model.load_state_dict(weights, strict=False).unexpected_keys
    if unexpected:
        raise RunError(
            "The kept weights do not fit the checkpoint ({names}). Was it changed since the run?",
            names=", ".join(unexpected[:3]),
        )
    return Trained(config, model.eval(), checkpoints.load_tokenizer(config.checkpoint), label_names)


def _scores(logits: np.ndarray, label_names: Sequence[str]) -> dict[str, Any]:
    probabilities = softmax(logits)
    return {
        "label": label_names[int(logits.argmax())],
        "logits": {name: float(value) for name, value in zip(label_names, logits, strict=True)},
        "probabilities": {name: float(value) for name, value in zip(label_names, probabilities, strict=True)},
    }


def _words(
    trained: Trained, encoded: Sequence[Encoded], logits: Sequence[np.ndarray], words: Sequence[str]
) -> list[dict[str, Any]]:
    """Per word: its sub-words, and the scores of the first of them."""
    found: dict[int, dict[str, Any]] = {}
    for item, scores in zip(encoded, logits, strict=True):
        for position, word in enumerate(item.words):
            if word >= 0:
                pieces = trained.tokenizer.tokenize(words[word]) or [trained.tokenizer.unk_token]
                found[word] = {"word": words[word], "pieces": pieces, **_scores(scores[position], trained.label_names)}
    return [found[word] for word in range(len(words))]
