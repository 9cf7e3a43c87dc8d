"""Which examples are learnt from and which are measured with: seeded, stratified, equal texts together."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from mlmtune_core.data.screening import find_key

SPLITS = ("train", "validation", "test")
SCORE_BANDS = 5
LARGEST_BUNDLE = 0.1


def split_examples(examples: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The examples with a column `split`: train, validation, test.

    A split that the data bring stays; where it names nothing to measure with, a part of what is learnt from is set aside.
    """
    given = examples["split"] if "split" in examples else pd.Series("train", index=examples.index, dtype=object)
    if "validation" in set(given):
        return examples.assign(split=given)
    train = examples[given == "train"]
    sides = pd.Series(split(stratify(train), find_groups(train), share, seed), index=train.index, dtype=object)
    return examples.assign(split=sides.reindex(examples.index).fillna(given))


def sample_examples(examples: pd.DataFrame, limit: int, seed: int) -> pd.DataFrame:
    """At most `limit` examples, each label (or kind) with its share, in the order of the file."""
    if len(examples) <= limit:
        return examples
    rng = np.random.default_rng(seed)
    kinds = pd.Series(stratify(examples), index=examples.index)
    wanted = kinds.groupby(kinds).transform("size") * limit / len(examples)
    place = pd.Series(rng.permutation(len(examples)), index=examples.index).groupby(kinds).rank(method="first")
    kept = examples[place <= np.maximum(1, wanted.round())]
    return kept if len(kept) <= limit else kept.sample(limit, random_state=seed).sort_index()


def stratify(examples: pd.DataFrame) -> list[str]:
    """Per example the kind that both sides should have their share of: label, rarest entity, band of scores, answerable; none where nothing is said of it."""
    if "tags" in examples:
        return rarest_tags(examples["tags"].tolist())
    if "answer" in examples:
        return ["answerable" if len(answers) else "no answer" for answers in examples["answer"]]
    if "score" in examples:
        bands = pd.qcut(examples["score"].rank(method="first"), min(SCORE_BANDS, len(examples)), labels=False)
        ends = examples["score"].groupby(bands).agg(["min", "max"])
        return [f"{ends.at[band, 'min']:g} … {ends.at[band, 'max']:g}" for band in bands]
    if "label" not in examples:
        return [""] * len(examples)
    if any(not isinstance(label, str) for label in examples["label"]):
        return rarest_tags(examples["label"].tolist())
    return examples["label"].tolist()


def find_groups(examples: pd.DataFrame) -> list[str]:
    """Per example what it must stay together with: equal texts, questions on one context, pairs that share a text."""
    if "words" in examples:
        return [find_key(" ".join(words)) for words in examples["words"]]
    if "context" in examples:
        return [find_key(context) for context in examples["context"]]
    keys = [find_key(text) for text in examples["text"]]
    return _bundle_pairs(keys, [find_key(text) for text in examples["second_text"]]) if "second_text" in examples else keys  # fmt: skip


def _bundle_pairs(first: list[str], second: list[str]) -> list[str]:
    """Pairs joined by either text; where that would join more than a tenth of the data, by the first text only."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in zip(first, second, strict=True):
        parent[find("1 " + one)] = find("2 " + other)
    bundles = [find("1 " + one) for one in first]
    largest = Counter(bundles).most_common(1)[0][1] if bundles else 0
    return bundles if largest <= max(3, LARGEST_BUNDLE * len(first)) else first


def split(labels: Sequence[Hashable], groups: Sequence[Hashable], share: float, seed: int) -> list[str]:
    """One of `train`, `validation` per example.

    Within each label about `share` of the examples go to validation: at least one where a label has two or more
    groups, never all. Examples of one group (equal texts) stay on one side.
    """
    rng = np.random.default_rng(seed)
    members: dict[Hashable, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        members[group].append(i)
    by_label: dict[Hashable, list[list[int]]] = defaultdict(list)
    for indices in members.values():
        by_label[labels[indices[0]]].append(indices)
    sides = ["train"] * len(labels)
    for label in sorted(by_label, key=str):
        bundles = by_label[label]
        for index in rng.permutation(len(bundles))[: _for_validation(len(bundles), share)]:
            for i in bundles[index]:
                sides[i] = "validation"
    return _never_empty(sides)


def rarest_tags(sentences: Sequence[Sequence[str]]) -> list[str]:
    """Per sentence its rarest entity type (O if it has none): what sentences are stratified by."""
    types = [{tag.split("-", 1)[-1] for tag in tags if tag != "O"} for tags in sentences]
    counts = Counter(name for names in types for name in names)
    return [min(names, key=lambda name: (counts[name], name)) if names else "O" for names in types]


def _for_validation(bundles: int, share: float) -> int:
    if bundles < 2:
        return 0
    return min(bundles - 1, max(1, math.floor(bundles * share + 0.5)))


def _never_empty(sides: list[str]) -> list[str]:
    """Where every label has one example only, the last one is measured with."""
    return sides if "validation" in sides or len(sides) < 2 else [*sides[:-1], "validation"]
