"""Explorers: the learning rate, overfitting, the rate finder.

    explored     The data that are explored, what the inspect worker is asked about them, and the run that follows.
    overfitting  The overfitting explorer: few labels, wrong labels, many epochs; both curves and the gap between them.
    page         The page of explorers: learning rate and overfitting, answered at once.
    rate_dial    The learning-rate dial: heads trained at eleven rates at once, and the curves of the chosen one.
    rate_finder  The rate finder beside real runs: its curve, its suggestion, and how far that is from the best.
"""
