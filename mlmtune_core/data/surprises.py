"""Texts unlike the others: much longer, or in another language."""

from collections import Counter

import pandas as pd

from mlmtune_core.data.report import Problem, rows_problem
from mlmtune_core.translating import mark

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
