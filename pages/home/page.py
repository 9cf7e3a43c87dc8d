"""The first page: begin with a sample, own data, or a lesson."""

import streamlit as st

from mlmtune_core.data.uploads import PACKAGE_SAMPLES, SAMPLES
from mlmtune_core.language import LANGUAGES
from pages.shared.choice import choice
from pages.shared.terms import explained
from pages.shared.visit import Visit, go_to, this_visit
from pages.shell.tour import is_first, offer_again


def draw(visit: Visit) -> None:
    """Draws one sentence and three ways to begin."""
    tr = visit.tr
    sentence = tr(
        "Give a pre-trained BERT a few hundred labelled sentences, choose which of its weights may learn, watch the curves "
        "while it learns, and then open it: every probability and every logit can be read."
    )
    st.markdown(explained(visit, sentence, "weight", "probability", "logit"), unsafe_allow_html=True)
    left, right = st.columns(2, gap="large")
    with left, st.container(border=True, height="stretch"):
        _draw_sample_door(visit)
    with right, st.container(border=True):
        _draw_lesson_door(visit)
    with right, st.container(border=True):
        st.subheader(tr("My own data"))
        st.markdown(
            tr(
                "Labelled texts, pairs, scores, words with tags, or questions: CSV, Excel, JSON, Parquet, CoNLL, SQuAD. The task is guessed from the file."
            )
        )
        st.caption(tr("The file stays on this server. Nothing is sent anywhere else."))
        if st.button(tr("Bring my file"), key="own_data", icon=":material/upload_file:", width="stretch"):
            go_to("data", data="")
    st.caption(tr("You cannot break anything here: every run is a copy, and the pre-trained model stays as it is."))
    if not is_first(visit):  # first-time visitors find it above
        offer_again(visit, "tour_again")


def _draw_lesson_door(visit: Visit) -> None:
    tr = visit.tr
    st.subheader(tr("A lesson"))
    st.markdown(tr("The chapter's statements, as experiments: predict, watch real runs, read the verdict. Ten minutes each."))
    if st.button(tr("Choose a lesson"), key="open_lessons", icon=":material/science:", width="stretch"):
        go_to("lessons", lesson="")


def _draw_sample_door(visit: Visit) -> None:
    tr = visit.tr
    st.subheader(tr("Try it with a sample"))
    st.markdown(
        tr("A few hundred sentences written for this app. From here to a trained model it takes about a minute.")
    )
    shelf = {**SAMPLES, **PACKAGE_SAMPLES}
    topics = {sample.id.split("-", 1)[1].removesuffix("-en").removesuffix("-pt"): tr(sample.topic) for sample in shelf.values()}  # fmt: skip
    columns = st.columns([3, 2])
    with columns[0]:
        topic = choice(st.radio, tr("What should the model learn?"), topics, "sample_topic")
    with columns[1]:
        language = choice(
            st.radio,
            tr("Language of the sentences"),
            {"en": LANGUAGES["en"], "pt": LANGUAGES["pt-BR"]},
            "sample_language",
            default="en",
            help=tr("The bundled model was pre-trained on English."),
        )
    if language == "pt" and topic == "sentiment":
        st.caption(
            tr(
                "The bundled model reads English: on Portuguese opinions it stays close to guessing. That is worth seeing once; a Portuguese checkpoint does better."
            )
        )
    if st.button(
        tr("Open the sample"), key="open_sample", type="primary", icon=":material/play_arrow:", width="stretch"
    ):
        wanted = f"sample-{topic}-{language}"
        go_to("data", data=wanted if wanted in SAMPLES else f"shelf-{topic}")


draw(this_visit())
