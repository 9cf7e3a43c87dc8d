"""Hostile texts on every page are text: whichever surface they come in by, nothing of them reaches a place that interprets."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mlmtune_core.charts import axis_labels
from mlmtune_core.config import validate
from mlmtune_core.data.preparation import prepare
from mlmtune_core.data.readers.cells import clean_text
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.data.uploads import save_reading, save_upload
from mlmtune_core.errors import UserError
from mlmtune_core.language import translator
from mlmtune_core.people import admit, clean_name
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers import worker
from pages.shared.visit import literal
from tests.hostile_texts import HOSTILE

pytestmark = pytest.mark.slow
PAGES = ("home", "data", "train", "watch", "inspect")
ROWS = 8
DRAWN_AS_TEXT = {  # (element, field): put into the page by textContent, as an option of a list, or on a canvas
    ("selectbox", "options"),
    ("selectbox", "raw_value"),
    ("dataframe", "columns"),
    ("dataframe", "column_order"),
    ("bidi_component", "json"),
    ("text_input", "value"),
    ("text_input", "default"),
}
OUR_STYLE = f"<style>{(Path(__file__).parents[2] / 'pages/shell/page.css').read_text(encoding='utf-8')}</style>"  # from a file of ours, not from anybody
OUR_TAGS = {"div", "span", "b"}
OUR_ATTRIBUTES = {"style", "title", "role", "aria-label", "class", "data-state"}


class Markup(HTMLParser):
    """What a piece of HTML consists of."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_comment(self, data):
        self.tags.add("comment")

    def handle_data(self, data):
        self.text.append(data)


def strings(proto, path=()):
    """(names of the fields that lead there, text) of every text in a message to the browser."""
    for field, value in proto.ListFields():
        here = (*path, field.name)
        single = isinstance(value, str | bytes | int | float) or hasattr(value, "ListFields")
        values = [value] if single else list(value)
        for each in values:
            if isinstance(each, str):
                yield here, each
            elif hasattr(each, "ListFields"):
                yield from strings(each, here)


def walk(value):
    """Every (key, text) in a JSON document."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(each, str):
            yield key, each
        elif isinstance(each, dict | list):
            yield from walk(each)


def check(app):
    """Fails where a hostile text reaches markdown, HTML or Plotly as it is; returns all that is shown as a text."""
    shown = []
    for element in app._tree:  # app.main has no dialogs
        kind, proto = element.type, getattr(element, "proto", None)
        for path, text in strings(proto) if hasattr(proto, "ListFields") else ():
            field = path[-1]
            if field in ("id", "form_id", "key") or path[0] == "id":
                continue
            if kind == "html" and text == OUR_STYLE:
                continue
            if kind == "html" and field == "body":
                found = Markup(text)
                assert found.tags <= OUR_TAGS and found.attributes <= OUR_ATTRIBUTES, text
                shown += found.text
            elif kind == "plotly_chart" and field == "spec":
                for key, value in walk(json.loads(text)["data"]):
                    assert "template" in str(key) or "<" not in value, value
                    shown.append(value)
            elif (kind, field) not in DRAWN_AS_TEXT:
                assert_literal(kind, path, text)
                shown.append(text)
            else:
                shown.append(text)
    return "\n".join(shown)


def assert_literal(kind, path, text):
    for name, hostile in HOSTILE.items():
        raw = " ".join(hostile.split())
        if literal(f"x {raw}") != f"x {raw}":  # some signs mean something only where a line begins
            for form in (hostile, raw):
                assert not re.search(r"(?<!\\)" + re.escape(form), text), (name, kind, path, text)


def whole(text):
    """Half a surrogate pair, which no page can show, is read as a question mark."""
    return text.encode(errors="replace").decode()


def labelled(texts, labels):
    lines = [json.dumps({"text": text, "label": label}) for text, label in zip(texts, labels, strict=True)]
    return "\n".join(lines).encode()


def plain_rows():
    return labelled([f"a good film number {i}" for i in range(ROWS)], ["xy"[i % 2] for i in range(ROWS)])


def as_texts(texts):
    """One file, each text in a few rows, among others."""
    rows = [f"{text} {i}" for text in texts for i in range(2)]
    yield save_upload("texts.jsonl", labelled(rows, ["xy"[i % 2] for i in range(len(rows))])), texts


def as_labels(texts):
    """One file, each text the label of two rows."""
    labels = [text for text in texts for _ in range(2)]
    yield save_upload("labels.jsonl", labelled([f"a film {i}" for i in range(len(labels))], labels)), texts


def as_columns(texts):
    """One file, each text a column; two of them hold text and label."""
    first, second, *_ = names = [text.strip() for text in texts]
    rows = [dict.fromkeys(names, "cell") | {first: f"a good film {i}", second: "xy"[i % 2]} for i in range(ROWS)]
    data_id = save_upload("columns.json", json.dumps(rows).encode())
    save_reading(data_id, {"task": "sequence_classification", "columns": {"text": first, "label": second}})
    yield data_id, texts


def as_file_names(texts):
    """Files with names of ten texts each."""
    for i in range(0, len(texts), 10):
        yield save_upload(" · ".join(texts[i : i + 10]), plain_rows()), texts[i : i + 10]


# how a text of a person gets in: texts -> (id of data, the texts in them) once or several times. New surfaces: add here.
SURFACES = {"texts": as_texts, "labels": as_labels, "columns": as_columns, "file names": as_file_names}


def run_on(data_id, checkpoint, owner=""):
    data = prepare(data_id)
    config = validate({"task": data.task, "checkpoint": checkpoint, "epochs": 1, "head_learning_rate": 1e-9, "seed": 1})
    sides = split_examples(data.report.examples, 0.5, 1)
    return create_run(
        config, sides, {"name": data.name, "id": data_id, "fingerprint": "0", "columns": data.columns}, owner=owner
    )


def ways_of_inspect(app):
    """The page once for each way to ask."""
    for choice, chosen in (("source", "example"), ("way", "examples")):
        app.segmented_control(key=choice).set_value(chosen).run()
        assert not app.exception and not app.error, (app.exception, app.error)
        yield check(app)


@pytest.mark.parametrize("surface", ["texts", "labels", "columns"])
def test_every_page_shows_them_as_text(open_page, tiny_checkpoint, surface):
    for data_id, texts in SURFACES[surface](list(HOSTILE.values())):
        run = run_on(data_id, tiny_checkpoint)
        assert [type(event).__name__ for event in worker.carry_out(run)][-1] == "Finished"
        ids = {"data": data_id, "run": run.id}
        seen = {page: check(open_page(page, **ids)) for page in PAGES}
        seen["inspect"] = "\n".join(ways_of_inspect(open_page("inspect", **ids)))
        for text in map(whole, texts):
            if surface == "labels":
                (shown,) = axis_labels([clean_text(text)])
                assert shown in seen["data"] and shown in seen["inspect"]
            if surface == "columns":
                assert text.strip() in seen["data"]


@pytest.mark.parametrize("page", ["data", "train", "watch", "inspect"])
def test_every_page_shows_file_names_as_text(open_page, tiny_checkpoint, page):
    for data_id, texts in SURFACES["file names"](list(HOSTILE.values())):
        run = run_on(data_id, tiny_checkpoint)
        assert literal(whole(" · ".join(texts))) in check(open_page(page, data=data_id, run=run.id))


@pytest.fixture
def class_of_names(class_codes, come_as, tiny_checkpoint):
    """Runs by their owner's name, which is a hostile text; one more such person, a teacher, looks at them."""
    data_id = save_upload("plain.jsonl", plain_rows())
    names = [name for name in dict.fromkeys(map(clean_name, map(whole, HOSTILE.values()))) if name]
    runs = {name: run_on(data_id, tiny_checkpoint, admit(f"{i:043d}", name, "chalk").id) for i, name in enumerate(names)}  # fmt: skip
    admit("r" * 43, names[0], "slate")
    come_as("r" * 43)
    return runs


def test_the_page_of_the_class_shows_names_of_people_as_text(open_page, class_of_names):
    app = open_page("teacher")
    seen = check(app)
    assert all(name in seen for name in class_of_names)
    for way in ("results", "clean_up"):
        check(app.segmented_control(key="class_way").set_value(way).run())
    app.number_input(key="clean_days").set_value(0).run()
    dialog = check(app.button(key="clean").click().run())
    assert all(literal(f"x {name}")[2:] in dialog or literal(name) in dialog for name in class_of_names)


@pytest.mark.parametrize("page", ["watch", "inspect"])
def test_a_run_shows_the_name_of_its_person_as_text(open_page, class_of_names, page):
    for name, run in list(class_of_names.items())[::8]:
        app = open_page(page, run=run.id)
        assert literal(name) in check(app)
        if page == "watch":
            assert literal(name) in check(app.button(key="delete").click().run())


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_values_of_a_sentence_are_not_filled_in_again(language):
    """Braces and percent signs in what a sentence names stay as they are."""
    for text in HOSTILE.values():
        error = UserError(
            "There is no run “{name}” here. It may have been deleted, or the link may be cut off.", name=text
        )
        assert f"“{text}”" in error.translate(translator(language))
