"""Splits a typed sentence into words; special tokens such as [MASK] stay whole."""

import re
from collections.abc import Sequence

WORDS = r"\w+(?:[-'’]\w+)*|[^\w\s]"


def find_words(text: str, special_token: str = "") -> list[tuple[int, int]]:
    """Returns (start, end) of every word and punctuation mark. `special_token` counts as one word."""
    pattern = f"{re.escape(special_token)}|{WORDS}" if special_token else WORDS
    return [found.span() for found in re.finditer(pattern, text)]


def split_words(text: str, special_token: str = "") -> list[str]:
    """Returns the words of a text (see find_words). A text without any is split at blanks."""
    return [text[start:end] for start, end in find_words(text, special_token)] or text.split()


def rewrite_words(text: str, known: Sequence[str], special_token: str = "") -> list[str]:
    """Splits like split_words, but keeps the `known` words whole: the data may have been split by another rule."""
    known_words = {*known}
    return [word for part in text.split() for word in ([part] if part in known_words else split_words(part, special_token))]
