"""Answers that take as long as they are told to, for tests of waiting."""

import time

from mlmtune_core.workers import progress


def count(steps, seconds):
    """The number of steps, each of so many seconds."""
    for _ in progress.each(range(steps), steps):
        time.sleep(seconds)
    return steps
