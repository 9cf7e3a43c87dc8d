"""The report, the answers as CSV, and the command that writes what is taken home."""

import csv
import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from mlmtune_core.__main__ import main
from mlmtune_core.config import validate
from mlmtune_core.errors import RunError
from mlmtune_core.exporting.answers import write_answers
from mlmtune_core.exporting.report import write_report
from mlmtune_core.language import LANGUAGES
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers.worker import run as carry_out
from tests.conftest import KINDS
from tests.hostile_texts import EVIL_HOST, PRINTABLE

pytestmark = pytest.mark.thorough


class Tags(HTMLParser):
    """What a browser would make elements of, outside of scripts and styles."""

    def __init__(self):
        super().__init__()
        self.found, self.attributes, self.texts = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.texts.append(data)


def read_rows(file):
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_report_has_its_sections_and_loads_nothing(make_run, tmp_path, kind, language):
    run = make_run(task=kind, with_test=True)
    with pytest.raises(RunError, match="kept no model"):
        write_report(run, tmp_path / "early.html", language)
    carry_out(run.id)
    write_report(run, tmp_path / "report.html", language)
    page = Tags()
    page.feed((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.found <= {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "div", "script"}
    assert not [each for each in page.attributes if each[1] in ("src", "href", "srcset")]
    figures = sum(tag == "div" for tag, *_ in page.attributes) // 4
    assert figures >= 2 and ("Curvas" in str(page.texts) or "curvas" in str(page.texts)) == (language == "pt-BR")


@pytest.fixture
def hostile_run(tiny_checkpoint):
    texts = list(PRINTABLE.values())
    rows = [{"row": i, "text": text, "label": texts[i % 7], "split": ("train", "validation")[i // 7 % 2]} for i, text in enumerate(texts)]
    settings = {"checkpoint": tiny_checkpoint, "epochs": 1}
    run = create_run(validate(settings), pd.DataFrame(rows), {"name": PRINTABLE["script"], "fingerprint": "0", "columns": {}})
    carry_out(run.id)
    return run


def test_hostile_texts_stay_texts(hostile_run, tmp_path):
    write_report(hostile_run, tmp_path / "report.html", "en")
    content = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Tags()
    page.feed(content)
    assert not page.found & {"img", "svg", "form", "iframe", "base", "object", "embed", "link", "a", "b", "details", "input"}
    assert [name for tag, name, _ in page.attributes if name.startswith("on")] == []
    assert EVIL_HOST not in str(page.attributes) and content.count("<script") - content.count('"<script') >= 2
    ours = re.search(r"const figures = \[(.*?)\n\];", content, re.DOTALL)[1]
    assert "<" not in ours and ">" not in ours


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_the_best_model(make_run, tmp_path, kind):
    run = make_run(task=kind, with_test=True)
    carry_out(run.id)
    write_answers(run, tmp_path / "answers.csv")
    rows = read_rows(tmp_path / "answers.csv")
    assert [row["split"] for row in rows] == sorted((row["split"] for row in rows), reverse=True)
    said = [row["predicted"] for row in rows if row["split"] == "validation"]
    kept = run.predictions("validation")
    if kind == "token_classification":
        assert said == [tag for tags in kept for tag in tags]
    elif kind == "regression":
        assert list(map(float, said)) == pytest.approx(kept, abs=1e-4)
    else:
        assert said == [" | ".join(answer) if isinstance(answer, list) else answer for answer in kept]
    shares = [name for name in rows[0] if name.startswith("probability: ")]
    assert len(shares) == {"sequence_classification": 2, "sentence_pair": 2, "several_labels": 3}.get(kind, 0)
    if kind in ("sequence_classification", "sentence_pair"):
        assert all(sum(float(row[name]) for name in shares) == pytest.approx(1) for row in rows)


def test_no_cell_is_a_formula(hostile_run, tmp_path):
    write_answers(hostile_run, tmp_path / "answers.csv")
    rows = read_rows(tmp_path / "answers.csv")
    assert not [cell for row in rows for cell in [*row, *row.values()] if cell.startswith(("=", "+", "-", "@"))]
    assert {row["text"] for row in rows} & {"'" + PRINTABLE[name] for name in ("spreadsheet_plus", "spreadsheet_at")}


def test_the_command_writes_what_is_asked_for_and_overwrites_nothing(make_run, tmp_path, capsys):
    run = make_run()
    carry_out(run.id)
    asked = ["export", run.id, str(tmp_path / "taken"), "--script", "--notebook", "--report", "--answers", "--json"]
    assert main(asked) == 0
    written = json.loads(capsys.readouterr().out)
    assert set(written) == {"script", "notebook", "report", "answers"}
    names = {path.relative_to(tmp_path / "taken").as_posix() for path in (tmp_path / "taken").rglob("*") if path.is_file()}
    assert names == {"script/train.py", "script/examples.jsonl", "notebook/train.ipynb", "notebook/examples.jsonl", "report.html", "answers.csv"}
    assert main(asked) == 2 and "exists already" in capsys.readouterr().err
    assert main(["export", run.id, str(tmp_path / "model")]) == 0 and (tmp_path / "model" / "model" / "predict.py").is_file()
