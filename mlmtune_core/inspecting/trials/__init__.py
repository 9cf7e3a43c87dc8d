"""Short trials before a run: heads trained in seconds, the learning-rate finder, a preview of the input.

    explorer_charts  Plotly figures of heads that were tried out and of a rate finder's sweep.
    head_trials      Trains heads while somebody waits: many learning rates at once, or few and wrong labels.
    known_features   What the frozen checkpoint computes for every text of a data set, once; and the heads trained on it.
    preview          What the model will read and which of its weights are trainable, before Start.
    rate_finder      The learning-rate finder (Smith 2017), and real runs to compare its suggestion with.
    suggested_rate   Judges a suggested learning rate beside real runs: too high, too low, or near the best.
"""
