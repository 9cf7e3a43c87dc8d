"""The model on one input: arithmetic, attribution, edits.

    arithmetic  The arithmetic of an answer, step by step: z = hW + b, softmax, loss, one gradient step, as tables.
    chapter     The chapter's own example, with the labels it prints beside those it means, token by token.
    edit_form   Edits of an input: mask, remove or rewrite words, mask each in turn, swap the texts; and back.
    view        One input, typed or picked: its answer, the arithmetic, and what it rests on.
    what_if     What if the input were another: every edit as a row below its parent, with its effect on the answer.
    why         Which tokens an answer rests on: asked for by a click, cost said first, checked by deletion.
"""
