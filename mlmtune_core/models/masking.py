"""Masks tokens at random for masked language modelling, as in BERT's pre-training."""

from collections.abc import Collection, Sequence

import numpy as np

IGNORE_INDEX = -100  # the label of a token without a label: it does not count in the loss
MASKED_SHARE = 0.15  # of the tokens must be predicted
MASK_TOKEN_SHARE, RANDOM_TOKEN_SHARE = 0.8, 0.1  # of these become [MASK], or a random token; the others stay unchanged
LONG_WORD, WORDS_AROUND = 4, 20  # characters of a word worth guessing; words shown on either side of it
PUNCTUATION = ".,;:!?\"'()"


def mask_tokens(
    ids: Sequence[int], special: Collection[int], mask_id: int, choice: np.ndarray, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Returns (input ids, labels), T token ids each. A label is IGNORE_INDEX if the token need not be predicted.

    15 % of the tokens that are not `special` get a label, at least one. Of these 80 % become `mask_id`, 10 % a token drawn from
    `choice`, and 10 % stay unchanged (Devlin et al. 2019, section 3.1).
    """
    input_ids, labels = list(ids), [IGNORE_INDEX] * len(ids)
    maskable = [position for position, token in enumerate(ids) if token not in special]
    count = min(len(maskable), max(1, round(MASKED_SHARE * len(maskable))))
    draws = rng.random(count)
    for position, draw in zip(rng.permutation(maskable)[:count].tolist(), draws, strict=True):
        labels[position] = ids[position]
        if draw < MASK_TOKEN_SHARE:
            input_ids[position] = mask_id
        elif draw < MASK_TOKEN_SHARE + RANDOM_TOKEN_SHARE:
            input_ids[position] = int(rng.choice(choice))
    return input_ids, labels


def mask_word(text: str, mask: str, rng: np.random.Generator) -> str:
    """Replaces one of the longer words of a text by `mask` and returns it with WORDS_AROUND words on either side."""
    words = text.split()
    long = [i for i, word in enumerate(words) if len(word.strip(PUNCTUATION)) >= LONG_WORD] or list(range(len(words)))
    chosen = int(rng.choice(long))
    bare = words[chosen].strip(PUNCTUATION)
    words[chosen] = words[chosen].replace(bare, mask) if bare else mask
    start = max(0, chosen - WORDS_AROUND)
    return " ".join(words[start : chosen + WORDS_AROUND + 1])


def unmask_tokens(input_ids: Sequence[int], labels: Sequence[int]) -> list[int]:
    """Returns the token ids as they were before `mask_tokens`."""
    return [token if label == IGNORE_INDEX else label for token, label in zip(input_ids, labels, strict=True)]
