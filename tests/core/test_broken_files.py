"""Whatever the file, the answer is a table with a report, or a sentence: never a traceback, never a long wait."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmtune_core.data import checking, columns, preparation
from mlmtune_core.data.readers.table import read_table
from mlmtune_core.data.uploads import save_reading, save_upload
from mlmtune_core.errors import DataError
from mlmtune_core.language import translator
from tests.core.broken_files import mutated, nasty

NASTY = nasty()
MUTATED = mutated(140)


def look(raw: bytes, name: str, task: str | None = None) -> str:
    """The sentence, or how many examples there are."""
    try:
        rows = read_table(raw, name).rows
        task = task or columns.guess_task(rows)[0]
        report = checking.check(rows, task, columns.choose_columns(rows, task, {}))
        checking.require_no_errors(report)
    except DataError as error:
        for language in ("en", "pt-BR"):
            assert len(error.translate(translator(language))) > 20
        return str(error)
    assert report.fingerprint and report.rows_kept + len(report.dropped) == report.rows_read
    return f"{report.rows_kept} examples"


def test_there_are_more_than_200_of_them():
    assert len(NASTY) + len(MUTATED) >= 220


@pytest.mark.thorough
@pytest.mark.parametrize(("name", "raw"), NASTY, ids=[name[:40] for name, _ in NASTY])
def test_a_nasty_file_ends_in_a_sentence_or_a_report(name, raw):
    began = time.monotonic()
    for task in (None, "sequence_classification", "token_classification", "question_answering", "regression"):
        look(raw, name, task)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("name", "raw"), MUTATED, ids=[name for name, _ in MUTATED])
def test_a_broken_file_ends_in_a_sentence_or_a_report(name, raw):
    look(raw, name)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.json", "a.jsonl", "a.conll", "a.conllu", "a.xlsx", "a.parquet", "a"]))  # fmt: skip
def test_any_bytes_end_in_a_sentence_or_a_report(raw, name):
    look(raw, name)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(list('ab ,;\t|"\n\r[]{}:O-B1.')), max_size=200), st.sampled_from(["a.csv", "a.txt", "a.json", "a.conll"]))  # fmt: skip
def test_any_text_ends_in_a_sentence_or_a_report(text, name):
    look(text.encode(), name)


def find(name):
    return next(raw for other, raw in NASTY if other == name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("bomb.xlsx", "unpacks to more than"),
        ("bomb.parquet", "unpacks to more than"),
        ("many_columns.csv", "10000 columns; at most 500"),
        ("cut.json", "this is not JSON"),
        ("squad_without_context.json", "looks like SQuAD"),
        ("label_is_text.csv", "different labels"),
        ("old.xls", "Excel 97"),
        ("image.csv", "no text file"),
        ("all_missing.csv", "At least 4"),
    ],
)
def test_the_sentence_says_what_is_wrong(name, sentence):
    assert sentence in look(find(name), name)


@pytest.mark.parametrize("name", ["nul.csv", "lone_quote.csv", "mixed_encodings.csv", "formulas.csv", "script.tsv", "right_to_left.tsv", "emoji.tsv", "carriage_returns.csv", "utf16_cut.csv"])  # fmt: skip
def test_what_can_be_read_is_read_whole(name):
    rows = {"nul.csv": 30, "lone_quote.csv": 30, "mixed_encodings.csv": 11, "formulas.csv": 18, "carriage_returns.csv": 30}  # fmt: skip
    table = read_table(find(name), name)
    assert len(table.rows) == rows.get(name, 12)


def test_downloads_of_rows_at_fault_run_no_formula():
    raw = b"text,label\n" + b'"=HYPERLINK(""http://evil"")",\n@SUM(1),\n' + b"a,x\nb,y\nc,x\nd,y\n"
    data_id = save_upload("formulas.csv", raw)
    csv = preparation.write_affected_rows(data_id, "missing_label").decode("utf-8-sig")
    assert "'=HYPERLINK" in csv and "'@SUM" in csv


def test_reading_that_was_told_wrongly_is_a_sentence_too():
    data_id = save_upload("a.csv", b'text,label\n"a" b,x\nc,y\nd,x\ne,y\n')
    save_reading(data_id, {"quoted": True})
    with pytest.raises(DataError, match="Quotes cannot enclose cells"):
        preparation.prepare(data_id)
