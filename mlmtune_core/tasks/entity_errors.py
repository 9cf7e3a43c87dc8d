"""Entity errors by kind: boundary, type, both, missed, invented; every entity counted once."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlmtune_core.data.readers.cells import truncate
from mlmtune_core.tasks.metrics import find_entities

KINDS = ("boundary", "type", "both", "missed", "invented")
SHOWN = 300  # errors listed per kind
SENTENCE_CHARACTERS = 600
Entity = tuple[str, int, int]  # type, first word, last word


@dataclass(frozen=True)
class Pair:
    """A true entity with the predicted one that matches it; None if there is none. `kind`: `correct`, or one of KINDS."""

    kind: str
    true: Entity | None
    said: Entity | None


RULES: dict[str, Callable[[Entity, Entity], bool]] = {
    "correct": lambda true, said: true == said,
    "type": lambda true, said: true[1:] == said[1:],
    "boundary": lambda true, said: true[0] == said[0] and _overlap(true, said) > 0,
    "both": lambda true, said: _overlap(true, said) > 0,
}


def pair_entities(true: Sequence[Entity], said: Sequence[Entity]) -> list[Pair]:
    """Pairs each true entity with at most one predicted one, and vice versa, in the order of the sentence.

    The kinds are those of Manning ("Doing Named Entity Recognition? Don't optimize for F1", 2006); MUC-5 (Chinchor and Sundheim 1993)
    and SemEval-2013 task 9 (Segura-Bedmar et al. 2013), and nervaluate after them, call missed ones missing and invented ones
    spurious, and count the rest as partial or incorrect. Pairs are made kind by kind in the order of RULES, those that share most words
    first: number of true ones = correct + type + boundary + both + missed; of predicted ones the same with invented.
    """
    left, right = set(true), set(said)
    pairs = []
    for kind, fits in RULES.items():
        found = [(one, other) for one in left for other in right if fits(one, other)]
        for one, other in sorted(found, key=lambda pair: (-_overlap(*pair), pair[0][1], pair[1][1])):
            if one in left and other in right:
                left.discard(one)
                right.discard(other)
                pairs.append(Pair(kind, one, other))
    pairs += [Pair("missed", one, None) for one in left] + [Pair("invented", None, other) for other in right]
    return sorted(pairs, key=lambda pair: (pair.true or pair.said or ("", 0, 0))[1])


def find_entity_errors(examples: Sequence[Any], said: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Returns `counts` by kind, `correct` among them, and `errors`: at most SHOWN of each kind, with `kind`, `row`, `true`, `predicted` (words and
    type, empty if there is none) and `text`, the sentence. examples: with `row`, `words`, `tags`; said: one tag per word of each.
    """
    counts, errors = Counter[str](), []
    for example, tags in zip(examples, said, strict=True):
        for pair in pair_entities(find_entities(example.tags), find_entities(tags)):
            counts[pair.kind] += 1
            if pair.kind != "correct" and counts[pair.kind] <= SHOWN:
                shown = {"true": _show(pair.true, example.words), "predicted": _show(pair.said, example.words)}
                errors.append({"kind": pair.kind, "row": example.row, **shown, "text": truncate(" ".join(example.words), SENTENCE_CHARACTERS)})
    return {"counts": {kind: counts[kind] for kind in ("correct", *KINDS)}, "errors": errors}


def _overlap(one: Entity, other: Entity) -> int:
    """Returns how many words two entities share; below 1 if they do not touch."""
    return min(one[2], other[2]) - max(one[1], other[1]) + 1


def _show(entity: Entity | None, words: Sequence[str]) -> str:
    return f"{' '.join(words[entity[1] : entity[2] + 1])} · {entity[0]}" if entity else ""
