"""Upload or choose, map columns, read the report, see tokens."""

import streamlit as st

from mlmtune_core import charts
from mlmtune_core.config import BUNDLED, RunConfig
from mlmtune_core.data.checking import Report
from mlmtune_core.data.columns import ROLES
from mlmtune_core.data.reading import read_table
from mlmtune_core.data_store import SAMPLES, keep_reading, keep_upload
from mlmtune_core.errors import DataError, UserError
from pages.parts.choice import choice
from pages.parts.dataset import Dataset, open_dataset, preview, split_of
from pages.parts.names import format_names, role_names, split_names, task_names
from pages.parts.token_row import token_row
from pages.parts.visit import Visit, go_to, literal, remember, remembered, show_error, this_visit

UPLOAD_ENDINGS = ["csv", "tsv", "txt", "jsonl", "ndjson", "conll", "bio", "iob"]


def draw(visit: Visit) -> None:
    """Upload first; then how it was read, the report, the split and what the model will see."""
    tr = visit.tr
    _draw_upload(visit)
    data_id = remembered("data")
    if not data_id:
        st.info(tr("Choose a file above, or take a sample from the first page. You will see here what was found in it."), icon=":material/arrow_upward:")
        return
    try:
        dataset = open_dataset(data_id)
    except UserError as error:
        show_error(error)
        return
    st.subheader(_title(visit, dataset))
    _draw_reading(visit, dataset)
    try:
        report = dataset.report()
    except UserError as error:
        show_error(error)
        st.dataframe(dataset.table.rows.head(20), key="raw_rows")
        return
    sound = _draw_report(visit, report)
    if sound and st.button(tr("Go on: train on these data"), key="to_train", type="primary", icon=":material/arrow_forward:"):
        go_to("train")
    if sound:
        _draw_examples(visit, dataset, report)


def _draw_upload(visit: Visit) -> None:
    tr = visit.tr
    with st.expander(tr("Upload a file"), expanded=not remembered("data"), icon=":material/upload_file:"):
        st.markdown(tr("**One label per text**: CSV, TSV or JSON Lines with a text and a label in each row.  \n"
                       "**One label per word**: CoNLL columns, a word and its tag on each line, an empty line between sentences."))
        upload = st.file_uploader(tr("File (up to 50 MB)"), type=UPLOAD_ENDINGS, key=f"upload_{st.session_state.get('uploads', 0)}")
        if upload is None:
            return
        try:
            raw = upload.getvalue()
            read_table(raw, upload.name)
        except DataError as error:
            show_error(error)
            return
        st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1
        remember("data", keep_upload(upload.name, raw))
        st.rerun()


def _title(visit: Visit, dataset: Dataset) -> str:
    tr = visit.tr
    return literal(dataset.table.name) if dataset.id not in SAMPLES else tr("Sample") + ": " + tr(SAMPLES[dataset.id].topic)


def _subtitle(text: str) -> None:
    st.markdown("**" + text + "**")


def _draw_reading(visit: Visit, dataset: Dataset) -> None:
    """How the file was read, and the columns, which can be changed (a sample's are known)."""
    tr, form = visit.tr, dataset.table.format
    st.caption(format_names(tr, form))
    if dataset.id in SAMPLES:
        return
    task = choice(st.radio, tr("Task"), task_names(tr), f"task_{dataset.id}", default=dataset.task, horizontal=True)
    if task != dataset.task:
        keep_reading(dataset.id, {"task": task})
        st.rerun()
    chosen = {}
    names = role_names(tr)
    for column, role in zip(st.columns(len(ROLES[task]) + 1), ROLES[task], strict=False):
        with column:
            options = ({} if role in dataset.columns else {"": "–"}) | {name: name for name in dataset.table.columns}
            chosen[role] = choice(st.selectbox, names[role], options, f"column_{dataset.id}_{task}_{role}", default=dataset.columns.get(role))
    chosen = {role: column for role, column in chosen.items() if column}
    header = dataset.header
    if form.kind == "table":
        header = st.toggle(tr("The first row holds column names"), value=form.header, key=f"header_{dataset.id}")
    if chosen != dataset.columns or header != dataset.header:
        keep_reading(dataset.id, {"task": task, "columns": chosen if header == dataset.header else {}, "header": header})
        st.rerun()


def _draw_report(visit: Visit, report: Report) -> bool:
    """Counts and problems; True where training may start."""
    tr = visit.tr
    with st.container(horizontal=True):
        st.metric(tr("Rows in the file"), visit.number(report.rows_read), border=True, width="content")
        st.metric(tr("Examples that can be used"), visit.number(report.rows_kept), border=True, width="content")
        st.metric(tr("Labels"), visit.number(len(report.labels)), border=True, width="content")
    for problem in report.problems:
        show = st.error if problem.severity == "error" else st.warning
        show(problem.say(tr).replace("$", r"\$"), icon=":material/error:" if problem.severity == "error" else ":material/warning:")
        with st.expander(tr("Rows at fault: {rows}").format(rows=", ".join(map(str, problem.rows[:12])) + (" …" if problem.count > 12 else ""))):
            at_fault = report.all_rows()[lambda frame: frame["row"].isin(problem.rows)]
            st.dataframe(at_fault, hide_index=True, key=f"rows_{problem.kind}")
            st.download_button(tr("Download these rows"), at_fault.to_csv(index=False).encode("utf-8-sig"), f"{problem.kind}.csv", "text/csv", key=f"download_{problem.kind}")
    return not report.errors


def _draw_examples(visit: Visit, dataset: Dataset, report: Report) -> None:
    tr = visit.tr
    st.subheader(tr("What the model will see"))
    max_length = int(st.session_state.get("max_length", RunConfig.model_fields["max_length"].default))
    try:
        seen = preview(BUNDLED, dataset.task, report.fingerprint, max_length, report.examples)
    except UserError as error:
        show_error(error)
        return
    st.caption(tr("The tokenizer cuts words into sub-words (## continues a word), puts [CLS] in front and [SEP] at the end. These are the first five examples."))
    for example in seen["shown"]:
        token_row(example["tokens"], example["labels"], example.get("label", ""), example["row"], tr)
    left, right = st.columns(2, gap="large")
    with left:
        _subtitle(tr("Examples per label") if dataset.task == "sequence_classification" else tr("Words per tag"))
        st.plotly_chart(charts.plot_label_counts(report.labels, tr("Count"), visit.separators), key="label_counts",
                        alt=tr("Bar chart: how often each label occurs."), config={"displaylogo": False})
    with right:
        _subtitle(tr("Length of the examples"))
        st.plotly_chart(charts.plot_lengths(seen["lengths"], max_length, tr("Sub-words, [CLS] and [SEP] included"), tr("Examples"),
                                            tr("maximum length"), visit.separators), key="lengths",
                        alt=tr("Histogram: how many examples have how many sub-words."), config={"displaylogo": False})
    _draw_split(visit, report)


def _draw_split(visit: Visit, report: Report) -> None:
    """How many examples of each label stand on each side."""
    tr = visit.tr
    seed = int(st.session_state.get("seed", RunConfig.model_fields["seed"].default))
    _subtitle(tr("The split"))
    st.caption(tr("A part is kept aside to measure with and is never learnt from. Each label keeps its share, equal texts stay on one side, and the seed ({seed}) decides the rest.").format(seed=seed))
    counts = split_of(report, seed).rename(columns=split_names(tr))
    st.dataframe(counts, key="split", width="content")


draw(this_visit())
