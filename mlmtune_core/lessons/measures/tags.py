"""What lessons 9 and 9b measure of tags: the share that cannot follow the one before, and how scores differ that count words or whole entities"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from mlmtune_core.inspecting.predicting import find_logits, load_run
from mlmtune_core.runs.kept_weights import BEST, START
from mlmtune_core.runs.run import Run
from mlmtune_core.tasks import TASKS, metrics


def find_illegal(run: Run, moment: str) -> list[float]:
    """Of every test sentence, the share of its words whose tag cannot stand there (see `share_illegal`), at a moment of the run."""
    if moment == BEST:
        return [share_illegal(tags) for tags in run.predictions("test")]
    trained, frame = load_run(run, moment), run.data()
    examples, encoded = trained.encode(frame[frame["split"] == "test"].to_dict("records"))
    said = TASKS[trained.config.task].decode(find_logits(trained, encoded), encoded, examples, trained.label_names)
    return [share_illegal(said[i]) for i in range(len(examples))]


def share_illegal(tags: Sequence[str]) -> float:
    """The share of tags I-x that follow neither B-x nor I-x, of all tags of a sentence."""
    wrong = [tag for before, tag in zip(["O", *tags], tags, strict=False) if tag.startswith("I-") and before not in (f"B-{tag[2:]}", tag)]
    return len(wrong) / len(tags)


def find_tested(run: Run, name: str) -> float:
    """One of the scores on the test set."""
    return float(run.events("Tested")[-1]["metrics"][name])


def find_built(run: Run, name: str) -> float:
    """The same score for answers that no model gave: see `break_entities`."""
    frame = run.data()
    true = [list(map(str, tags)) for tags in frame[frame["split"] == "test"]["tags"]]
    return metrics.entities(true, [break_entities(tags) for tags in true])[name]


def break_entities(tags: Sequence[str]) -> list[str]:
    """True tags with one mistake in every entity of several words: its last word begins another one."""
    said: list[Any] = list(tags)
    for kind, first, last in metrics.find_entities(tags):
        if last > first:
            said[last] = f"B-{kind}"
    return said


SCORES = ("token_accuracy", "entity_f1", "entity_precision", "entity_recall")
BY_NAME: dict[str, Callable[[Run], Any]] = {
    "illegal_before": partial(find_illegal, moment=START),
    "illegal_after": partial(find_illegal, moment=BEST),
    **{name: partial(find_tested, name=name) for name in SCORES},
    **{f"built_{name}": partial(find_built, name=name) for name in SCORES[:2]},
}
