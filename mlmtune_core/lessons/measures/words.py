"""Lesson 3b: how far the answer moves when content words are deleted, and when function words are."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from mlmtune_core.data.columns import to_records
from mlmtune_core.inspecting.predicting import find_logits, load_run
from mlmtune_core.lessons.data import take_evenly
from mlmtune_core.runs.kept_weights import weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run

MAX_TEXTS = 200
MAX_WORDS = 3  # deleted at once
DRAWS = 3  # random sets of words, of which the mean is taken
KINDS = ("content", "function")
_FUNCTION_WORDS = (
    "a an the this that these those some any no each every all both i you he she it we they me him her us them my your his its our their "
    "who whom whose which what and or but nor so yet if because although though while as than when where of in on at by for with about "
    "against between into through during before after above below to from up down out over under since until is am are was were be been "
    "being has have had do does did will would shall should can could may might must not there here then too also very just only"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


def find_logit_shifts(run: Run, kind: str) -> list[float]:
    """Returns, for at most MAX_TEXTS test texts, |change of the winning logit| when words of a kind (content, function) are deleted.

    The same number of words is deleted of both kinds; 0 for a text that lacks one of them.
    """
    return _find_all_shifts(str(run.folder), weights_changed(run))[kind]


def find_words_by_kind(text: str) -> dict[str, list[int]]:
    """Returns kind -> indices of such words among the text's words; a word without letter or digit has no kind."""
    bare = [word.strip(".,;:!?\"'()[]£$%&-").lower() for word in text.split()]
    indices = [i for i, word in enumerate(bare) if any(map(str.isalnum, word))]
    return {kind: [i for i in indices if (bare[i] in FUNCTION_WORDS) == (kind == "function")] for kind in KINDS}


def delete_words(text: str, rng: np.random.Generator) -> dict[str, list[str]]:
    """Returns kind -> DRAWS texts, each without some random words of that kind; empty lists if the text lacks one of the kinds."""
    words, indices = text.split(), find_words_by_kind(text)
    count = min(MAX_WORDS, *map(len, indices.values()))
    drawn = {kind: [set(rng.choice(indices[kind], count, replace=False).tolist()) for _ in range(DRAWS if count else 0)] for kind in KINDS}
    return {kind: [" ".join(word for i, word in enumerate(words) if i not in deleted) for deleted in sets] for kind, sets in drawn.items()}


@lru_cache(maxsize=1)
def _find_all_shifts(folder: str, _changed: int) -> dict[str, list[float]]:
    run = open_run(folder)
    frame, trained = run.data(), load_run(run)
    records = to_records(take_evenly(frame[frame["split"] == "test"], MAX_TEXTS))
    rng = np.random.default_rng(run.config().seed)
    return measure_shifts(records, lambda inputs: find_logits(trained, trained.encode(inputs)[1]), rng)


def measure_shifts(
    records: Sequence[dict[str, Any]], predict: Callable[[list[dict[str, Any]]], Sequence[np.ndarray]], rng: np.random.Generator
) -> dict[str, list[float]]:
    """Returns kind -> for every record the mean |change| of the logit that wins on the whole text. predict: records -> logits (C,) of each."""
    shorter = [delete_words(record["text"], rng) for record in records]
    changed = [(i, kind, text) for i, each in enumerate(shorter) for kind in KINDS for text in each[kind]]
    logits = predict([*records, *({**records[i], "text": text} for i, _, text in changed)])
    shifts: dict[str, list[list[float]]] = {kind: [[] for _ in records] for kind in KINDS}
    for (i, kind, _), after in zip(changed, logits[len(records) :], strict=True):
        winner = int(logits[i].argmax())
        shifts[kind][i].append(abs(float(logits[i][winner] - after[winner])))
    return {kind: [float(np.mean(draws)) if draws else 0.0 for draws in shifts[kind]] for kind in KINDS}


BY_NAME: dict[str, Callable[[Run], list[float]]] = {f"shift_{kind}": partial(find_logit_shifts, kind=kind) for kind in KINDS}
