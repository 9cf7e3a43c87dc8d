"""Splits examples into training, validation and test: seeded, stratified, equal texts kept together."""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from mlmtune_core.data.screening import normalize_text

SPLITS = ("train", "validation", "test")
SCORE_BANDS = 5
MAX_GROUP_SHARE = 0.1


def split_examples(examples: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Returns the examples with a column `split`: train, validation or test.

    Keeps a split that the data bring. If it has no validation examples, holds out `share` of the training examples.
    """
    given = examples["split"] if "split" in examples else pd.Series("train", index=examples.index, dtype=object)
    if "validation" in set(given):
        return examples.assign(split=given)
    train = examples[given == "train"]
    assigned = pd.Series(assign_splits(find_strata(train), find_groups(train), share, seed), index=train.index, dtype=object)
    return examples.assign(split=assigned.reindex(examples.index).fillna(given))


def sample_examples(examples: pd.DataFrame, limit: int, seed: int) -> pd.DataFrame:
    """Returns at most `limit` examples, stratified (see find_strata), in the order of the file."""
    if len(examples) <= limit:
        return examples
    rng = np.random.default_rng(seed)
    strata = pd.Series(find_strata(examples), index=examples.index)
    wanted = strata.groupby(strata).transform("size") * limit / len(examples)
    rank = pd.Series(rng.permutation(len(examples)), index=examples.index).groupby(strata).rank(method="first")
    kept = examples[rank <= np.maximum(1, wanted.round())]
    return kept if len(kept) <= limit else kept.sample(limit, random_state=seed).sort_index()


def find_strata(examples: pd.DataFrame) -> list[str]:
    """Returns the stratum of each example: its label, rarest entity type, band of scores, or whether it is answerable. "" without answers."""
    if "tags" in examples:
        return rarest_tags(examples["tags"].tolist())
    if "answer" in examples:
        return ["answerable" if len(answers) else "no answer" for answers in examples["answer"]]
    if "score" in examples:
        bands = pd.qcut(examples["score"].rank(method="first"), min(SCORE_BANDS, len(examples)), labels=False)
        scores = examples["score"].groupby(bands)
        lows, highs = scores.min(), scores.max()
        return [f"{lows[band]:g} … {highs[band]:g}" for band in bands]
    if "label" not in examples:
        return [""] * len(examples)
    if any(not isinstance(label, str) for label in examples["label"]):
        return rarest_tags(examples["label"].tolist())
    return examples["label"].tolist()


def find_groups(examples: pd.DataFrame) -> list[str]:
    """Returns the group of each example; a group stays in one split: equal texts, questions on one context, pairs that share a text."""
    if "words" in examples:
        return [normalize_text(" ".join(words)) for words in examples["words"]]
    if "context" in examples:
        return [normalize_text(context) for context in examples["context"]]
    keys = [normalize_text(text) for text in examples["text"]]
    return _group_pairs(keys, [normalize_text(text) for text in examples["second_text"]]) if "second_text" in examples else keys  # fmt: skip


def _group_pairs(first: list[str], second: list[str]) -> list[str]:
    """Groups pairs that share either text (union-find). If a group would exceed a tenth of the data, groups by the first text only."""
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in zip(first, second, strict=True):
        parent[find("1 " + one)] = find("2 " + other)
    groups = [find("1 " + one) for one in first]
    largest = Counter(groups).most_common(1)[0][1] if groups else 0
    return groups if largest <= max(3, MAX_GROUP_SHARE * len(first)) else first


def assign_splits(labels: Sequence[Hashable], groups: Sequence[Hashable], share: float, seed: int) -> list[str]:
    """Assigns `train` or `validation` to each example.

    Of each label, about `share` of the groups go to validation: at least one if the label has two or more groups, never all.
    The examples of one group (equal texts) stay together; the group has the label of its first example.
    """
    rng = np.random.default_rng(seed)
    members: dict[Hashable, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        members[group].append(i)
    by_label: dict[Hashable, list[list[int]]] = defaultdict(list)
    for indices in members.values():
        by_label[labels[indices[0]]].append(indices)
    splits = ["train"] * len(labels)
    for label in sorted(by_label, key=str):
        of_label = by_label[label]
        for index in rng.permutation(len(of_label))[: _count_validation(len(of_label), share)]:
            for i in of_label[index]:
                splits[i] = "validation"
    return _never_empty(splits)


def rarest_tags(sentences: Sequence[Sequence[str]]) -> list[str]:
    """Returns the rarest entity type of each sentence (O if it has none), for stratifying."""
    types = [{tag.split("-", 1)[-1] for tag in tags if tag != "O"} for tags in sentences]
    counts = Counter(name for names in types for name in names)
    return [min(names, key=lambda name: (counts[name], name)) if names else "O" for names in types]


def _count_validation(groups: int, share: float) -> int:
    if groups < 2:
        return 0
    return min(groups - 1, max(1, math.floor(groups * share + 0.5)))


def _never_empty(splits: list[str]) -> list[str]:
    """Moves the last example to validation if every label has only one group."""
    return splits if "validation" in splits or len(splits) < 2 else [*splits[:-1], "validation"]
