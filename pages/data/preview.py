"""What the model will read: tokens of some examples, labels, lengths, truncation, the split."""

import streamlit as st

from mlmtune_core import charts
from mlmtune_core.config import BUNDLED, RunConfig
from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.report import Report
from mlmtune_core.errors import UserError
from mlmtune_core.names import split_names
from pages.components.token_row import token_row
from pages.shared.dataset import count_sub_words, preview, split_of
from pages.shared.figures import draw_figure
from pages.shared.terms import explained, hint
from pages.shared.visit import Visit, show_error

SHOWN = 5
LENGTHS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)


def draw_examples(visit: Visit, data: Prepared) -> None:
    """Draws five examples as tokens, labels and lengths as charts, and the split as a table."""
    tr, report = visit.tr, data.report
    st.subheader(tr("What the model will see"), anchor="tokens")
    length = int(st.session_state.get("max_length") or RunConfig.model_fields["max_length"].default)
    options = sorted({*LENGTHS, length})
    max_length = st.select_slider(
        tr("Maximum length (sub-words per input)"), options, value=length, key="shown_length", help=visit.help("max_length")
    )  # fmt: skip
    st.session_state["max_length"] = max_length
    try:
        lengths = count_sub_words(BUNDLED, report.fingerprint, report.examples)
        rows = report.examples.head(SHOWN).to_dict("records")
        shown = preview(BUNDLED, data.task, report.fingerprint, max_length, rows)
    except UserError as error:
        show_error(error)
        return
    _draw_cut(visit, data.task, lengths, max_length)
    with st.container(key="tokens"):
        for example, row in zip(shown, rows, strict=True):
            _draw_example(visit, example, row)
    left, right = st.columns(2, gap="large")
    if report.labels or data.task == "regression":
        with left:
            _draw_labels(visit, data.task, report)
    with right:
        _subtitle(tr("Length of the examples"))
        titles = tr("Sub-words, [CLS] and [SEP] included"), tr("Examples"), tr("maximum length")
        draw_figure(
            charts.plot_lengths(lengths, max_length, *titles, visit.separators),
            key="lengths",
            alt=tr("Histogram: how many examples have how many sub-words."),
            name="lengths",
        )
    _draw_split(visit, report)


def _draw_cut(visit: Visit, task: str, lengths: list[int], max_length: int) -> None:
    """Draws how many examples are longer than the maximum, and what happens to them."""
    tr = visit.tr
    longer = [length - max_length for length in lengths if length > max_length]
    says = tr("The tokenizer cuts words into sub-words (## continues a word), puts [CLS] in front and [SEP] at the end. These are the first five examples.")  # fmt: skip
    st.caption(explained(visit, says, "tokenizer", "sub_word", "cls", "sep"), unsafe_allow_html=True)
    if not longer:
        st.caption(tr("No example is longer than {limit} sub-words.").format(limit=max_length))
        return
    share = visit.percent(len(longer) / len(lengths), 1)
    windowed = {
        "token_classification": tr("{share} of the examples are longer ({count}): they are read in overlapping windows, and nothing is lost."),
        "masked_words": tr("{share} of the examples are longer ({count}): they are read in windows, one after the other, and nothing is lost."),
        "question_answering": tr("{share} of the examples are longer ({count}): the context is read in windows that share half of it. An answer longer than that half may be whole in no window."),
    }  # fmt: skip
    sentence = windowed.get(task) or tr("{share} of the examples are longer ({count}): their end is cut off, {lost} sub-words on average.")  # fmt: skip
    mean = visit.number(sum(longer) / len(longer))
    st.caption(sentence.format(share=share, count=visit.number(len(longer)), lost=mean))


def _draw_example(visit: Visit, example: dict, row: dict) -> None:
    """Draws one row of chips per input; long examples need several."""
    answer = row.get("label", row.get("score", ""))
    answer = visit.number(answer, 2) if isinstance(answer, float) else answer
    answer = ", ".join(answer) if not isinstance(answer, str) else answer
    for place, seen in enumerate(example["inputs"]):
        seen = seen | {"labels": [visit.tr("answer") if label == "answer" else label for label in seen["labels"]]}
        token_row(seen, answer, example["row"] if place == 0 else 0, visit.tr)
    hidden = example["windows"] - len(example["inputs"])
    if hidden > 0:
        st.caption(visit.tr("… and {count} more windows").format(count=hidden))


def _draw_labels(visit: Visit, task: str, report: Report) -> None:
    tr = visit.tr
    if task == "regression":
        _subtitle(tr("Scores of the examples"))
        figure = charts.plot_scores(
            report.examples["score"].tolist(), tr("Score (a number)"), tr("Examples"), visit.separators
        )
        alt = tr("Histogram: how many examples have which score.")
    else:
        titles = {"token_classification": tr("Words per tag"), "question_answering": tr("Questions with and without an answer")}  # fmt: skip
        _subtitle(titles.get(task, tr("Examples per label")))
        figure = charts.plot_label_counts(report.labels, tr("Count"), visit.separators)
        alt = tr("Bar chart: how often each label occurs.")
    draw_figure(figure, key="label_counts", alt=alt, name="labels")


def _draw_split(visit: Visit, report: Report) -> None:
    """Draws how many examples of each label are in each split."""
    tr = visit.tr
    seed = int(st.session_state.get("seed", RunConfig.model_fields["seed"].default))
    st.markdown("**" + tr("The split") + "**", help=hint(visit, "training_set", "validation_set", "test_set"))
    given = "split" in report.examples and (report.examples["split"] == "validation").any()
    drawn = tr("A part is kept aside to measure with and is never learnt from. Each label keeps its share, equal texts stay on one side, and the seed ({seed}) decides the rest.").format(seed=seed)  # fmt: skip
    says = tr("The data say themselves what is learnt from and what is measured with.") if given else drawn
    st.caption(explained(visit, says, "seed", "label"), unsafe_allow_html=True)
    kinds = {"answerable": tr("the context holds the answer"), "no answer": tr("the context does not")}
    counts = split_of(report, seed).rename(columns=split_names(tr), index=kinds | {"": tr("all texts")}).rename_axis(tr("Label or band"))
    st.dataframe(counts, key="split", width="content")


def _subtitle(text: str) -> None:
    st.markdown("**" + text + "**")
