"""What heads are tried out on: a part of the data with its splits, and of what is learnt from few labels, some of them wrong"""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from mlmtune_core.data.splitting import sample_examples, split_examples

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
