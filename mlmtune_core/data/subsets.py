"""What a run learns from, made worse on purpose: fewer examples, or some with another's label; seeded, and the less is always a part of the more"""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from mlmtune_core.config import RunConfig
from mlmtune_core.data.splitting import sample_examples, split_examples, stratify
from mlmtune_core.errors import ConfigError, DataError
from mlmtune_core.language import mark

NAMED = ("label", "score")  # columns with the one answer of a text


def read_splits(examples: pd.DataFrame, config: RunConfig, task: Any) -> tuple[dict[str, list[Any]], list[str]]:
    """(split -> its examples as `task` has them, the training examples as the settings want them; label names of the whole training split).

    Raises DataError if a split is empty, or if a label to evaluate on occurs in no training row.
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
    chosen = learnt_from(examples, config)
    return splits if chosen is examples else {**splits, "train": _to_examples(chosen, "train", task)}, label_names


def _to_examples(examples: pd.DataFrame, split: str, task: Any) -> list[Any]:
    return task.to_examples(examples[examples["split"] == split].to_dict("records"))


def learnt_from(examples: pd.DataFrame, config: RunConfig) -> pd.DataFrame:
    """The examples of a run as it learns from them: of those of the split `train` only `train_examples`, and `label_noise` of these mislabelled;
    all others as they are. Raises ConfigError where there is no label to exchange.
    """
    if not (config.train_examples or config.label_noise):
        return examples
    train = examples["split"] == "train"
    kept = mislabel(thin(examples[train], config.train_examples, config.seed), config.label_noise, config.seed)
    return pd.concat([kept, examples[~train]], ignore_index=True)


def thin(train: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """At most `count` examples (0: all), each label (or kind, see splitting.stratify) with its share, in their order.

    Of one seed, those of a smaller count are among those of a larger one.
    """
    if not count or len(train) <= count:
        return train
    kinds = pd.Series(stratify(train))
    place = pd.Series(np.random.default_rng([seed, 1]).permutation(len(train)))
    shares = (place.groupby(kinds).rank() - 0.5) / kinds.groupby(kinds).transform("size")  # kinds take turns as often as they occur
    order = pd.DataFrame({"share": shares, "place": place}).sort_values(["share", "place"]).index
    return train.iloc[np.sort(order[:count])]


def mislabel(train: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """Exchanges the labels of a share of the examples: each for another label, drawn from all others; a score, or a set of labels, for that of
    another example, where there is a different one. Of one seed, what is wrong at a smaller share is wrong in the same way at a larger one.
    """
    if not share:
        return train
    column = next((name for name in NAMED if name in train), None)
    if column is None:
        raise ConfigError("{title}: only texts with labels or scores can get wrong ones. Leave it at 0 for this task.", title=mark("Wrong labels"))
    rng = np.random.default_rng([seed, 2])
    labels, order = list(train[column]), rng.permutation(len(train)).tolist()
    names, chances, wrong = sorted({_plain(label) for label in labels}, key=str), rng.random(len(train)), list(labels)
    for turn, i in enumerate(order[: round(share * len(train))] if len(names) > 1 else ()):
        if isinstance(labels[i], str):
            others = [name for name in names if name != labels[i]]
            wrong[i] = others[int(chances[i] * len(others))]
        else:
            wrong[i] = next(labels[j] for j in order[turn:] + order[:turn] if _plain(labels[j]) != _plain(labels[i]))
    return train.assign(**{column: pd.Series(wrong, index=train.index, dtype=train[column].dtype)})


def _plain(label: object) -> object:
    """A label or a score; or labels without their order."""
    return label if isinstance(label, str | int | float) else frozenset(label)


MOST_EXAMPLES = 2000
TEST_SHARE, TEST_SEED = 0.2, 0


def take_part(examples: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_EXAMPLES of the examples, each label with its share, the same ones every time."""
    return sample_examples(examples, MOST_EXAMPLES, 0).reset_index(drop=True)


def split_in_three(examples: pd.DataFrame, share: float, seed: int) -> pd.DataFrame:
    """The examples with a column `split`: train, validation and test.

    A test set that the data do not bring is set aside first, the same one for every seed and share.
    """
    given = examples["split"] if "split" in examples else pd.Series("train", index=examples.index, dtype=object)
    if "test" not in set(given):
        learnt = examples[given == "train"].drop(columns="split", errors="ignore")
        aside = split_examples(learnt, TEST_SHARE, TEST_SEED)["split"].reindex(examples.index)
        given = given.mask(aside == "validation", "test")
    return split_examples(examples.assign(split=given), share, seed)


def spoil(examples: pd.DataFrame, labels: int, noise: float, seed: int) -> pd.DataFrame:
    """The same with at most `labels` examples to learn from, of which the share `noise` bears a label of another kind.

    What is measured with stays as it is. With one seed a larger share makes the same labels wrong, and some more.
    """
    train = sample_examples(examples[examples["split"] == "train"], labels, seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(train))
    kinds = {as_key(label): label for label in train["label"]}
    drawn = rng.random(len(train))
    said = list(train["label"])
    for place in order[: round(noise * len(train))] if len(kinds) > 1 else ():
        others = [kind for kind in kinds if kind != as_key(said[place])]
        said[place] = kinds[others[int(drawn[place] * len(others))]]
    spoilt = train.assign(label=pd.Series(said, index=train.index, dtype=train["label"].dtype))
    return pd.concat([spoilt, examples[examples["split"] != "train"]]).sort_index()


def as_key(label: Any) -> Hashable:
    """A label, or several, as something that can be looked up."""
    return label if isinstance(label, str) else tuple(label)
