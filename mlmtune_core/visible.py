"""Text of people as it may be shown: signs that steer a terminal or turn a line around are spelled out."""

import re

# all control signs but tab and line feed, the signs that turn the direction of writing, halves of surrogate pairs
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with such signs as Python writes them: an escape is \\x1b."""
    return UNSEEN.sub(lambda found: repr(found[0])[1:-1], text)


def visible_json(text: str) -> str:
    """The same for a JSON document: it holds the same values afterwards."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
