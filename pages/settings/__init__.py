"""Forms for settings, used by several pages.

    checkpoints  Checkpoints saved from runs: chosen to start from, saved under a name, deleted.
    estimate     How long the run will take here, said before Start, and what would fit into a minute.
    experiment   Settings for experiments: initial weights, head and pooling, fewer or wrong labels, extra measurements.
    form         The settings of a run as a form: checkpoint, strategy, rates, regularisation.
    limits       The limits of this server and how much is used, in one line; own runs, if one has to go.
    strategy     What is trainable and how fast: the strategy and its rates.
    values       Settings and their values as people read them.
"""
