"""How a file is read and which column is what: guessed, shown, and open to correction."""

import streamlit as st

from mlmtune_core.data.columns import ROLES, optional_roles
from mlmtune_core.data.preparation import MAX_EXAMPLES, Prepared
from mlmtune_core.data.readers.table import ENCODINGS, Format
from mlmtune_core.data.uploads import load_reading, save_reading
from mlmtune_core.language import Translate
from mlmtune_core.names import column_name, role_names, task_names
from pages.shared.choice import choice
from pages.shared.visit import Visit

LIMITS = (200, 500, 1000, 2000, 5000, 10_000, MAX_EXAMPLES)


def ask_reading(visit: Visit, data_id: str, data: Prepared) -> None:
    """Draws task, columns and format; saves what is changed, and redraws the page."""
    tr, reading = visit.tr, load_reading(data_id)
    wanted = dict(reading)
    left, *others = st.columns(len(ROLES[data.task]) + 1)
    with left:
        task = choice(st.selectbox, tr("Task"), task_names(tr), f"task_{data_id}", default=data.task)
    if task != data.task:
        save_reading(data_id, {name: value for name, value in reading.items() if name != "columns"} | {"task": task}, visit.person)
        st.rerun()
    if task == data.guessed_task and data.why:
        left.caption(tr("Guessed: {why}.").format(why=tr(data.why)))
    names, chosen = role_names(tr), {}
    for place, role in zip(others, ROLES[task], strict=True):
        with place:
            chosen[role] = _ask_column(visit, data_id, data, role, names[role])
    st.caption(format_names(tr, data.format))
    with st.expander(tr("Read it another way, or take a part"), icon=":material/settings_suggest:"):
        wanted |= _ask_format(visit, data_id, data, reading)
        title = tr("Column that says train, validation or test")
        chosen["split"] = _ask_column(visit, data_id, data, "split", title)
    wanted["columns"] = {role: column for role, column in chosen.items() if column != data.guessed.get(role, "")}
    wanted = {name: value for name, value in wanted.items() if value not in (None, {})}
    if wanted != reading:
        save_reading(data_id, wanted, visit.person)
        st.rerun()


def _ask_column(visit: Visit, data_id: str, data: Prepared, role: str, title: str) -> str:
    columns = {name: column_name(visit.tr, name) for name in data.head.columns}
    none = {"": "–"} if role in optional_roles(data.task) or role not in data.columns else {}
    key = f"column_{data_id}_{data.task}_{role}"
    return choice(st.selectbox, title, none | columns, key, default=data.columns.get(role) or "")


def _ask_format(visit: Visit, data_id: str, data: Prepared, reading: dict[str, object]) -> dict[str, object]:
    """Asks for encoding, delimiter, quotes, header, split column, several labels, how many examples; None if nothing is told."""
    tr, form = visit.tr, data.format
    told: dict[str, object] = {}
    columns = st.columns(3)
    found = {"": tr("found by looking")}
    yes_no = found | {"yes": tr("yes"), "no": tr("no")}
    with columns[0]:
        if form.encoding:
            told["encoding"] = _ask(tr("Encoding"), found | ENCODINGS, f"encoding_{data_id}", reading)
        if form.kind == "table":
            told["delimiter"] = _ask(tr("Delimiter"), found | delimiter_names(tr), f"delimiter_{data_id}", reading)
    with columns[1]:
        if form.kind == "table":
            told["quoted"] = _ask_flag(tr("Quotes enclose cells"), yes_no, f"quoted_{data_id}", reading)
        if form.kind in ("table", "excel"):
            told["header"] = _ask_flag(tr("The first row holds column names"), yes_no, f"header_{data_id}", reading)
    with columns[2]:
        if data.task == "sequence_classification":
            title = tr("A row may have several labels (a|b)")
            told["several"] = _ask_flag(title, yes_no, f"several_{data_id}", reading)
        limits = {limit: visit.number(limit) for limit in LIMITS if limit < data.example_count} | {0: tr("all, at most {limit}").format(limit=visit.number(MAX_EXAMPLES))}  # fmt: skip
        title = tr("Examples to take")
        told["limit"] = choice(st.selectbox, title, limits, f"limit_{data_id}", default=reading.get("limit") or 0) or None  # fmt: skip
    return told


def _ask(title: str, names: dict[str, str], key: str, reading: dict[str, object]) -> str | None:
    return choice(st.selectbox, title, names, key, default=reading.get(key.partition("_")[0]) or "") or None


def _ask_flag(title: str, names: dict[str, str], key: str, reading: dict[str, object]) -> bool | None:
    known = {None: "", True: "yes", False: "no"}[reading.get(key.partition("_")[0])]
    return {"": None, "yes": True, "no": False}[choice(st.selectbox, title, names, key, default=known)]


def delimiter_names(tr: Translate) -> dict[str, str]:
    """Returns delimiter -> its name."""
    return {"\t": tr("tab"), ",": tr("comma"), ";": tr("semicolon"), "|": tr("bar")}


def format_names(tr: Translate, form: Format) -> str:
    """Returns one line on how a file was read."""
    if form.kind == "table":
        quotes = tr("quotes enclose cells") if form.quoted else tr("quotes are plain signs")
        return tr("Read as a table, {encoding}; delimiter: {delimiter}; {quotes}.").format(
            encoding=form.encoding, delimiter=delimiter_names(tr).get(form.delimiter, tr("none")), quotes=quotes
        )
    sentences = {
        "jsonl": tr("Read as JSON Lines, {encoding}."),
        "json": tr("Read as JSON, {encoding}."),
        "squad": tr("Read as SQuAD JSON, {encoding}: articles, paragraphs, questions, answers with their position."),
        "conll": tr("Read as CoNLL columns, {encoding}: one word a line, an empty line ends a sentence."),
        "conllu": tr("Read as CoNLL-U, {encoding}."),
        "excel": tr("Read as an Excel workbook: its first sheet."),
        "parquet": tr("Read as Parquet."),
    }
    remark = tr(form.remark[0]).format(**form.remark[1]) if form.remark else ""
    return f"{sentences[form.kind].format(encoding=form.encoding)} {remark}".strip()
