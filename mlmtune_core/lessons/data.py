"""What lessons are tried on: bundled data under a short name, split once and for all, the test set touched by no choice"""

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
FEW_NEWS = 50
OWN = "data:"


@lru_cache(maxsize=16)
def open_lesson_data(name: str) -> pd.DataFrame:
    """Examples with a column `split`: train, validation, test, the same in every run of every lesson.

    A name `data:<id>` stands for an upload or a sample (see data_store). Raises DataError for an unknown name.
    """
    if name.startswith(OWN):
        return split_in_three(_sample(name.removeprefix(OWN))).reset_index(drop=True)
    if name not in MAKERS:
        raise DataError("There are no lesson data “{name}”. Nearest: {known}.", name=name, known=", ".join(nearest_first(name, MAKERS)[:3]))
    return MAKERS[name]().reset_index(drop=True)


def take_evenly(examples: pd.DataFrame, count: int = 0) -> pd.DataFrame:
    """At most `count` rows (0: all), spread over the whole table: where labels stand in blocks, each keeps about its share."""
    if not count or len(examples) <= count:
        return examples
    return examples.iloc[[round((i + 0.5) * len(examples) / count - 0.5) for i in range(count)]]


def split_in_three(examples: pd.DataFrame, validation: float = VALIDATION_SHARE, test: float = TEST_SHARE) -> pd.DataFrame:
    """Shares of each label to measure with while learning, and to test with at the end; equal texts stay together."""
    kinds, groups = splitting.stratify(examples), splitting.find_groups(examples)
    sides = splitting.split(kinds, groups, test, SPLIT_SEED)
    rest = [i for i, side in enumerate(sides) if side == "train"]
    inner = splitting.split([kinds[i] for i in rest], [groups[i] for i in rest], validation / (1 - test), SPLIT_SEED + 1)
    named = ["test"] * len(examples)
    for i, side in zip(rest, inner, strict=True):
        named[i] = side
    return examples.assign(split=named)


def _sample(data_id: str) -> pd.DataFrame:
    examples = prepare(data_id).report.examples
    return examples.drop(columns="split", errors="ignore")


def _split_sample(data_id: str) -> Callable[[], pd.DataFrame]:
    return lambda: split_in_three(_sample(data_id))


def _news(words: int) -> Callable[[], pd.DataFrame]:
    """BBC News, the first words of 1,800 articles; about 1,000 to learn from, 200 and 600 to measure with."""

    def make() -> pd.DataFrame:
        examples = splitting.sample_examples(_sample("shelf-bbc-news"), 1800, SPLIT_SEED)
        short = examples.assign(text=[" ".join(text.split()[:words]) for text in examples["text"]])
        return split_in_three(short, validation=1 / 9, test=1 / 3)

    return make


def _few_news() -> pd.DataFrame:
    """The news with the same few texts to learn from in every run, whatever its seed; measured with what all news are measured with."""
    news = open_lesson_data("news")
    train = news["split"] == "train"
    return pd.concat([splitting.sample_examples(news[train], FEW_NEWS, SPLIT_SEED), news[~train]])


def _word_order() -> pd.DataFrame:
    """Sentences of the samples as they are, and with two neighbouring words exchanged: acceptable or not."""
    rng, rows = random.Random(SPLIT_SEED), []
    texts = [text for name in ("sentiment", "topics") for text in _sample(f"sample-{name}-en")["text"]]
    texts += [text for column in ("text", "second_text") for text in _sample("sample-nli-en")[column].unique()]
    for number, text in enumerate(dict.fromkeys(texts), start=2):
        words = text.split()
        wrong = number % 2 == 1 and len(words) > 4
        if wrong:
            place = rng.randrange(1, len(words) - 2)
            words[place], words[place + 1] = words[place + 1], words[place]
        rows.append({"row": number, "text": " ".join(words), "label": "changed" if wrong else "as written"})
    return split_in_three(pd.DataFrame(rows))


def _pairs(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[], pd.DataFrame]:
    return lambda: change(open_lesson_data("nli"))


def _swap(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(text=pairs["second_text"], second_text=pairs["text"])


def _second_alone(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(text=pairs["second_text"]).drop(columns="second_text")


def _merge(pairs: pd.DataFrame) -> pd.DataFrame:
    return pairs.assign(text=pairs["text"] + " " + pairs["second_text"]).drop(columns="second_text")


MAKERS: dict[str, Callable[[], pd.DataFrame]] = {
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
