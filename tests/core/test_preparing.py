"""What pages and runs take: told readings, edits with undo, files to measure with, samples of large files."""

import json

import pytest

from mlmtune_core.data import preparation
from mlmtune_core.data.edits import apply_edits, find_edits
from mlmtune_core.data.readers import hub
from mlmtune_core.data.splitting import sample_examples, split_examples
from mlmtune_core.data.uploads import PACKAGE_SAMPLES, copy_if_sample, open_data, save_edits, save_reading, save_upload
from mlmtune_core.errors import DataError

CSV = "id,words,kind\n" + "".join(f"{i},some words number {i},{['a', 'b', 'B'][i % 3]}\n" for i in range(30))


@pytest.fixture
def data_id():
    return save_upload("mine.csv", CSV.encode())


def test_a_file_is_prepared_with_guesses_and_reason(data_id):
    data = preparation.prepare(data_id)
    assert data.task == data.guessed_task == "sequence_classification" and data.why
    assert data.columns == {"text": "words", "label": "kind"} and data.example_count == data.rows_read == 30
    assert "labels_alike" in data.affected_rows and list(data.affected_rows["labels_alike"]["row"])[:2] == [4, 7]


def test_edits_change_rows_and_fingerprint_and_can_be_undone(data_id):
    before = preparation.prepare(data_id)
    rename = [{"column": "kind", "old": "B", "value": "b"}]
    save_edits(data_id, [rename])
    renamed = preparation.prepare(data_id)
    assert renamed.report.labels == {"b": 20, "a": 10} and "labels_alike" not in renamed.affected_rows
    save_edits(data_id, [rename, [{"row": 2, "column": "words", "value": "another text"}, {"row": 3, "drop": True}]])
    edited = preparation.prepare(data_id)
    assert edited.report.examples["text"].iloc[0] == "another text" and edited.example_count == 29 and edited.edits == 2
    assert len({data.report.fingerprint for data in (before, renamed, edited)}) == 3
    save_edits(data_id, [])
    assert preparation.prepare(data_id).report.fingerprint == before.report.fingerprint
    assert open_data(data_id)[1] == CSV.encode(), "the file itself is never changed"


def test_what_a_table_on_a_page_reports_becomes_edits(data_id):
    head = preparation.prepare(data_id).head
    state = {"edited_rows": {"1": {"kind": "z", "id": 5}}, "deleted_rows": [0], "added_rows": []}
    batch = find_edits(head, state, ["words", "kind"])
    assert batch == [{"row": 3, "column": "kind", "value": "z"}, {"row": 2, "drop": True}]
    after = apply_edits(head, [batch])
    assert after.at[3, "kind"] == "z" and 2 not in after.index and head.at[3, "kind"] == "b"


def test_dropping_all_rows_is_a_sentence(data_id):
    save_edits(data_id, [[{"row": row, "drop": True} for row in range(2, 32)]])
    assert "Undo" in str(preparation.prepare(data_id).error)


def test_told_columns_and_formats_overrule_the_guess(data_id):
    save_reading(data_id, {"columns": {"label": "id"}, "header": False})
    assert preparation.prepare(data_id).format.header is False
    save_reading(data_id, {"task": "regression", "columns": {"score": "id"}})
    data = preparation.prepare(data_id)
    assert data.task == "regression" and data.columns["score"] == "id" and data.guessed["score"]
    save_reading(data_id, {"delimiter": ";"})
    assert preparation.prepare(data_id).task == "masked_words", "cut nowhere, the lines are texts without labels"
    save_reading(data_id, {"delimiter": ";", "task": "sequence_classification"})
    assert preparation.prepare(data_id).report is None and "No column was found" in str(preparation.prepare(data_id).error)


def test_files_to_measure_with_keep_their_side(data_id):
    other = save_upload("dev.csv", CSV.replace("number", "count").encode())
    test = save_upload("test.csv", CSV.encode())
    save_reading(data_id, {"validation": other, "test": test})
    data = preparation.prepare(data_id)
    assert data.report.examples["split"].value_counts().to_dict() == {"train": 30, "validation": 30, "test": 30}
    assert split_examples(data.report.examples, 0.2, 0)["split"].equals(data.report.examples["split"])
    shared = next(problem for problem in data.report.problems if problem.kind == "shared_rows")
    assert shared.count == 30 and shared.values["others"] == 60


def test_a_large_file_is_sampled_with_every_label_keeping_its_share():
    rows = "".join(f"text number {i} of many\t{'rare' if i % 50 == 0 else 'common'}\n" for i in range(5000))
    data_id = save_upload("large.tsv", ("text\tlabel\n" + rows).encode())
    save_reading(data_id, {"limit": 500})
    data = preparation.prepare(data_id)
    assert data.example_count == 5000 and len(data.report.examples) == 500
    assert data.report.examples["label"].value_counts().to_dict() == {"common": 490, "rare": 10}
    whole = preparation.prepare(save_upload("large.tsv", ("text\tlabel\n" + rows).encode())).report.examples
    assert sample_examples(whole, 500, 0)["row"].equals(sample_examples(whole, 500, 0)["row"])


def test_pairs_that_share_a_text_stay_on_one_side():
    rows = [{"text": f"premise {i} {k}", "second_text": f"hypothesis {i}", "label": "enc"[k]} for i in range(40) for k in range(3)]  # fmt: skip
    data_id = save_upload("pairs.json", json.dumps(rows).encode())
    save_reading(data_id, {"task": "sentence_pair"})
    sides = split_examples(preparation.prepare(data_id).report.examples, 0.25, 3)
    assert (sides.groupby("second_text")["split"].nunique() == 1).all()
    assert 20 <= (sides["split"] == "validation").sum() <= 40


def test_a_sample_is_copied_before_it_is_changed():
    copy = copy_if_sample("sample-sentiment-en")
    assert copy != "sample-sentiment-en" and open_data(copy) == open_data("sample-sentiment-en")


def test_the_shelf_holds_bbc_news():
    data = preparation.prepare("shelf-bbc-news")
    assert data.rows_read == 2225 and len(data.report.labels) == 5
    assert set(PACKAGE_SAMPLES) == {"shelf-bbc-news"}


def test_a_hub_data_set_comes_with_its_splits_and_the_names_of_its_classes(tmp_path):
    """A folder stands in for the Hub: the same library reads both."""
    for side, count in (("train", 6), ("test", 4)):
        lines = [json.dumps({"text": f"{side} text {i}", "label": i % 2}) for i in range(count)]
        (tmp_path / f"{side}.jsonl").write_text("\n".join(lines))
    name, raw = hub.load(str(tmp_path))
    data = preparation.prepare(save_upload(name, raw))
    assert data.rows_read == 10 and data.columns["split"] == "split"
    assert data.report.examples["split"].value_counts().to_dict() == {"train": 6, "test": 4}


def test_classes_that_are_numbers_on_the_hub_get_their_names():
    import datasets

    features = datasets.Features(
        {
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=["O", "B-PER"])),
            "label": datasets.ClassLabel(names=["no", "yes"]),
        }
    )
    part = datasets.Dataset.from_dict({"tokens": [["Anna", "ran"]], "ner_tags": [[1, 0]], "label": [1]}, features=features)  # fmt: skip
    frame = hub.to_frame(part)
    assert frame["ner_tags"].iloc[0] == ["B-PER", "O"] and frame["label"].iloc[0] == "yes"


@pytest.mark.parametrize("name", ["stanfordnlp/imdb", "no/such-data-set"])
def test_without_a_line_the_hub_is_a_sentence(name):
    with pytest.raises(DataError, match="cannot be reached"):
        hub.fetch(name)


@pytest.mark.parametrize("name", ["/etc", "../data", "a/b/c", "a b"])
def test_what_is_no_name_of_the_hub_is_not_looked_up(name):
    with pytest.raises(DataError, match="no name of the Hub"):
        hub.fetch(name)
