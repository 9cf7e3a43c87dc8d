"""Spans of a context: from characters to tokens, and from start and end logits back to characters."""

from collections.abc import Sequence

import numpy as np

OUTSIDE = (-1, -1)


def find_span(offsets: Sequence[tuple[int, int]], answers: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Returns first and last token of the first answer (its first character, its text) that is whole in this window, or (0, 0).

    `offsets`: per token its characters in the context, (-1, -1) outside.
    """
    inside = [position for position, offset in enumerate(offsets) if offset != OUTSIDE]
    for start, answer in answers if inside else ():
        end = start + len(answer)
        if offsets[inside[0]][0] <= start and end <= offsets[inside[-1]][1]:
            held = [p for p in inside if offsets[p][1] > start and offsets[p][0] < end]
            if held:
                return held[0], held[-1]
    return 0, 0


def best_spans(scores: np.ndarray, offsets: Sequence[tuple[int, int]], count: int) -> list[tuple[float, int, int]]:
    """Returns (start logit + end logit, first character, last character) of the best spans that do not end before they start.

    scores: (T, 2), start and end logit of every token; only tokens of the context may answer.
    """
    inside = np.array([position for position, offset in enumerate(offsets) if offset != OUTSIDE], dtype=int)
    if not len(inside):
        return []
    starts, ends = scores[inside, 0], scores[inside, 1]
    sums = np.where(np.tri(len(inside), dtype=bool).T, starts[:, None] + ends[None, :], -np.inf).ravel()
    chosen = np.argpartition(-sums, min(count, len(sums) - 1))[:count] if count > 1 else [int(sums.argmax())]
    found = []
    for k in sorted(chosen, key=lambda k: -sums[k]):
        first, last = divmod(int(k), len(inside))
        if np.isfinite(sums[k]):
            found.append((float(sums[k]), offsets[inside[first]][0], offsets[inside[last]][1]))
    return found
