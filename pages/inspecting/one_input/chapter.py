"""The chapter's own example, with the labels it prints beside those it means, token by token."""

import pandas as pd
import streamlit as st

from mlmtune_core.inspecting.arithmetic import CLASSES, MEANT, PRINTED, SIZE, TOKENS, ChapterCase, draw_case
from mlmtune_core.runs.run import Run
from pages.inspecting.one_input.arithmetic import DIGITS, draw_arithmetic
from pages.shared.choice import choice
from pages.shared.tables import number_columns
from pages.shared.visit import Visit

RATE = 0.01


def draw_chapter(visit: Visit, _: Run) -> None:
    """Draws both lists of labels and their losses; then one token, step by step. Needs no trained model."""
    tr = visit.tr
    st.markdown(
        tr("The chapter's program gives each of {tokens} tokens a vector of {size} random numbers, and a linear layer turns it into {classes} logits. Nothing has been trained: h means nothing here, and every class gets a sixth on average.").format(
            tokens=len(TOKENS), size=SIZE, classes=len(CLASSES)
        )
    )  # fmt: skip
    seed = st.number_input(tr("Seed of the random numbers"), 0, 9999, 0, key="chapter_seed", width=260)
    case = draw_case(int(seed))
    _draw_labels(visit, case)
    token = choice(st.selectbox, tr("Token"), dict(enumerate(TOKENS)), "chapter_token", default=1)
    layer = case.of(token)
    head = {"vectors": layer.vectors, "weight": layer.weight, "bias": layer.bias, "kind": layer.kind}
    about = {"names": list(CLASSES), "token": TOKENS[token], "between": "", "pooling": "", "scale": None, "truth": MEANT[token]}
    draw_arithmetic(visit, head | about, RATE)


def _draw_labels(visit: Visit, case: ChapterCase) -> None:
    """Draws the labels as printed beside those that are meant."""
    tr, printed, meant = visit.tr, case.losses(PRINTED), case.losses(MEANT)
    st.markdown("**" + tr("Why the order of the labels matters") + "**")
    st.markdown(
        tr("A label is a number, and the number is a place in the list {order}. The program prints {printed}, with a comment that reads them otherwise: 2 would be B-PER, for the word “A”. The tags that the text expects are {meant}. Both are valid to the program, which computes a loss from either: {printed_loss} and {meant_loss}. It cannot notice that the first teaches the wrong thing.").format(
            order=", ".join(f"{i} {name}" for i, name in enumerate(CLASSES)),
            printed=list(PRINTED), meant=list(MEANT),
            printed_loss=visit.number(printed.mean(), 4), meant_loss=visit.number(meant.mean(), 4),
        ).replace("[", r"\[")
    )  # fmt: skip
    table = pd.DataFrame(
        {
            tr("Token"): TOKENS,
            tr("Printed"): PRINTED,
            tr("that is"): [CLASSES[label] for label in PRINTED],
            tr("Loss, printed"): printed,
            tr("Meant"): MEANT,
            tr("these are"): [CLASSES[label] for label in MEANT],
            tr("Loss, meant"): meant,
        }
    )
    st.dataframe(table, hide_index=True, key="chapter_table", column_config=number_columns(table, DIGITS))
