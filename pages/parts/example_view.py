"""What the model will see: tokens of some examples, labels, lengths, the split."""

import streamlit as st

from mlmtune_core import charts
from mlmtune_core.config import BUNDLED, RunConfig
from mlmtune_core.data.checking import Report
from mlmtune_core.errors import UserError
from pages.parts.dataset import Dataset, preview, split_of
from pages.parts.names import split_names
from pages.parts.token_row import token_row
from pages.parts.visit import Visit, show_error


def draw_examples(visit: Visit, dataset: Dataset, report: Report) -> None:
    """Five examples as tokens, labels and lengths as charts, and the split as a table."""
    tr = visit.tr
    st.subheader(tr("What the model will see"))
    max_length = int(st.session_state.get("max_length", RunConfig.model_fields["max_length"].default))
    try:
        seen = preview(BUNDLED, dataset.task, report.fingerprint, max_length, report.examples)
    except UserError as error:
        show_error(error)
        return
    st.caption(
        tr(
            "The tokenizer cuts words into sub-words (## continues a word), puts [CLS] in front and [SEP] at the end. These are the first five examples."
        )
    )
    for example in seen["shown"]:
        token_row(example["tokens"], example["labels"], example.get("label", ""), example["row"], tr)
    left, right = st.columns(2, gap="large")
    with left:
        _subtitle(tr("Examples per label") if dataset.task == "sequence_classification" else tr("Words per tag"))
        st.plotly_chart(
            charts.plot_label_counts(report.labels, tr("Count"), visit.separators),
            key="label_counts",
            alt=tr("Bar chart: how often each label occurs."),
            config={"displaylogo": False},
        )
    with right:
        _subtitle(tr("Length of the examples"))
        st.plotly_chart(
            charts.plot_lengths(
                seen["lengths"],
                max_length,
                tr("Sub-words, [CLS] and [SEP] included"),
                tr("Examples"),
                tr("maximum length"),
                visit.separators,
            ),
            key="lengths",
            alt=tr("Histogram: how many examples have how many sub-words."),
            config={"displaylogo": False},
        )
    _draw_split(visit, report)


def _draw_split(visit: Visit, report: Report) -> None:
    """How many examples of each label stand on each side."""
    tr = visit.tr
    seed = int(st.session_state.get("seed", RunConfig.model_fields["seed"].default))
    _subtitle(tr("The split"))
    st.caption(
        tr(
            "A part is kept aside to measure with and is never learnt from. Each label keeps its share, equal texts stay on one side, and the seed ({seed}) decides the rest."
        ).format(seed=seed)
    )
    counts = split_of(report, seed).rename(columns=split_names(tr))
    st.dataframe(counts, key="split", width="content")


def _subtitle(text: str) -> None:
    st.markdown("**" + text + "**")
