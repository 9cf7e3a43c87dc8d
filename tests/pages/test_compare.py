"""The inspect page: two runs beside one another."""

import json
import re

import pytest

from mlmtune_core.language import LANGUAGES
from mlmtune_core.people import admit, find_person
from mlmtune_core.runs.shelf import open_run
from mlmtune_core.storage import new_id
from mlmtune_core.workers import worker
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough


@pytest.fixture
def two(make_run):
    """two(kind) -> two trained runs with different seeds."""

    def train(kind="sequence_classification", **settings):
        runs = [make_run(task=kind, seed=seed, **settings) for seed in (0, 1)]
        for run in runs:
            list(worker.carry_out(run))
        return runs

    return train


@pytest.fixture
def compare(open_page):
    def open_it(run, language="en"):
        app = open_page("inspect", language, run=run.id)
        app.segmented_control(key="way").set_value("compare").run()
        assert not app.exception
        return app

    return open_it


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_two_runs_beside_one_another(compare, two, kind, language):
    run, other = two(kind)
    app = compare(run, language)
    assert not app.error and app.selectbox(key=f"compare_{run.id}").value == other.id
    settings = next(each.value for each in app.dataframe if list(each.value.columns[1:]) == ["A", "B"])
    assert settings.iloc[:, 1:].values.tolist() == [["0", "1"]]  # the seed alone
    app.segmented_control(key="source").set_value("example").run()
    assert not app.exception and not app.error
    app.segmented_control(key="compare_seen").set_value("examples").run()
    assert not app.exception and not app.error
    count = int((run.data()["split"] == "validation").sum())
    assert [str(count)] * 3 in [re.findall(r"\d+", each.value) for each in app.markdown]


def test_words_with_different_tags_have_a_sign_and_both_tags(compare, two):
    run, _ = two("token_classification")
    app = compare(run)
    app.text_input(key="sentence").set_value("Anna <b>met</b> Bob in Rome").run()
    table = app.dataframe[-1].value
    apart = table["Tag of A"] != table["Tag of B"]
    assert (table[""] == "≠").tolist() == apart.tolist() and len(table) == 12
    chips = next(each.proto.body for each in app.get("html") if "role='img'" in each.proto.body)
    assert chips.count("≠</b>") == apart.sum() and "&lt;" in chips and "<b>met" not in chips
    assert app.subheader[-1].value == f"{apart.sum()} of 12 words have different tags"


def test_another_run_is_found_by_its_link_and_one_that_does_not_fit_is_refused(compare, two, make_run):
    run, other = two()
    numbers = make_run(task="regression")
    list(worker.carry_out(numbers))
    app = compare(run)
    app.text_input(key="compare_link").set_value(f"http://x/inspect?run={numbers.id}").run()
    assert "different tasks" in app.error[0].value and not app.exception
    app.text_input(key="compare_link").set_value("nobody").run()
    assert app.error and not app.exception
    app.text_input(key="compare_link").set_value(other.id).run()
    assert not app.error and app.selectbox(key=f"compare_{run.id}").disabled


def test_what_only_one_gets_right_opens(compare, two):
    run, other = two()
    run.save_predictions("validation", {0: "pos", 1: "pos"})
    other.save_predictions("validation", {0: "neg", 1: "neg"})
    app = compare(run)
    app.segmented_control(key="compare_seen").set_value("examples").run()
    app.segmented_control(key="compare_kind").set_value("second").run()
    assert app.dataframe[-1].value[["A says", "B says"]].values.tolist() == [["pos", "neg"]]
    app.button(key="compare_rows_open").click().run()
    row = run.data().query("split == 'validation'")["row"].iloc[1]
    assert app.selectbox(key=f"example_{run.id}").value == row and not app.exception


def test_without_another_run_the_page_says_what_to_do(compare, make_run):
    run = make_run()
    list(worker.carry_out(run))
    app = compare(run)
    assert "no other run" in app.info[0].value and not app.error


def test_in_a_class_students_choose_among_their_own_and_teachers_among_all(compare, two, class_codes, come_as, make_run):
    tokens = {name: new_id() + new_id() for name in ("Ana", "Bia", "Teacher")}
    for name, token in tokens.items():
        admit(token, name, "slate" if name == "Teacher" else "chalk")
    people = {name: find_person(token) for name, token in tokens.items()}
    mine, theirs = two()
    for run, name in ((mine, "Ana"), (theirs, "Bia")):
        _give_to(run, people[name].id)
    come_as(tokens["Ana"])
    assert "no other run" in compare(open_run(mine.id)).info[0].value
    come_as(tokens["Teacher"])
    app = compare(open_run(mine.id))
    assert app.selectbox(key=f"compare_{mine.id}").options[0].startswith("Bia · ")


def _give_to(run, owner):
    about = run.about() | {"owner": owner}
    (run.folder / "config.json").write_text(json.dumps(about), encoding="utf-8")
