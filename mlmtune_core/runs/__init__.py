"""Runs on disk: what they are, what they wrote, what was asked of them; sweeps; limits.

    diagnosis         Diagnoses a run from its events: ok, slow, collapsed, exploding, memorising, nan; and one thing to try.
    event_log         The event log of a run: one JSON line per event, written whole, read up to the last complete line.
    heartbeats        Which process works on a run: it touches a file as long as it lives.
    kept_checkpoints  Saves trained encoders as checkpoints under a name: who may use them, their size, their deletion.
    kept_weights      Weights that a run kept: at the start, at each evaluation, and the best.
    limits            Limits of a server, from its environment: queue length, disk space, age, file size.
    owned_runs        From settings and examples to a run in the queue: within the limits, once even if Start is pressed twice.
    results           Results of runs side by side: a row per run of a sweep or a class, and the points of their figures.
    run               A run on disk; the only module that knows the names of its files.
    shelf             All runs of this server: created, found by id, listed.
    sweep_charts      Plotly figures of many runs: a mark per seed, a line for the mean, the trivial predictor dotted.
    sweeps            Sweeps: runs started together, found by one id, paused, stopped and resumed as one.
"""
