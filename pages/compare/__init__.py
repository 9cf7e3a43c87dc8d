"""Sweeps: many runs side by side.

    form    The form of a new sweep: settings, values, seeds; how many runs that makes and how long they take.
    page    The page of sweeps: started, watched and read, runs side by side.
    scores  The scores of a sweep over what was varied, and every run as a row of a table with a download.
    state   How far a sweep is, and buttons for all of its runs: pause, resume, stop, repeat, delete.
    view    One sweep, live: progress, curves, scores and the table.
"""
