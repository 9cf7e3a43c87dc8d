"""Moments of a run at which its model can be opened: the checkpoint with a fresh head, and the best model"""

BEST, START = "best", "start"
