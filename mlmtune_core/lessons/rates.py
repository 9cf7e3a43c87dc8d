"""Rates of the body in the lessons: found on validation sets by benchmarks/lesson_rates.py, with seeds that no lesson uses

Lessons take the first few layers and few steps, so that a class can wait for them: there the default of 1e-4 hardly moves anything,
and a strategy that moves the body would lose by its rate alone.
"""

HEAD_ALONE = 2e-2  # on all six layers, about a hundred steps of eight texts
BODY = 3e-4  # two or three layers, about a hundred steps
TO_LOSS = {"pretrained": 1e-4, "shuffled": 1e-4, "random": 1e-4}  # start -> rate with the lowest validation loss (lesson 2)
TO_SCORE = {"pretrained": 3e-4, "shuffled": 1e-3, "random": 3e-4}  # start -> rate with the best validation score (lesson 2)
