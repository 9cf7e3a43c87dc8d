"""Finds texts that are much longer than the others, in another language, or near duplicates."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd

from mlmtune_core.data.report import Problem, rows_problem
from mlmtune_core.language import mark

SAMPLED_TEXTS = 300
LANGUAGES = ("en", "pt", "es", "fr", "de", "it", "nl", "pl", "ru", "ar", "zh", "ja", "tr")
CLEAR_MARGIN = 12.0
MIN_CHARACTERS = 30
LONG_WORDS = 200
LONG_FACTOR = 10


def find_unusual_texts(frame: pd.DataFrame, texts: list[str]) -> list[Problem | None]:
    """Checks lengths and languages: at most one problem each. texts: names of the text columns."""
    if not len(frame):
        return []
    words = pd.concat([frame[role].str.count(" ") + 1 for role in texts], axis=1).sum(axis=1)
    limit = max(LONG_WORDS, LONG_FACTOR * float(words.median()))
    sentence = mark("Rows more than ten times as long as is usual here: {count}. Look whether a quote or a line break is missing.")  # fmt: skip
    return [rows_problem("long_texts", frame[words > limit], sentence), _other_languages(frame, texts[0])]


def _other_languages(frame: pd.DataFrame, role: str) -> Problem | None:
    """Finds rows whose language clearly differs from that of most rows, among 300 evenly spaced texts."""
    step = max(1, len(frame) // SAMPLED_TEXTS)
    sample = frame.iloc[::step].head(SAMPLED_TEXTS)
    found = [_language(text) for text in sample[role]]
    known = Counter(language for language in found if language)
    if sum(known.values()) < 10:
        return None
    main, count = known.most_common(1)[0]
    others = sample[[language not in (None, main) for language in found]]
    names = ", ".join(f"{language}: {n}" for language, n in known.most_common() if language != main)
    sentence = mark("Most texts read like “{main}”, but of {looked_at} looked at these read like another language ({names}): {count}.")  # fmt: skip
    is_plausible = max(3, 0.01 * len(sample)) <= len(others) <= 0.4 * count
    return rows_problem("other_language", others, sentence, main=main, names=names, looked_at=len(sample)) if is_plausible else None  # fmt: skip


def _language(text: str) -> str | None:
    """Returns the language of a text, or None if it is short or the score is not clear."""
    if len(text) < MIN_CHARACTERS:
        return None
    (first, best), (_, second) = _identifier().rank(text[:400])[:2]
    return first if best - second > CLEAR_MARGIN else None


@cache
def _identifier() -> Any:
    """Imports py3langid on first use (0.2 s) and limits it to LANGUAGES."""
    from py3langid import langid

    langid.set_languages(list(LANGUAGES))
    return langid


NOT_WORDS = re.compile(r"[\W_]+")
MAX_TEXTS_PER_TRIGRAM = 50
MIN_OVERLAP = 0.8


def normalize_text(text: str) -> str:
    """Returns a text in lower case without punctuation and repeated blanks, for comparing texts."""
    return NOT_WORDS.sub(" ", text.lower()).strip() or text.strip()


def find_near_duplicates(texts: Sequence[str], others: Sequence[str]) -> list[int]:
    """Returns indices of `others` that equal one of `texts` once normalized, or share at least 0.8 of their word trigrams (Jaccard).

    Trigrams that occur in more than 50 texts are skipped, so that time grows linearly with the number of texts.
    """
    known = {normalize_text(text) for text in texts}
    indices: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes = []
    for i, text in enumerate(texts):
        trigrams = _trigrams(text)
        sizes.append(len(trigrams))
        for trigram in trigrams:
            indices[trigram].append(i)
    found = []
    for i, text in enumerate(others):
        if normalize_text(text) in known:
            found.append(i)
            continue
        trigrams = _trigrams(text)
        shared = Counter(index for trigram in trigrams if len(indices.get(trigram, ())) <= MAX_TEXTS_PER_TRIGRAM for index in indices.get(trigram, ()))  # fmt: skip
        if any(count >= MIN_OVERLAP * (len(trigrams) + sizes[index] - count) for index, count in shared.most_common(3)):
            found.append(i)
    return found


def _trigrams(text: str) -> set[tuple[str, ...]]:
    words = normalize_text(text).split()
    return {tuple(words[k : k + 3]) for k in range(len(words) - 2)}
