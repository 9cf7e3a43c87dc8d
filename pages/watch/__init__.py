"""One run, live.

    buttons    What can be done with a run, by whom and in which state, and the buttons for it.
    curves     The curves of a run, live, with their texts in the language of the visit.
    diagnosis  The diagnosis of a run in a line: its kind, the evidence, and one thing to try.
    header     Which run a page is about: opened from the address, named in one line.
    page       The page of one run, live: curves, state, pause, stop.
    state      The state of a run in numbers and sentences, redrawn while it lives, with its buttons.
"""
