"""What lesson 3b measures: how far the answer moves when content words are deleted, and when as many function words are"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np

from mlmtune_core.inspecting.predicting import find_logits, load_run
from mlmtune_core.lessons.data import take_evenly
from mlmtune_core.runs.kept_weights import weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import open_run

MOST_TEXTS = 200
MOST_WORDS = 3  # deleted at once
TRIES = 3  # drawings of such words; the mean counts
KINDS = ("content", "function")
_FUNCTION_WORDS = (
    "a an the this that these those some any no each every all both i you he she it we they me him her us them my your his its our their "
    "who whom whose which what and or but nor so yet if because although though while as than when where of in on at by for with about "
    "against between into through during before after above below to from up down out over under since until is am are was were be been "
    "being has have had do does did will would shall should can could may might must not there here then too also very just only"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


def find_shift(run: Run, kind: str) -> list[float]:
    """Of at most MOST_TEXTS test texts, |change of the winning logit| when words of a kind (content, function) are deleted, of both kinds equally many.

    0 for a text that lacks one of the kinds.
    """
    return _shifts(str(run.folder), weights_changed(run))[kind]


def split_kinds(text: str) -> dict[str, list[int]]:
    """kind -> places of such words among those between blanks; what has neither letter nor digit is of none."""
    bare = [word.strip(".,;:!?\"'()[]£$%&-").lower() for word in text.split()]
    known = [place for place, word in enumerate(bare) if any(map(str.isalnum, word))]
    return {kind: [place for place in known if (bare[place] in FUNCTION_WORDS) == (kind == "function")] for kind in KINDS}


def draw_shorter(text: str, rng: np.random.Generator) -> dict[str, list[str]]:
    """kind -> the text without some words of that kind, TRIES times; empty lists where it lacks one of them."""
    words, places = text.split(), split_kinds(text)
    count = min(MOST_WORDS, *map(len, places.values()))
    drawn = {kind: [set(rng.choice(places[kind], count, replace=False).tolist()) for _ in range(TRIES if count else 0)] for kind in KINDS}
    return {kind: [" ".join(word for i, word in enumerate(words) if i not in gone) for gone in sets] for kind, sets in drawn.items()}


@lru_cache(maxsize=1)
def _shifts(folder: str, _changed: int) -> dict[str, list[float]]:
    run = open_run(folder)
    frame, trained = run.data(), load_run(run)
    records = take_evenly(frame[frame["split"] == "test"], MOST_TEXTS).to_dict("records")
    rng = np.random.default_rng(run.config().seed)
    return measure_shifts(records, lambda asked: find_logits(trained, trained.encode(asked)[1]), rng)


def measure_shifts(
    records: Sequence[dict[str, Any]], ask: Callable[[list[dict[str, Any]]], Sequence[np.ndarray]], rng: np.random.Generator
) -> dict[str, list[float]]:
    """kind -> for every record the mean |change| of the logit that wins on the whole text. `ask`: records -> logits (C,) of each."""
    shorter = [draw_shorter(record["text"], rng) for record in records]
    changed = [(i, kind, text) for i, each in enumerate(shorter) for kind in KINDS for text in each[kind]]
    logits = ask([*records, *({**records[i], "text": text} for i, _, text in changed)])
    found: dict[str, list[list[float]]] = {kind: [[] for _ in records] for kind in KINDS}
    for (i, kind, _), after in zip(changed, logits[len(records) :], strict=True):
        winner = int(logits[i].argmax())
        found[kind][i].append(abs(float(logits[i][winner] - after[winner])))
    return {kind: [float(np.mean(tries)) if tries else 0.0 for tries in found[kind]] for kind in KINDS}


BY_NAME: dict[str, Callable[[Run], list[float]]] = {f"shift_{kind}": partial(find_shift, kind=kind) for kind in KINDS}
