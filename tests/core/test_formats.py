"""Every kind of file, every shape of label, every tag scheme: read, guessed, checked."""

import io
import json

import openpyxl
import pandas as pd
import pytest

from mlmtune_core.data import checking, columns, tag_schemes
from mlmtune_core.data.readers.table import read_table
from mlmtune_core.data.screening import find_near_duplicates

RECORDS = [{"text": f"a line of text number {i}", "label": ["good", "bad"][i % 2]} for i in range(8)]


def report_of(raw, name, task=None):
    rows = read_table(raw if isinstance(raw, bytes) else raw.encode(), name).rows
    task = task or columns.guess_task(rows)[0]
    return task, checking.check(rows, task, columns.choose_columns(rows, task, {}))


def excel(rows):
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def parquet(frame):
    out = io.BytesIO()
    pd.DataFrame(frame).to_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "raw", "kind"),
    [
        ("a.json", json.dumps(RECORDS).encode(), "json"),
        ("a.txt", json.dumps(RECORDS, indent=1).encode(), "json"),
        ("a.json", json.dumps({"version": 1, "data": RECORDS}).encode(), "json"),
        ("a.json", json.dumps({name: [row[name] for row in RECORDS] for name in RECORDS[0]}).encode(), "json"),
        ("a.json", "\n".join(map(json.dumps, RECORDS)).encode(), "jsonl"),
        ("a.jsonl", "\n".join(map(json.dumps, RECORDS)).encode(), "jsonl"),
        ("a.xlsx", excel([["text", "label"], *[list(row.values()) for row in RECORDS]]), "excel"),
        ("a.bin", excel([["text", "label"], *[list(row.values()) for row in RECORDS]]), "excel"),
        ("a.parquet", parquet(RECORDS), "parquet"),
        ("noending", parquet(RECORDS), "parquet"),
        ("a.csv", ("text;label\n" + "\n".join(f"{r['text']};{r['label']}" for r in RECORDS)).encode(), "table"),
    ],
)
def test_the_same_rows_from_every_kind_of_file(name, raw, kind):
    table = read_table(raw, name)
    assert table.format.kind == kind
    assert table.rows[["text", "label"]].to_dict("records") == RECORDS
    assert report_of(raw, name)[1].labels == {"good": 4, "bad": 4}


def test_excel_rows_keep_the_number_they_have_in_the_sheet():
    rows = read_table(excel([["text", "score"], ["a b", 3.0], [None, None], ["c d", 2.5]]), "a.xlsx").rows
    assert list(rows.index) == [2, 4] and list(rows["score"]) == ["3", "2.5"]


SQUAD = {
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": "Anna lives in Rome. Bob lives in Lisbon.",
                    "qas": [
                        {"id": "1", "question": "Where does Anna live?", "answers": [{"text": "Rome", "answer_start": 14}]},
                        {"id": "2", "question": "Where is Bob?", "answers": [{"text": "Lisbon", "answer_start": 3}]},
                        {"id": "3", "question": "Who lives?", "answers": [{"text": "lives", "answer_start": 1}]},
                        {"id": "4", "question": "Where is Eve?", "answers": [], "is_impossible": True},
                        {"id": "5", "question": "In Paris?", "answers": [{"text": "Paris", "answer_start": 0}]},
                        {"id": "6", "question": "Two?", "answers": [{"text": "Rome", "answer_start": 14}, {"text": "Paris", "answer_start": 0}]},
                    ],
                }
            ],
        }
    ]
}  # fmt: skip


def test_squad_answers_are_placed_repaired_and_left_out_aloud():
    task, report = report_of(json.dumps(SQUAD), "a.json")
    assert task == "question_answering" and report.rows_read == 6 and report.rows_kept == 4
    assert {problem.kind: problem.rows for problem in report.problems} == {
        "answer_not_found": (3, 5),
        "repaired": (2,),
        "dropped_answer": (3, 5, 6),
    }
    assert report.examples["answer_start"].tolist() == [[14], [33], [], [14]]
    assert report.labels == {"answerable": 3, "no answer": 1}


def test_questions_in_a_table_find_their_place():
    raw = "question,context,answer\n" + 'Who?,"Anna met Bob, then Eve.",Bob\n' * 3 + 'When?,"Anna met Bob.",\n'
    task, report = report_of(raw, "a.csv")
    assert task == "question_answering"
    assert report.examples["answer"].tolist() == [["Bob"]] * 3 + [[]]
    assert report.examples["answer_start"].tolist() == [[9]] * 3 + [[]]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2, 1), (1, 0, 2), (3, 0, 2, 1)])
def test_conll_columns_in_any_order(order):
    words = [("Anna", "B-PER", "NNP", "1"), ("lives", "O", "VBZ", "2"), ("here", "O", "RB", "3"), (".", "O", ".", "4")]
    text = "\n\n".join("\n".join("\t".join(word[c] for c in order) for word in words) for _ in range(5))
    task, report = report_of(text, "a.txt")
    assert task == "token_classification"
    assert (
        report.examples["words"].iloc[0] == ["Anna", "lives", "here", "."]
        and report.examples["tags"].iloc[0][0] == "B-PER"
    )


def test_parts_of_speech_in_two_columns():
    task, report = report_of("O DET\ngato NOUN\ndorme VERB\n. PUNCT\n\nEla PRON\ncorre VERB\n. PUNCT\n\n" * 3, "a.txt")
    assert task == "token_classification" and report.labels["VERB"] == 6 and not report.problems


def test_conllu_takes_the_words_within_multiword_tokens():
    text = "# text = das casas\n1-2\tdas\t_\t_\t_\t_\t_\t_\t_\t_\n1\tde\tde\tADP\t_\t_\t3\tcase\t_\t_\n2\tas\to\tDET\t_\t_\t3\tdet\t_\t_\n3\tcasas\tcasa\tNOUN\t_\t_\t0\troot\t_\t_\n3.1\tx\tx\tX\t_\t_\t_\t_\t_\t_\n\n"
    table = read_table((text * 4).encode(), "a.conllu")
    assert table.rows["form"].iloc[0] == ["de", "as", "casas"] and table.format.remark[1] == {"count": 4}
    assert columns.choose_columns(table.rows, "token_classification", {}) == {"words": "form", "tags": "upos"}


@pytest.mark.parametrize(
    ("scheme", "tags", "bio"),
    [
        ("IOB1", ["I-X", "I-X", "B-X", "O", "I-Y"], ["B-X", "I-X", "B-X", "O", "B-Y"]),
        ("BIOES", ["B-X", "E-X", "S-Y", "O", "S-X"], ["B-X", "I-X", "B-Y", "O", "B-X"]),
        ("BIOES", ["B-X", "I-X", "L-X", "U-Y", "U-Y"], ["B-X", "I-X", "I-X", "B-Y", "B-Y"]),
        ("IO", ["I-X", "I-X", "I-Y", "O", "I-X"], ["B-X", "I-X", "B-Y", "O", "B-X"]),
        ("types", ["PER", "PER", "O", "O", "LOC"], ["B-PER", "I-PER", "O", "O", "B-LOC"]),
        ("BIO", ["B-X", "I-X", "O", "B-Y", "O"], ["B-X", "I-X", "O", "B-Y", "O"]),
        ("plain", ["DET", "NOUN", "VERB", "ADP", "NOUN"], ["DET", "NOUN", "VERB", "ADP", "NOUN"]),
    ],
)
def test_tag_schemes_are_recognised_and_converted(scheme, tags, bio):
    assert tag_schemes.find_scheme([tags]) == scheme
    assert tag_schemes.to_bio(tags, scheme) == bio and (scheme == "plain" or tag_schemes.is_legal(bio))
    text = "\n\n".join("\n".join(f"w{i} {tag}" for i, tag in enumerate(tags)) for _ in range(4))
    report = report_of(text, "a.conll", "token_classification")[1]
    assert report.examples["tags"].iloc[0] == bio
    assert ("scheme" in [problem.kind for problem in report.problems]) == (scheme not in ("BIO", "plain"))


@pytest.mark.parametrize("separator", ["|", ";"])
def test_several_labels_in_a_cell(separator):
    cells = ["sport", "sport|money", "money", "", "news|sport"] * 4
    raw = "text\tlabel\n" + "\n".join(f"text {i}\t{cell.replace('|', separator)}" for i, cell in enumerate(cells))
    report = report_of(raw, "a.tsv", "sequence_classification")[1]
    assert report.examples["label"].iloc[1] == ["money", "sport"] and set(report.labels) == {"sport", "money", "news"}
    assert [problem.kind for problem in report.problems] == ["missing_label", "several_labels"]


def test_several_labels_as_lists_may_be_none():
    raw = "\n".join(json.dumps({"text": f"t {i}", "labels": [[], ["a"], ["a", "b"]][i % 3]}) for i in range(9))
    report = report_of(raw, "a.jsonl", "sequence_classification")[1]
    assert report.rows_kept == 9 and report.examples["label"].iloc[0] == [] and report.labels == {"a": 6, "b": 3}


@pytest.mark.parametrize(
    ("header", "row", "task"),
    [
        ("premise,hypothesis,label", "Two boys run outside.,They are moving.,yes", "sentence_pair"),
        ("sentence1,sentence2,score", "Two boys run.,They move.,{x}", "regression"),
        ("id,text,rating", "{i},Two boys run outside.,{x}", "regression"),
        ("text,stars", "Two boys run outside {i}.,{s}", "sequence_classification"),
        ("question,context,answer", "Who runs?,Two boys run outside.,Two boys", "question_answering"),
    ],
)
def test_the_task_is_guessed_from_the_file(header, row, task):
    lines = [row.format(i=i, x=i / 7, s=i % 5) for i in range(20)]
    rows = read_table("\n".join([header, *lines]).encode(), "a.csv").rows
    guessed, why = columns.guess_task(rows)
    assert guessed == task and why


def test_scores_with_decimal_commas_and_missing_ones():
    raw = "texto;nota\n" + "".join(f"um texto {i};{i},5\n" for i in range(6)) + "outro texto;alto\nmais um texto;\n"
    report = report_of(raw, "a.csv", "regression")[1]
    assert report.examples["score"].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert report.problems[0].kind == "not_a_number" and report.problems[0].rows == (8, 9)


def test_labels_alike_imbalance_and_control_characters_are_said():
    rows = [f"some text number {i}\t{'ham' if i % 10 else 'Spam'}" for i in range(60)] + ["more\x07 text\tspam", "x\tspam "]  # fmt: skip
    kinds = {problem.kind: problem for problem in report_of("\n".join(rows), "a.tsv")[1].problems}
    assert "“Spam” / “spam”" in str(kinds["labels_alike"].values["names"])
    assert kinds["imbalance"].values == {"share": 87, "label": "ham"} and kinds["control_characters"].rows == (61,)


def test_a_split_column_is_honoured_and_shared_rows_are_named():
    lines = [f"{i} is a text of its own with some words\t{'xy'[i % 2]}\t{['treino', 'dev', 'teste'][i % 3]}" for i in range(12)]  # fmt: skip
    lines += ["0 is a text of its own with some words!\tx\tteste"]
    task, report = report_of("texto\tclasse\tconjunto\n" + "\n".join(lines), "a.tsv")
    assert report.columns["split"] == "conjunto"
    assert report.examples["split"].value_counts().to_dict() == {"train": 4, "validation": 4, "test": 5}
    assert {problem.kind: problem.rows for problem in report.problems}["shared_rows"] == (14,)


def test_nearly_equal_texts_are_found():
    base = "the quick brown fox jumps over the lazy dog near the old river bank today"
    others = [base.upper() + "!", base + " again", "a wholly other sentence about something else", base[:30]]
    assert find_near_duplicates([base, "filler text here"], others) == [0, 1]


def test_texts_in_another_language_are_named():
    english = [f"This is a plain English sentence about the weather and the news, number {i}" for i in range(40)]
    german = [f"Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter, Nummer {i}" for i in range(5)]
    raw = "text\tlabel\n" + "\n".join(f"{text}\t{i % 2}" for i, text in enumerate(english + german))
    problem = next(p for p in report_of(raw, "a.tsv")[1].problems if p.kind == "other_language")
    assert problem.rows == (42, 43, 44, 45, 46) and problem.values["main"] == "en"
