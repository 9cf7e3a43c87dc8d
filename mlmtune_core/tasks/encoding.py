"""Encodes texts, alone or in pairs, as token ids, truncated at a length, and tells what was lost."""

from collections.abc import Sequence
from typing import Any

BEGINS_WORD = ("▁", "Ġ")


def encode_texts(
    tokenizer: Any, texts: Sequence[str], second_texts: Sequence[str] | None, max_length: int, truncation: str = "head"
) -> list[tuple[dict[str, list[int]], int]]:
    """Returns, per text, (inputs by name, number of sub-words lost): [CLS] a [SEP], or [CLS] a [SEP] b [SEP] with segments 0 and 1.

    Long inputs are truncated as `positions_to_keep` says.
    """
    pairs = [list(texts)] if second_texts is None else [list(texts), list(second_texts)]
    whole = tokenizer(*pairs, return_attention_mask=False)
    found = []
    for i, ids in enumerate(whole["input_ids"]):
        lost = max(0, len(ids) - max_length)
        places = positions_to_keep(whole.sequence_ids(i), max_length, truncation) if lost else range(len(ids))
        found.append(({name: [whole[name][i][place] for place in places] for name in whole}, lost))
    return found


def positions_to_keep(parts: list[int | None], max_length: int, truncation: str) -> list[int]:
    """Returns the positions of the tokens to keep, at most max_length. parts: per token 0 (first text), 1 (second) or None ([CLS], [SEP]), which stay.

    Of a pair the longer text loses first. Kept is the beginning (head), the end (tail), or a quarter of the room at the
    beginning and the rest at the end (both; Sun et al. 2019, section 5.3.1).
    """
    texts = [[place for place, part in enumerate(parts) if part == which] for which in (0, 1)]
    room = max_length - parts.count(None)
    short = min(len(texts[0]), len(texts[1]), room // 2)
    first_is_short = len(texts[0]) <= len(texts[1])
    rooms = (short, room - short) if first_is_short else (room - short, short)
    kept = {place for place, part in enumerate(parts) if part is None}
    for places, size in zip(texts, rooms, strict=True):
        before = min({"head": size, "tail": 0, "both": size // 4}[truncation], len(places))
        after = min(size, len(places)) - before
        kept |= {*places[:before], *places[len(places) - after :]}
    return sorted(kept)


def describe_tokens(tokenizer: Any, inputs: dict[str, list[int]]) -> dict[str, list[Any]]:
    """Returns `tokens` as text; `segments`: 0 for the first text and its marks, 1 for the second; `joined`, the words they make; and `word_of`,
    per token the index of its word in `joined`.
    """
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"])
    word_of = _number_words(tokens, set(tokenizer.all_special_tokens))
    pieces: list[list[str]] = [[] for _ in range(word_of[-1] + 1)]
    for word, token in zip(word_of, tokens, strict=True):
        pieces[word].append(token)
    return {
        "tokens": tokens,
        "segments": inputs.get("token_type_ids") or _count_segments(tokenizer, inputs),
        "joined": [tokenizer.convert_tokens_to_string(each).strip() or each[0] for each in pieces],
        "word_of": word_of,
    }


def _number_words(tokens: Sequence[str], special: set[str]) -> list[int]:
    """Returns, per token, the number of its word. WordPiece marks continuations of a word (##), others its beginning (▁ or Ġ)."""
    begins = any(token[:1] in BEGINS_WORD for token in tokens)
    numbers: list[int] = []
    for i, token in enumerate(tokens):
        apart = i == 0 or token in special or tokens[i - 1] in special
        continues = not apart and (token[:1] not in BEGINS_WORD if begins else token.startswith("##"))
        numbers.append(numbers[-1] + (not continues) if numbers else 0)
    return numbers


def _count_segments(tokenizer: Any, inputs: dict[str, list[int]]) -> list[int]:
    """For families without token types (RoBERTa, DistilBERT): everything after the first separator is the second text."""
    ids, segments, segment = inputs["input_ids"], [], 0
    for i, token in enumerate(ids):
        segments.append(segment)
        if token == tokenizer.sep_token_id and i < len(ids) - 1:
            segment = 1
    return segments
