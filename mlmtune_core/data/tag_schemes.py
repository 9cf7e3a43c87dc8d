"""Recognises tag schemes (IOB1, BIO, BIOES, IO) and converts them to BIO."""

from collections.abc import Sequence

from mlmtune_core.language import mark

PREFIXES = {"B", "I", "E", "S", "L", "U", "M"}
SCHEME_NOTES = {
    "IOB1": mark("The tags are IOB1 (B- only between neighbours of one type). They were converted to BIO."),
    "BIOES": mark("The tags are BIOES (or BILOU): E-, L-, S- and U- mark ends and single words. They were converted to BIO."),
    "IO": mark("The tags are IO (no B-). Neighbours of one type count as one entity. They were converted to BIO."),
    "types": mark("The tags name types without B- or I- ({types}). Neighbours of one type count as one entity. They were converted to BIO."),
}  # fmt: skip


def find_scheme(sentences: Sequence[Sequence[str]]) -> str:
    """Returns BIO, IOB1, BIOES, IO, types (entity types without prefix, besides O) or plain (a class per word, such as part of speech)."""
    tags = {tag for sentence in sentences for tag in sentence}
    prefixes = {tag[0] for tag in tags if _is_prefixed(tag)}
    bare = {tag for tag in tags if tag != "O" and not _is_prefixed(tag)}
    if not prefixes:
        words = sum(len(sentence) for sentence in sentences)
        outside = sum(sentence.count("O") for sentence in map(list, sentences))
        return "types" if bare and outside > 0.3 * words else "plain"
    if bare:
        return "plain"
    if prefixes & {"E", "S", "L", "U", "M"}:
        return "BIOES"
    if "B" not in prefixes:
        return "IO"
    return _bio_or_iob1(sentences)


def _bio_or_iob1(sentences: Sequence[Sequence[str]]) -> str:
    """Returns IOB1 if I- begins more entities than B-, and every B- follows an entity of its own type; else BIO."""
    starts_with_i, starts_with_b, b_after_same = 0, 0, 0
    for sentence in sentences:
        for before, tag in zip(["O", *sentence], sentence, strict=False):
            same = before != "O" and before[2:] == tag[2:]
            starts_with_i += tag.startswith("I-") and not same
            starts_with_b += tag.startswith("B-")
            b_after_same += tag.startswith("B-") and same
    return "IOB1" if starts_with_i > starts_with_b and b_after_same == starts_with_b else "BIO"


def to_bio(sentence: Sequence[str], scheme: str) -> list[str]:
    """Converts the tags of one sentence to BIO. A tag that continues no entity begins one."""
    if scheme in ("BIO", "plain"):
        return list(sentence)
    bio, before = [], "O"
    for tag in sentence:
        prefix, name = ("I", tag) if scheme == "types" else (tag[0], tag[2:])
        if tag == "O":
            bio.append("O")
        elif prefix in ("B", "S", "U") or before != name:
            bio.append(f"B-{name}")
        else:
            bio.append(f"I-{name}")
        before = "O" if tag == "O" or prefix in ("E", "L", "S", "U") else name
    return bio


def is_legal(tags: Sequence[str]) -> bool:
    """True for valid BIO: every I-X follows B-X or I-X."""
    return all(
        not tag.startswith("I-") or (before[:2] in ("B-", "I-") and before[2:] == tag[2:])
        for before, tag in zip(["O", *tags], tags, strict=False)
    )


def _is_prefixed(tag: str) -> bool:
    return len(tag) > 2 and tag[1] == "-" and tag[0] in PREFIXES
