"""What if the input were another: the answers to one input and to all that was made from it"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mlmtune_core import progress
from mlmtune_core.data.columns import asked_roles
from mlmtune_core.inspecting.edit_tree import Fields
from mlmtune_core.kept_model import weights_changed
from mlmtune_core.predicting import find_example, find_logits, load_run, typed_record
from mlmtune_core.run_shelf import open_run
from mlmtune_core.tasks import TASKS

KEPT_ANSWERS = 512


def open_fields(name: str, moment: str, kind: str, *asked: Any) -> dict[str, Any]:
    """What can be changed of an input of run `name`, `typed` (texts) or `example` (its row and, perhaps, its split): `fields`, its texts, or its
    words where each has a label; their `roles`; `mask`, the token that hides a word, empty where the tokenizer has none.
    """
    run = open_run(name)
    trained = load_run(run, moment)
    record = typed_record(trained, asked) if kind == "typed" else find_example(run, asked[0], (*asked[1:], "validation")[0])
    roles = asked_roles(trained.config.task, trained.record)
    fields = tuple(tuple(map(str, record[role])) if role == "words" else str(record[role]) for role in roles)
    return {"fields": fields, "roles": roles, "mask": trained.tokenizer.mask_token or ""}


def answer_rows(name: str, moment: str, rows: Sequence[Fields]) -> list[dict[str, Any]]:
    """The answer to each row, with its `view` and what is compared: `said` and `probabilities` by label; `words`, each with its label and
    probabilities; `said` and `score`, a number or a span with the sum of its logits. Raises RunError where a text is empty.
    """
    changed = weights_changed(open_run(name))
    return [_answer(name, moment, changed, fields) for fields in progress.each(rows, len(rows))]


@lru_cache(maxsize=KEPT_ANSWERS)
def _answer(name: str, moment: str, _changed: int, fields: Fields) -> dict[str, Any]:
    trained = load_run(open_run(name), moment)
    task = TASKS[trained.config.task]
    examples, encoded = trained.encode([typed_record(trained, fields)])
    explained = task.explain(find_logits(trained, encoded), [replace(item, example=0) for item in encoded], examples[0], trained.label_names, trained.tokenizer)  # fmt: skip
    return COMPACT[explained["view"]](explained) | {"view": explained["view"]}


def _compact_words(explained: dict[str, Any]) -> dict[str, Any]:
    return {"words": [{name: word[name] for name in ("word", "label", "probabilities")} for word in explained["words"]]}


COMPACT = {
    "labels": lambda explained: {"said": explained["label"], "probabilities": explained["probabilities"]},
    "words": _compact_words,
    "number": lambda explained: {"said": explained["value"], "score": explained["value"]},
    "span": lambda explained: {
        "said": explained["answer"],
        "score": explained["spans"][0]["logit"] if explained["spans"] else 0.0,
    },
}
