"""Texts, alone or in pairs -> token ids cut at a length, with what was lost."""

from collections.abc import Sequence
from typing import Any


def encode_texts(
    tokenizer: Any, texts: Sequence[str], second_texts: Sequence[str] | None, max_length: int
) -> list[tuple[dict[str, list[int]], int]]:
    """Per text (inputs by name, sub-words cut off): [CLS] a [SEP], or [CLS] a [SEP] b [SEP] with segments 0 and 1.

    A pair that is too long loses sub-words of the longer text, one by one; the [SEP] tokens stay.
    """
    pairs = [list(texts)] if second_texts is None else [list(texts), list(second_texts)]
    whole = tokenizer(*pairs, return_attention_mask=False)
    found = []
    for i, ids in enumerate(whole["input_ids"]):
        lost = len(ids) - max_length
        if lost > 0:
            one = tokenizer(
                *[texts[i] for texts in pairs],
                truncation="longest_first" if second_texts is not None else True,
                max_length=max_length,
                return_attention_mask=False,
            )
            found.append(({name: one[name] for name in one}, lost))
        else:
            found.append(({name: whole[name][i] for name in whole}, 0))
    return found


def describe_tokens(tokenizer: Any, inputs: dict[str, list[int]]) -> dict[str, list[Any]]:
    """`tokens` as text, and `segments`: 0 for the first text and its marks, 1 for the second."""
    tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"])
    return {"tokens": tokens, "segments": inputs.get("token_type_ids") or _count_segments(tokenizer, inputs)}


def _count_segments(tokenizer: Any, inputs: dict[str, list[int]]) -> list[int]:
    """For families without token types (RoBERTa, DistilBERT): all after the first separator is the second text."""
    ids, segments, segment = inputs["input_ids"], [], 0
    for i, token in enumerate(ids):
        segments.append(segment)
        if token == tokenizer.sep_token_id and i < len(ids) - 1:
            segment = 1
    return segments
