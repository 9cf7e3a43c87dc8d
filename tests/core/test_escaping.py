"""What the command line and charts make of texts that would be more than text."""

import json
import re

import pytest

from mlmtune_core.__main__ import main
from mlmtune_core.charts import MAX_LABEL_LENGTH, axis_labels
from mlmtune_core.language import escape_controls, escape_controls_in_json
from tests.hostile_texts import HOSTILE

STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture
def hostile_file(tmp_path):
    """A file whose columns, labels and texts hold all of them."""
    rows = [
        {"\x1b]0;text\x07 text": f"{text} in a film {i}", "label \x9b31m": text}
        for text in HOSTILE.values()
        for i in range(2)
    ]
    path = tmp_path / "\x1b[31mred\u202e.json"
    path.write_text(json.dumps(rows))
    return path


COLUMNS = ["--text-column", "\x1b]0;text\x07 text", "--label-column", "label \x9b31m"]


def test_check_writes_nothing_that_steers_a_terminal(hostile_file, capsys):
    assert main(["check", str(hostile_file), "--task", "sequence_classification", *COLUMNS]) == 0
    said = capsys.readouterr().out
    assert not STEERS.search(said.replace("\n", "")) and "\\x1b" in said


def test_json_holds_the_same_values_without_such_signs(hostile_file, capsys):
    assert main(["check", str(hostile_file), "--task", "sequence_classification", *COLUMNS, "--json"]) == 0
    said = capsys.readouterr().out
    assert not STEERS.search(said.replace("\n", ""))
    assert json.loads(said)["columns"] == {"text": "\x1b]0;text\x07 text", "label": "label \x9b31m"}
    assert json.loads(escape_controls_in_json(json.dumps(list(HOSTILE.values()), ensure_ascii=False))) == list(HOSTILE.values())


@pytest.mark.parametrize("name", ["nowhere\x1b[2J.csv", "a\x9b31m.csv", "right\u202eleft.csv", "half\udce9.csv"])
def test_an_error_names_a_file_without_such_signs(name, tmp_path, capsys):
    assert main(["check", str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert not STEERS.search(said.strip()) and "There is no file" in said


def test_train_and_predict_write_nothing_that_steers_a_terminal(hostile_file, tiny_checkpoint, tmp_path, capsys):
    out = str(tmp_path / "run")
    train = ["train", str(hostile_file), "--task", "sequence_classification", *COLUMNS, "--checkpoint", tiny_checkpoint, "--epochs", "1", "--out", out]  # fmt: skip
    assert main(train) == 0
    assert main(["predict", out, "--text", HOSTILE["terminal_title"]]) == 0
    said = capsys.readouterr().out
    assert not STEERS.search(said.replace("\n", "")) and "<script>" in said


@pytest.mark.parametrize("name", HOSTILE)
def test_visible_text_can_be_seen_and_read_back(name):
    text = HOSTILE[name]
    assert not STEERS.search(escape_controls(text))
    assert STEERS.search(text) or escape_controls(text) == text


def test_names_on_an_axis_are_short_escaped_and_all_different():
    labels = [*HOSTILE.values(), "x" * 100 + "a", "x" * 100 + "b"]
    names = axis_labels(labels)
    assert len(set(names)) == len(labels) and not any("<" in name for name in names)
    assert max(map(len, names)) <= 6 * (MAX_LABEL_LENGTH + 6)
    assert axis_labels(["pos", "neg"]) == ["pos", "neg"]
