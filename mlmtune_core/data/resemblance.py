"""Texts that are the same, or nearly: what must not stand on both sides of a split."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

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
