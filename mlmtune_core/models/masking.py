"""Which tokens are hidden from a model that is to guess them, and what stands in their place: drawn as BERT was taught"""

from collections.abc import Collection, Sequence

import numpy as np

IGNORE_INDEX = -100  # the label of a token that is not asked for
SHARE = 0.15  # of the tokens are asked for
LONG_WORD, WORDS_AROUND = 4, 20  # signs of a word worth guessing; words shown on either side
MASKED, RANDOM = 0.8, 0.1  # of those become [MASK], or any token; the others stay as they are


def hide(
    ids: Sequence[int], special: Collection[int], mask_id: int, choice: np.ndarray, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """(what the model reads, what it is asked for): T token ids each, the second IGNORE_INDEX where nothing is asked.

    15 % of the tokens that are not `special` are asked for, at least one: of these 80 % become `mask_id`, 10 % a token drawn from
    `choice`, 10 % stay (Devlin et al. 2019, section 3.1).
    """
    seen, asked = list(ids), [IGNORE_INDEX] * len(ids)
    free = [place for place, token in enumerate(ids) if token not in special]
    count = min(len(free), max(1, round(SHARE * len(free))))
    draws = rng.random(count)
    for place, draw in zip(rng.permutation(free)[:count].tolist(), draws, strict=True):
        asked[place] = ids[place]
        if draw < MASKED:
            seen[place] = mask_id
        elif draw < MASKED + RANDOM:
            seen[place] = int(rng.choice(choice))
    return seen, asked


def mask_word(text: str, mask: str, rng: np.random.Generator) -> str:
    """A part of a text around one of its longer words, in whose place stands `mask`."""
    words = text.split()
    long = [place for place, word in enumerate(words) if len(word.strip(".,;:!?\"'()")) >= LONG_WORD] or list(range(len(words)))
    place = int(rng.choice(long))
    bare = words[place].strip(".,;:!?\"'()")
    words[place] = words[place].replace(bare, mask) if bare else mask
    start = max(0, place - WORDS_AROUND)
    return " ".join(words[start : place + WORDS_AROUND + 1])


def uncover(seen: Sequence[int], asked: Sequence[int]) -> list[int]:
    """The token ids as they were before `hide`."""
    return [token if label == IGNORE_INDEX else label for token, label in zip(seen, asked, strict=True)]
