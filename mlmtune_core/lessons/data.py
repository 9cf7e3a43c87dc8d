"""The data of the lessons: bundled, under short names, split once; no choice uses the test set."""

import random
from collections.abc import Callable
from functools import lru_cache

import pandas as pd

from mlmtune_core.data import splitting
from mlmtune_core.data.preparation import prepare
from mlmtune_core.errors import DataError, nearest_first

SPLIT_SEED = 20
VALIDATION_SHARE, TEST_SHARE = 0.2, 0.3
NEWS_WORDS, LONG_NEWS_WORDS = 24, 120  # headline and first sentence; headline and some paragraphs
FEW_NEWS_EXAMPLES = 50
STORED_PREFIX = "data:"


@lru_cache(maxsize=16)
def open_lesson_data(name: str) -> pd.DataFrame:
    """Returns examples with a column `split` (train, validation, test) that is the same in every run of every lesson.

    name: a key of DATASETS, or `data:<id>` for an upload or a sample. Raises DataError for an unknown name.
    """
    if name.startswith(STORED_PREFIX):
        return split_in_three(_prepare_examples(name.removeprefix(STORED_PREFIX))).reset_index(drop=True)
    if name not in DATASETS:
        raise DataError("There are no lesson data “{name}”. Nearest: {known}.", name=name, known=", ".join(nearest_first(name, DATASETS)[:3]))
    return DATASETS[name]().reset_index(drop=True)


def take_evenly(examples: pd.DataFrame, count: int = 0) -> pd.DataFrame:
    """Returns at most `count` rows (0: all) at even distances, so that labels sorted in blocks keep about their shares."""
    if not count or len(examples) <= count:
        return examples
    return examples.iloc[[round((i + 0.5) * len(examples) / count - 0.5) for i in range(count)]]


def split_in_three(examples: pd.DataFrame, validation: float = VALIDATION_SHARE, test: float = TEST_SHARE) -> pd.DataFrame:
    """Adds the column `split`: a validation and a test share of each label, the rest train; equal texts share a split."""
    strata, groups = splitting.find_strata(examples), splitting.find_groups(examples)
    sides = splitting.assign_splits(strata, groups, test, SPLIT_SEED)
    rest = [i for i, side in enumerate(sides) if side == "train"]
    rest_sides = splitting.assign_splits([strata[i] for i in rest], [groups[i] for i in rest], validation / (1 - test), SPLIT_SEED + 1)
    splits = ["test"] * len(examples)
    for i, side in zip(rest, rest_sides, strict=True):
        splits[i] = side
    return examples.assign(split=splits)


def _prepare_examples(data_id: str) -> pd.DataFrame:
    """Returns the examples of an upload or a sample, without its own split. Raises UserError if it cannot be used."""
    prepared = prepare(data_id)
    if prepared.error is not None:
        raise prepared.error
    assert prepared.report is not None  # there is a report or an error
    return prepared.report.examples.drop(columns="split", errors="ignore")


def _split_sample(data_id: str) -> Callable[[], pd.DataFrame]:
    return lambda: split_in_three(_prepare_examples(data_id))


def _news(words: int) -> Callable[[], pd.DataFrame]:
    """Returns the maker of BBC News: the first `words` of 1,800 articles; about 1,000 for training, 200 for validation, 600 for the test."""

    def make() -> pd.DataFrame:
        examples = splitting.sample_examples(_prepare_examples("shelf-bbc-news"), 1800, SPLIT_SEED)
        short = examples.assign(text=[" ".join(text.split()[:words]) for text in examples["text"]])
        return split_in_three(short, validation=1 / 9, test=1 / 3)

    return make


def _few_news() -> pd.DataFrame:
    """Returns the news with only FEW_NEWS_EXAMPLES training texts, the same for every seed; validation and test as in the news."""
    news = open_lesson_data("news")
    train = news["split"] == "train"
    return pd.concat([splitting.sample_examples(news[train], FEW_NEWS_EXAMPLES, SPLIT_SEED), news[~train]])


def _word_order() -> pd.DataFrame:
    """Returns sentences of the samples, every other one with two neighbouring words exchanged; the label says which."""
    rng, rows = random.Random(SPLIT_SEED), []
    texts = [text for name in ("sentiment", "topics") for text in _prepare_examples(f"sample-{name}-en")["text"]]
    texts += [text for column in ("text", "second_text") for text in _prepare_examples("sample-nli-en")[column].unique()]
    for number, text in enumerate(dict.fromkeys(texts), start=2):
        words = text.split()
        exchange = number % 2 == 1 and len(words) > 4
        if exchange:
            position = rng.randrange(1, len(words) - 2)
            words[position], words[position + 1] = words[position + 1], words[position]
        rows.append({"row": number, "text": " ".join(words), "label": "changed" if exchange else "as written"})
    return split_in_three(pd.DataFrame(rows))


def _pairs(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
    return lambda: change(open_lesson_data("nli"))


def _swap(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(text=pairs["second_text"], second_text=pairs["text"])


def _second_alone(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(text=pairs["second_text"]).drop(columns="second_text")


def _merge(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(text=pairs["text"] + " " + pairs["second_text"]).drop(columns="second_text")


DATASETS: dict[str, Callable[[], pd.DataFrame]] = {
    "sentiment": _split_sample("sample-sentiment-en"),
    "topics": _split_sample("sample-topics-en"),
    "news": _news(NEWS_WORDS),
    "news_few": _few_news,
    "long_news": _news(LONG_NEWS_WORDS),
    "word_order": _word_order,
    "nli": _split_sample("sample-nli-en"),
    "nli_swapped": _pairs(_swap),
    "nli_second": _pairs(_second_alone),
    "nli_merged": _pairs(_merge),
    "similarity": _split_sample("sample-similarity-en"),
    "entities": _split_sample("sample-entities-en"),
    "questions": _split_sample("sample-questions-en"),
}
