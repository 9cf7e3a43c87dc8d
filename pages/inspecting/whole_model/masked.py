"""Masked words: predictions for [MASK] before and after training, or the offer to train such a head."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mlmtune_core.data.report import find_fingerprint
from mlmtune_core.models.masking import mask_word
from mlmtune_core.names import state_names
from mlmtune_core.runs.owned_runs import find_head_run, plan_head, start_run, to_plain_texts
from mlmtune_core.runs.run import ENDED, Run
from mlmtune_core.workers import engine
from pages.components.token_row import token_row
from pages.settings.estimate import draw_cost, find_cost
from pages.shared.asking import ask_slowly
from pages.shared.choice import choice
from pages.shared.visit import Visit, literal
from pages.watch.curves import draw_curves

BAR = 150


def draw_candidates(visit: Visit, candidates: list[dict[str, Any]], number: int, places: int) -> None:
    """Draws one row per candidate, the most probable after training first; requested ones have a mark. Bars of both sides share one scale."""
    tr = visit.tr
    if places > 1:
        st.markdown("**" + tr("Place {number}").format(number=number) + "**")
    rows = []
    for each in candidates:
        before, after = each["before"], each["after"]
        rows.append(
            {
                tr("Candidate"): ("★ " if each["asked"] else "") + each["token"],
                tr("Before"): before["probability"],
                tr("After"): after["probability"],
                tr("Change (percentage points)"): _signed(visit, 100 * (after["probability"] - before["probability"])),
                tr("Rank before"): before["rank"],
                tr("Rank after"): after["rank"],
                tr("Logit before"): round(before["logit"], 3),
                tr("Logit after"): round(after["logit"], 3),
            }
        )
    largest = max(each[side]["probability"] for each in candidates for side in ("before", "after"))
    shares = {name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=largest, width=BAR) for name in (tr("Before"), tr("After"))}
    logits = {name: st.column_config.NumberColumn(name, format="localized", step=0.001) for name in (tr("Logit before"), tr("Logit after"))}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=shares | logits, height="content", key=f"candidates_{number}")


def _signed(visit: Visit, points: float) -> str:
    """Returns a direction that is visible without colour."""
    if abs(points) < 0.005:
        return f"= {visit.number(0, 2)}"
    return f"{'▲' if points > 0 else '▼'} {visit.number(points, 2, signed=True)}"


MASK = "[MASK]"
SHOWN = (5, 10, 20)
LOOK_SECONDS = 2
FEWEST_TEXTS = 4


def draw_masked(visit: Visit, run: Run) -> None:
    """Draws the sentence and its candidates, if there is a head; else how to get one."""
    tr = visit.tr
    st.markdown(tr("BERT was pre-trained by guessing words that were masked. Asked again after training, it shows what became of that: which words it expects now where it expected others."))
    own = ask_slowly(visit, run, "mlmtune_core.inspecting.masked_words:has_head")
    if own is None:
        return
    head = None if own else find_head_run(run, visit.person)
    if not own and head is None:
        _offer_head(visit, run)
    elif head is not None and not _can_be_asked(head):
        _follow(visit, head)
    else:
        _ask(visit, run, head)


def _ask(visit: Visit, run: Run, head: Run | None) -> None:
    tr = visit.tr
    examples = {"en": "The capital of France is [MASK].", "pt-BR": "A capital do Brasil é [MASK]."}
    ready = examples[visit.language]
    with st.container(horizontal=True):
        st.button(tr("A ready sentence: {sentence}").format(sentence=literal(ready)), key="masked_ready", icon=":material/menu_book:", type="tertiary", on_click=_write, args=(ready,))
        st.button(tr("Mask a word of a validation example"), key="masked_example", icon=":material/casino:", type="tertiary", on_click=_mask_example, args=(run,))
    left, middle, right = st.columns([6, 3, 1], vertical_alignment="bottom")
    hint = tr("Write a sentence with {mask} in it and press Enter").format(mask=MASK)
    sentence = left.text_input(tr("Sentence"), key="masked_sentence", placeholder=hint, persist_state="session")
    typed = middle.text_input(tr("Words to compare, with commas between them"), key="masked_words", persist_state="session")
    with right:
        top = choice(st.selectbox, tr("How many"), {count: visit.number(count) for count in SHOWN}, "masked_top", default=10)
    if not sentence.strip():
        return
    words = tuple(dict.fromkeys(word.strip() for word in typed.split(",") if word.strip()))
    found = ask_slowly(visit, run, "mlmtune_core.inspecting.masked_words:fill", head.id if head else "", sentence, words, top)
    if found is not None:
        _draw_found(visit, run, head, found)


def _draw_found(visit: Visit, run: Run, head: Run | None, found: dict[str, Any]) -> None:
    tr, config = visit.tr, run.config()
    places = {each["place"]: i for i, each in enumerate(found["places"], start=1)}
    labels = [str(places.get(i, "")) for i in range(len(found["tokens"]))]
    token_row({"tokens": found["tokens"], "labels": labels}, "", 0, tr)
    for word, pieces in found["unknown"].items():
        sentence = tr("“{word}” is no single word of this checkpoint's vocabulary (it is read as {pieces}): it cannot be compared.")
        st.warning(literal(sentence.format(word=word, pieces=" ".join(pieces))))
    if config.strategy == "head_only" and config.task != "masked_words":
        st.info(tr("Only the head of the task learnt in this run. The encoder is what it was, and so is every guess: before and after are equal."), icon=":material/ac_unit:")
    for number, each in enumerate(found["places"], start=1):
        draw_candidates(visit, each["candidates"], number, len(places))
    st.caption(
        tr("Before: the model that this run began with. After: the best model of this run. The probability is the softmax over the whole vocabulary; logits of two models are on no common scale, probabilities are.")
    )
    if head is not None:
        st.caption(tr("The checkpoint has no head for masked words. This one was trained on texts with the encoder frozen; before and after are read by the same head."))
        with st.expander(tr("How this head learnt"), icon=":material/show_chart:"):
            draw_curves(visit, head)


def _write(sentence: str) -> None:
    st.session_state["masked_sentence"] = sentence


def _mask_example(run: Run) -> None:
    """Masks another word of another example at every click."""
    texts = to_plain_texts(run.data()).query("split == 'validation'")["text"]
    clicks = st.session_state["masked_clicks"] = st.session_state.get("masked_clicks", 0) + 1
    rng = np.random.default_rng(clicks)
    _write(mask_word(texts.iloc[int(rng.integers(len(texts)))], MASK, rng))


def _can_be_asked(head: Run) -> bool:
    return head.state() in (*ENDED, "interrupted", "paused") and head.weights_file.is_file()


def _offer_head(visit: Visit, run: Run) -> None:
    """Draws what is missing, what it would cost, and the button."""
    tr = visit.tr
    st.info(tr("The checkpoint of this run has no head that guesses masked words: its weights hold none."), icon=":material/info:")
    st.markdown(
        tr("One can be trained on the texts of this run, with the encoder **frozen**: 15 % of the sub-words are masked, and a head as BERT's (dense, gelu, LayerNorm, the table of word embeddings, a bias) learns to guess them. What it reaches beyond the frequency of words is what the encoder still knows of words.")
    )
    texts, config = to_plain_texts(run.data()), plan_head(run.config())
    fingerprint = find_fingerprint(texts)
    draw_cost(visit, config, texts, fingerprint)
    title = tr("Train such a head on the {count} texts of this run").format(count=visit.number(len(texts)))
    enough = len(texts) >= FEWEST_TEXTS and texts["split"].nunique() > 1
    if not enough:
        st.caption(tr("There are too few texts in this run to learn from some and measure with others."))
    if st.button(title, key="masked_train", type="primary", icon=":material/play_arrow:", disabled=not enough):
        data = run.about()["data"]
        about = {**data, "fingerprint": fingerprint, "columns": {}}
        start_run(visit.person, engine.current().queue, config, texts, about, find_cost(config, texts, fingerprint))
        st.rerun(scope="app")


def _follow(visit: Visit, head: Run) -> None:
    """Draws the curves of the head while it trains, and redraws the page once it is ready."""
    st.markdown("**" + visit.tr("A head for masked words learns") + "**")
    st.fragment(_draw_state, run_every=LOOK_SECONDS)(visit, head)
    draw_curves(visit, head)
    st.caption(visit.tr("It goes on when you leave this page. The grey line is what the frequency of words alone would reach (unigrams)."))


def _draw_state(visit: Visit, head: Run) -> None:
    tr = visit.tr
    if _can_be_asked(head):
        st.rerun(scope="app")
    st.caption(tr("State: {state}").format(state=state_names(tr)[head.state()]))
    st.page_link(st.session_state["pages"]["watch"], label=tr("Open its own page"), icon=":material/open_in_new:", query_params={"run": head.id, "lang": visit.language})
