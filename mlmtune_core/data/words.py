"""A typed sentence as words, and back: marks such as [MASK] stay whole"""

import re
from collections.abc import Sequence

WORDS = r"\w+(?:[-'’]\w+)*|[^\w\s]"


def find_words(text: str, mark: str = "") -> list[tuple[int, int]]:
    """(first sign, sign behind the last) of every word and punctuation sign; `mark`, where it stands in the text, is one word."""
    pattern = f"{re.escape(mark)}|{WORDS}" if mark else WORDS
    return [found.span() for found in re.finditer(pattern, text)]


def split_words(text: str, mark: str = "") -> list[str]:
    """The words themselves; a text of other signs alone is split at its blanks."""
    return [text[start:end] for start, end in find_words(text, mark)] or text.split()


def rewrite_words(text: str, known: Sequence[str], mark: str = "") -> list[str]:
    """As `split_words`, but what stands between blanks and is one of the `known` words stays one, as in data split by another rule."""
    kept = {*known}
    return [word for part in text.split() for word in ([part] if part in kept else split_words(part, mark))]
