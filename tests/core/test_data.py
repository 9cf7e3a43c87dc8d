"""Files as people have them: read whole, checked, split."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmtune_core.data import checking, columns
from mlmtune_core.data.readers.table import MAX_BYTES, ReadOptions, read_table
from mlmtune_core.data.splitting import assign_splits, rarest_tags
from mlmtune_core.errors import DataError

CELL = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(
    lambda cell: cell.strip() == cell and cell
)


def read(text, name="data.csv", **more):
    return read_table(text.encode() if isinstance(text, str) else text, name, ReadOptions(**more))


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(CELL, st.sampled_from(["yes", "no"])), min_size=3, max_size=20),
    st.sampled_from([",", ";", "\t"]),
)
def test_what_csv_writes_is_read_back(rows, delimiter):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [("text", "label"), *rows]
    )
    table = read(out.getvalue())
    assert table.columns == ["text", "label"]
    assert [tuple(row) for row in table.rows.itertuples(index=False)] == [
        (text.replace("\ufeff", ""), label) for text, label in rows
    ]


def test_loose_quotes_lose_no_row():
    lines = [f'He said "hello {i} and left\t{i % 2}' if i % 3 else f'"Quoted" start {i}\t{i % 2}' for i in range(60)]
    table = read("\n".join(lines) + "\n", "reviews.txt")
    assert (
        len(table.rows) == 60 and not table.format.quoted and not table.format.header and table.format.delimiter == "\t"
    )


def test_quotes_that_would_swallow_whole_rows_are_plain_signs():
    table = read('"so bad\t0\nnot so good"\t1\n' + "fine\t1\n" * 6, "x.tsv")
    assert list(table.rows["column 1"])[:2] == ['"so bad', 'not so good"'] and not table.format.quoted


def test_quoted_cells_may_hold_delimiters_quotes_and_line_breaks():
    table = read('text,label\n"one, two",a\n"she said ""no""",b\n"two\nlines",a\n')
    assert list(table.rows["text"]) == ["one, two", 'she said "no"', "two\nlines"]
    assert list(table.rows.index) == [2, 3, 4]


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("text;label\nçãé;a\nõ;b\n".encode("cp1252"), "Windows-1252"),
        ("text;label\nçãé;a\nõ;b\n".encode("utf-16"), "UTF-16"),
        ("\ufefftext;label\nçãé;a\nõ;b\n".encode(), "UTF-8"),
    ],
)
def test_encodings_and_byte_order_marks(raw, encoding):
    table = read(raw)
    assert (
        table.format.encoding == encoding and table.columns == ["text", "label"] and table.rows["text"].iloc[0] == "çãé"
    )


def test_unusual_line_separators_stay_inside_texts():
    table = read("good\x85film\u2028here\t1\nbad\x0bfilm\t0\n" * 10, "x.tsv")
    assert len(table.rows) == 20 and table.rows.iloc[0, 0] == "good\x85film\u2028here"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("text,label\na b,x\nc d,y\n", True),
        ("a b c,x\nd e f,y\ng h,x\n" * 6, False),
        (" Texto ,Rótulo\na,1\nb,0\n", True),
        ("frase;nota\numa;1\nduas;2\n", True),
        ("uma boa;1\nduas ruins;2\n", False),
    ],
)
def test_the_header_is_found(text, header):
    assert read(text).format.header is header
    assert read(text, header=not header).format.header is not header


def test_conll_breaks_at_blank_tab_and_byte_order_mark_lines():
    text = "\ufeffAnna\tB-PER\nmet\tO\n\t\nBob\tB-PER\n\ufeff\nRome\tB-LOC\n   \n-DOCSTART-\tO\n\nHe\tO\n"
    table = read(text, "x.txt")
    assert table.format.kind == "conll"
    assert list(table.rows["column 1"]) == [["Anna", "met"], ["Bob"], ["Rome"], ["He"]] and list(table.rows.index) == [
        1,
        4,
        6,
        10,
    ]


def test_conll_with_four_columns_takes_first_and_last():
    table = read("Anna NNP B-NP B-PER\nmet VBD B-VP O\n\nBob NNP B-NP B-PER\n", "x.conll")
    assert columns.choose_columns(table.rows, "token_classification", {}) == {"words": "column 1", "tags": "column 4"}


def test_json_lines_of_words_and_tags():
    table = read('{"tokens": ["Anna", "met"], "ner_tags": ["B-PER", "O"], "id": 1}\n' * 4, "x.jsonl")
    assert columns.guess_task(table.rows)[0] == "token_classification"
    assert columns.choose_columns(table.rows, "token_classification", {}) == {"words": "tokens", "tags": "ner_tags"}


@pytest.mark.parametrize(
    ("raw", "name", "sentence"),
    [
        (b"", "a.csv", "is empty"),
        (b"\xef\xbb\xbf \n\n", "a.csv", "is empty"),
        (b"text,label\n", "a.csv", "no rows"),
        (b"PK\x03\x04abc", "a.bin", "Excel workbook"),
        (b"\x89PNG\0\0\0", "a.csv", "no text file"),
        (b'{"a": 1}\nnot json\n', "a.jsonl", "line 2"),
        (b"[1]\n", "a.jsonl", "expected an object"),
        (b"text,label\na,b\nc,d,e\n", "a.csv", "line 3: expected 2 columns, found 3"),
        (b"lonely\nwords\n", "a.conll", "found one column"),
        (b"x", "a.xlsx", "Excel"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_to_do(raw, name, sentence):
    with pytest.raises(DataError, match=sentence):
        read(raw, name)


def test_a_file_that_is_too_large():
    with pytest.raises(DataError, match="at most 200 MB"):
        read(b"x" * (MAX_BYTES + 1))


def test_a_wrong_column_names_the_nearest_first():
    rows = read("id,sentence,category\n1,a b c,x\n2,d e f,y\n").rows
    with pytest.raises(DataError, match="“sentense”.*nearest first: sentence"):
        columns.choose_columns(rows, "sequence_classification", {"text": "sentense"})
    assert columns.choose_columns(rows, "sequence_classification", {"text": None, "label": " category "}) == {
        "text": "sentence",
        "label": "category",
    }


def report(text, name="x.csv", task="sequence_classification"):
    rows = read(text, name).rows
    return checking.check(rows, task, columns.choose_columns(rows, task, {}))


def test_nothing_is_dropped_silently():
    found = report("text,label\na,x\n,y\nb,\nc,y\na,x\na,y\nd,x\n")
    assert found.rows_read == 7 and found.rows_kept == 5 and len(found.dropped) == 2 and not found.errors
    assert {problem.kind: problem.rows for problem in found.problems} == {
        "empty_text": (3,),
        "missing_label": (4,),
        "duplicate_text": (6, 7),
        "contradiction": (2, 6, 7),
    }
    assert list(found.affected_rows(found.problems[0])["row"]) == list(found.problems[0].rows)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("text,label\na,x\nb,x\nc,x\nd,x\n", "one_class"),
        ("text,label\na,x\nb,y\n", "too_few_rows"),
        ("text,label\n" + "".join(f"t{i},l{i}\n" for i in range(101)), "too_many_labels"),
    ],
)
def test_errors_block(text, kind):
    found = report(text)
    assert [problem.kind for problem in found.errors] == [kind]
    with pytest.raises(DataError):
        checking.require_no_errors(found)


def test_a_class_with_one_row_is_a_warning_and_stays_in_training():
    found = report("text,label\na,x\nb,x\nc,x\nd,x\ne,y\n")
    assert [(p.kind, p.severity, p.rows) for p in found.problems] == [("single_row_class", "warning", (6,))]
    assert assign_splits(list(found.examples["label"]), list(found.examples["text"]), 0.4, 0)[4] == "train"


def test_tags_are_checked():
    found = report("A O\nB I-X\n\nC B-X\nD I-X\n\nE B-X\nF I-Y\n\nG O\n", "x.conll", "token_classification")
    assert [(p.kind, p.rows) for p in found.problems] == [("illegal_transition", (1, 7))]
    found = report("A O\nB O\n\nC B-X\nD\n\nE O\n\nF O\n\nG O\n", "x.conll", "token_classification")
    assert (
        found.errors[0].translate(lambda text: text)
        == "Row 4: 2 words but 1 tags (rows like this: 1). Give one tag per word."
    )


def test_the_fingerprint_is_that_of_the_examples():
    one, same, other = (
        report(text)
        for text in (
            "text,label\na,x\nb,y\nc,x\nd,y\n",
            "label;text\nx;a\ny;b\nx;c\ny;d\n",
            "text,label\na,x\nb,y\nc,x\nd,x\n",
        )
    )
    assert one.fingerprint == same.fingerprint != other.fingerprint


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=2, max_size=60),
    st.floats(0.05, 0.6),
    st.integers(0, 9),
)
def test_splits_are_seeded_stratified_and_grouped(rows, share, seed):
    labels = [{0: "x", 1: "y", 2: "z"}[group % 3] for _, group in rows]
    groups = [group for _, group in rows]
    sides = assign_splits(labels, groups, share, seed)
    assert sides == assign_splits(labels, groups, share, seed) and "train" in sides and "validation" in sides
    if len(set(groups)) > len(set(labels)):
        frame = pd.DataFrame({"label": labels, "group": groups, "side": sides})
        assert (frame.groupby("group")["side"].nunique() == 1).all()
        for _, part in frame.drop_duplicates("group").groupby("label"):
            kept = (part["side"] == "validation").sum()
            assert kept == (0 if len(part) < 2 else min(len(part) - 1, max(1, int(len(part) * share + 0.5))))


def test_sentences_are_stratified_by_their_rarest_type():
    assert rarest_tags([["B-X", "B-Y"], ["B-X"], ["O"], ["B-X", "I-X"]]) == ["Y", "X", "O", "X"]
