"""Reduces or mislabels training examples on purpose, seeded: a smaller subset is part of a larger one."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from mlmtune_core.config import RunConfig
from mlmtune_core.data.columns import to_records
from mlmtune_core.data.splitting import find_strata, sample_examples, split_examples
from mlmtune_core.errors import ConfigError, DataError
from mlmtune_core.language import mark

ANSWER_COLUMNS = ("label", "score")  # columns with the one answer of a text


def read_splits(examples: pd.DataFrame, config: RunConfig, task: Any) -> tuple[dict[str, list[Any]], list[str]]:
    """Returns (split -> examples of `task`, label names of the whole training split).

    The training examples are reduced and mislabelled as the settings ask. Raises DataError if a split is empty, or if a label of
    the other splits occurs in no training row.
    """
    splits = {
        name: _to_examples(examples, name, task)
        for name in ("train", "validation", "test")
        if name != "test" or (examples["split"] == name).any()
    }
    if not all(splits.values()):
        raise DataError(
            "One side of the split is empty. Give at least one example to learn from and one to measure with."
        )
    label_names = task.find_labels(splits["train"])
    for name in splits if task.LABELS_ARE == "one per text" else ():
        unknown = sorted({*task.find_labels(splits[name])} - {*label_names})
        if unknown:
            raise DataError(
                "Labels that no training row has: {labels}. Add training rows with them, or remove them.",
                labels=", ".join(unknown),
            )
    chosen = prepare_training_split(examples, config)
    return splits if chosen is examples else {**splits, "train": _to_examples(chosen, "train", task)}, label_names


def _to_examples(examples: pd.DataFrame, split: str, task: Any) -> list[Any]:
    return task.to_examples(to_records(examples[examples["split"] == split]))


def prepare_training_split(examples: pd.DataFrame, config: RunConfig) -> pd.DataFrame:
    """Reduces the training split to `train_examples` and mislabels the share `label_noise` of it; leaves the other splits alone.

    Raises ConfigError if the task has no labels or scores to exchange.
    """
    if not (config.train_examples or config.label_noise):
        return examples
    train = examples["split"] == "train"
    kept = mislabel(subsample(examples[train], config.train_examples, config.seed), config.label_noise, config.seed)
    return pd.concat([kept, examples[~train]], ignore_index=True)


def subsample(train: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Returns at most `count` examples (0: all), stratified (see splitting.find_strata), in their order.

    With one seed, the examples of a smaller count are among those of a larger one.
    """
    if not count or len(train) <= count:
        return train
    strata = pd.Series(find_strata(train))
    rank = pd.Series(np.random.default_rng([seed, 1]).permutation(len(train)))
    shares = (rank.groupby(strata).rank() - 0.5) / strata.groupby(strata).transform("size")  # strata alternate in proportion to their sizes
    order = pd.DataFrame({"share": shares, "rank": rank}).sort_values(["share", "rank"]).index
    return train.iloc[np.sort(order[:count])]


def mislabel(train: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Replaces the labels of a share of the examples by wrong ones.

    A label is replaced by another one, drawn uniformly; a score or a set of labels by a different one from another example. With one
    seed, a larger share keeps the wrong labels of a smaller one and adds more. Raises ConfigError if there are no labels or scores.
    """
    if not share:
        return train
    column = next((name for name in ANSWER_COLUMNS if name in train), None)
    if column is None:
        raise ConfigError("{title}: only texts with labels or scores can get wrong ones. Leave it at 0 for this task.", title=mark("Wrong labels"))
    rng = np.random.default_rng([seed, 2])
    labels, order = list(train[column]), rng.permutation(len(train)).tolist()
    names, draws, wrong = sorted({_unordered(label) for label in labels}, key=str), rng.random(len(train)), list(labels)
    for turn, i in enumerate(order[: round(share * len(train))] if len(names) > 1 else ()):
        if isinstance(labels[i], str):
            others = [name for name in names if name != labels[i]]
            wrong[i] = others[int(draws[i] * len(others))]
        else:
            wrong[i] = next(labels[j] for j in order[turn:] + order[:turn] if _unordered(labels[j]) != _unordered(labels[i]))
    return train.assign(**{column: pd.Series(wrong, index=train.index, dtype=train[column].dtype)})


def _unordered(label: Any) -> Hashable:
    """Returns a label or score unchanged, and several labels as a set."""
    return label if isinstance(label, str | int | float) else frozenset(label)


MAX_EXAMPLES = 2000
TEST_SHARE, TEST_SEED = 0.2, 0


def sample_for_exploring(examples: pd.DataFrame) -> pd.DataFrame:
    """Returns at most MAX_EXAMPLES examples, stratified, always the same ones."""
    return sample_examples(examples, MAX_EXAMPLES, 0).reset_index(drop=True)


def split_in_three(examples: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Returns the examples with a column `split`: train, validation and test.

    If the data bring no test set, one is held out first, the same for every seed and share.
    """
    given = examples["split"] if "split" in examples else pd.Series("train", index=examples.index, dtype=object)
    if "test" not in set(given):
        train = examples[given == "train"].drop(columns="split", errors="ignore")
        held_out = split_examples(train, TEST_SHARE, TEST_SEED)["split"].reindex(examples.index)
        given = given.mask(held_out == "validation", "test")
    return split_examples(examples.assign(split=given), share, seed)


def reduce_and_mislabel(examples: pd.DataFrame, labels: int, noise: float, seed: int) -> pd.DataFrame:
    """Reduces the training split to at most `labels` examples and mislabels the share `noise` of them; leaves the other splits alone.

    With one seed, a larger share keeps the wrong labels of a smaller one and adds more.
    """
    train = sample_examples(examples[examples["split"] == "train"], labels, seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(train))
    known = {to_hashable(label): label for label in train["label"]}
    draws = rng.random(len(train))
    noisy = list(train["label"])
    for i in order[: round(noise * len(train))] if len(known) > 1 else ():
        others = [key for key in known if key != to_hashable(noisy[i])]
        noisy[i] = known[others[int(draws[i] * len(others))]]
    mislabelled = train.assign(label=pd.Series(noisy, index=train.index, dtype=train["label"].dtype))
    return pd.concat([mislabelled, examples[examples["split"] != "train"]]).sort_index()


def to_hashable(label: Any) -> Hashable:
    """Returns a label unchanged, and several labels as a tuple."""
    return label if isinstance(label, str) else tuple(label)
