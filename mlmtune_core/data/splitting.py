"""Which examples are learnt from and which are measured with: seeded, stratified, equal texts together."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd


def split_examples(examples: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The examples with a column `split`: `train` or `validation`."""
    if "text" in examples:
        groups, labels = examples["text"].tolist(), examples["label"].tolist()
    else:
        groups = [" ".join(words) for words in examples["words"]]
        labels = rarest_tags(examples["tags"].tolist())
    return examples.assign(split=split(labels, groups, share, seed))


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
