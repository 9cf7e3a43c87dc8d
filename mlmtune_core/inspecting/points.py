"""All that a run was measured with, seen by a model: a vector and an answer for each text, or for each word"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlmtune_core.errors import RunError
from mlmtune_core.inspecting.side_by_side import read_all
from mlmtune_core.moments import BEST
from mlmtune_core.predicting import load_run
from mlmtune_core.probabilities import sigmoid, softmax
from mlmtune_core.run_store import Run
from mlmtune_core.tasks import TASKS
from mlmtune_core.tasks.base import Encoded

MOST_POINTS = 2000
TEXT_SIGNS = 160


@dataclass(frozen=True)
class Points:
    """N of them, in the order of the examples. vectors: (N, H), what the encoder gives for [CLS], or for a word's first sub-word.

    logits: (N, C). truth, said: labels, or scores. rows: lines of the file; texts: as a page shows them, cut; lengths: in words.
    """

    vectors: np.ndarray
    logits: np.ndarray
    truth: list[Any]
    said: list[Any]
    rows: list[int]
    texts: list[str]
    lengths: list[int]


def find_points(run: Run, split: str = "validation", moment: str = BEST) -> Points:
    """Of the model of `run` at a moment (see `predicting.load_run`).

    At most MOST_POINTS, the first. Raises RunError before a model is kept, and for questions, which have no one vector.
    """
    return find_points_at(run, split, [moment])[0]


def find_points_at(run: Run, split: str, moments: Sequence[str]) -> list[Points]:
    """The same at several moments: the layers that were frozen run once for all of them."""
    models = [load_run(run, moment) for moment in moments]
    task = TASKS[models[0].config.task]
    if task.LABELS_ARE == "one span":
        raise RunError("The answer to a question is a place among its tokens: there is no one vector to show.")
    frame = run.data()
    records = frame[frame["split"] == split].head(MOST_POINTS).to_dict("records")
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
    """(N,): the probability of each answer by softmax; where several labels may hold, the mean of every label's own certainty."""
    if points.truth and isinstance(points.truth[0], list):
        shares = sigmoid(points.logits)
        return np.maximum(shares, 1 - shares).mean(axis=1)
    return softmax(points.logits).max(axis=1)


def _asked(item: Encoded) -> list[int]:
    """Positions that answer for something: those of words, or [CLS]."""
    return [position for position, word in enumerate(item.words) if word >= 0] if item.words else [0]


def _of_word(answer: Any, item: Encoded, position: int) -> Any:
    return answer[item.words[position]] if item.words else answer


def _text_of(record: dict[str, Any], item: Encoded, position: int) -> str:
    """The text; or a word in its sentence."""
    if item.words:
        words = list(map(str, record["words"]))
        text = f"{words[item.words[position]]} · {' '.join(words)}"
    else:
        text = " ‖ ".join(str(record[role]) for role in ("text", "second_text") if role in record)
    return text if len(text) <= TEXT_SIGNS else text[: TEXT_SIGNS - 1] + "…"


def _length_of(record: dict[str, Any]) -> int:
    return len(record["words"]) if "words" in record else sum(len(str(record[role]).split()) for role in ("text", "second_text") if role in record)  # fmt: skip
