"""Parts with JavaScript of their own, used by several pages.

    dial_chart   A plotly figure that is redrawn in place and keeps its zoom, with a dial that needs no server.
    live_chart   The curves of a run, live: mounted once, it polls the event route and extends its traces.
    sweep_chart  The curves of many runs, live or recorded: a small chart per arm, or all in one.
    token_row    One input as the model reads it: a row of sub-words with segments, and tags or the answer below.
    token_strip  Words as chips in the colour of their most likely tag; all probabilities of the chosen word beside them.
"""
