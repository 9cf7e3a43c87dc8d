"""Lessons 9 and 9b: the share of illegal tag transitions, and word scores beside entity scores."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mlmtune_core.data.columns import to_records
from mlmtune_core.inspecting.predicting import find_logits, load_run
from mlmtune_core.runs.kept_weights import BEST, START
from mlmtune_core.runs.run import Run
from mlmtune_core.tasks import TASKS, metrics


def find_illegal_shares(run: Run, moment: str) -> list[float]:
    """Returns, for every test sentence, the share of illegal tags predicted by the weights of `moment`, START or BEST (see find_illegal_share)."""
    if moment == BEST:
        return [find_illegal_share(tags) for tags in run.predictions("test")]
    trained, frame = load_run(run, moment), run.data()
    examples, encoded = trained.encode(to_records(frame[frame["split"] == "test"]))
    predicted = TASKS[trained.config.task].decode(find_logits(trained, encoded), encoded, examples, trained.label_names)
    return [find_illegal_share(predicted[i]) for i in range(len(examples))]


def find_illegal_share(tags: Sequence[str]) -> float:
    """Returns the share of a sentence's tags that are I-x after neither B-x nor I-x."""
    illegal = [tag for before, tag in zip(["O", *tags], tags, strict=False) if tag.startswith("I-") and before not in (f"B-{tag[2:]}", tag)]
    return len(illegal) / len(tags)


def read_test_score(run: Run, name: str) -> float:
    """Returns one of the run's test scores."""
    return float(run.events("Tested")[-1]["metrics"][name])


def score_broken_entities(run: Run, name: str) -> float:
    """Returns the same score for constructed predictions: the true tags of the test sentences after `break_entities`."""
    frame = run.data()
    true = [list(map(str, tags)) for tags in frame[frame["split"] == "test"]["tags"]]
    return metrics.entities(true, [break_entities(tags) for tags in true])[name]


def break_entities(tags: Sequence[str]) -> list[str]:
    """Returns the tags with one mistake in every entity of several words: its last word begins a new entity."""
    broken: list[Any] = list(tags)
    for kind, first, last in metrics.find_entities(tags):
        if last > first:
            broken[last] = f"B-{kind}"
    return broken


SCORES = ("token_accuracy", "entity_f1", "entity_precision", "entity_recall")
BY_NAME: dict[str, Callable[[Run], Any]] = {
    "illegal_before": partial(find_illegal_shares, moment=START),
    "illegal_after": partial(find_illegal_shares, moment=BEST),
    **{name: partial(read_test_score, name=name) for name in SCORES},
    **{f"built_{name}": partial(score_broken_entities, name=name) for name in SCORES[:2]},
}
