"""Texts unlike the others: much longer, or in another language."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import pandas as pd

from mlmtune_core.data.report import Problem, rows_problem
from mlmtune_core.language import mark

LOOKED_AT = 300
LANGUAGES = ("en", "pt", "es", "fr", "de", "it", "nl", "pl", "ru", "ar", "zh", "ja", "tr")
CLEAR_MARGIN = 12.0
MIN_SIGNS = 30
LONG_WORDS = 200
LONG_FACTOR = 10


def find_surprises(frame: pd.DataFrame, texts: list[str]) -> list[Problem | None]:
    """At most one problem for lengths and one for languages; `texts` names the columns that are read."""
    if not len(frame):
        return []
    words = sum(frame[role].str.count(" ") + 1 for role in texts)
    limit = max(LONG_WORDS, LONG_FACTOR * float(words.median()))
    sentence = mark("Rows more than ten times as long as is usual here: {count}. Look whether a quote or a line break is missing.")  # fmt: skip
    return [rows_problem("long_texts", frame[words > limit], sentence), _other_languages(frame, texts[0])]


def _other_languages(frame: pd.DataFrame, role: str) -> Problem | None:
    """Rows that clearly read like another language than most; looked for in a spread of 300 texts."""
    step = max(1, len(frame) // LOOKED_AT)
    seen = frame.iloc[::step].head(LOOKED_AT)
    found = [_language(text) for text in seen[role]]
    known = Counter(language for language in found if language)
    if sum(known.values()) < 10:
        return None
    main, count = known.most_common(1)[0]
    others = seen[[language not in (None, main) for language in found]]
    names = ", ".join(f"{language}: {n}" for language, n in known.most_common() if language != main)
    sentence = mark("Most texts read like “{main}”, but of {looked_at} looked at these read like another language ({names}): {count}.")  # fmt: skip
    few = max(3, 0.01 * len(seen)) <= len(others) <= 0.4 * count
    return rows_problem("other_language", others, sentence, main=main, names=names, looked_at=len(seen)) if few else None  # fmt: skip


def _language(text: str) -> str | None:
    """The language of a text that leaves little doubt, or None."""
    if len(text) < MIN_SIGNS:
        return None
    (first, best), (_, second) = _identifier().rank(text[:400])[:2]
    return first if best - second > CLEAR_MARGIN else None


def _identifier():  # noqa: ANN202
    """py3langid, limited to the languages of most classrooms; imported on first use (0.2 s)."""
    from py3langid import langid

    if not getattr(_identifier, "ready", None):
        langid.set_languages(list(LANGUAGES))
        _identifier.ready = True
    return langid


NOT_WORDS = re.compile(r"[\W_]+")
SHINGLE_WORDS = 3
COMMON_SHINGLE = 50
NEAR = 0.8


def find_key(text: str) -> str:
    """A text without case, punctuation and blanks that repeat: equal keys, same text."""
    return NOT_WORDS.sub(" ", text.lower()).strip() or text.strip()


def find_shared(texts: Sequence[str], others: Sequence[str]) -> list[int]:
    """Indices of the `others` that stand among `texts` too: same key, or at least 0.8 of their three-word runs shared.

    Runs that occur in more than 50 texts are passed over, so that the time grows with the number of texts.
    """
    keys = {find_key(text) for text in texts}
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    sizes = []
    for i, text in enumerate(texts):
        runs = _runs(text)
        sizes.append(len(runs))
        for run in runs:
            places[run].append(i)
    found = []
    for i, text in enumerate(others):
        if find_key(text) in keys:
            found.append(i)
            continue
        runs = _runs(text)
        shared = Counter(place for run in runs if len(places.get(run, ())) <= COMMON_SHINGLE for place in places.get(run, ()))  # fmt: skip
        if any(count >= NEAR * (len(runs) + sizes[place] - count) for place, count in shared.most_common(3)):
            found.append(i)
    return found


def _runs(text: str) -> set[tuple[str, ...]]:
    words = find_key(text).split()
    return {tuple(words[k : k + SHINGLE_WORDS]) for k in range(len(words) - SHINGLE_WORDS + 1)}
