"""The inspect page: cells of the confusion matrix, errors by kind, a text that is looked for, and examples that open by themselves."""

import pytest

from mlmtune_core.inspecting.review import review
from mlmtune_core.language import LANGUAGES
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough


@pytest.fixture
def examined(inspected):
    """examined(kind, language) -> (the page with all examples of a run, the run)."""

    def open_one(kind="sequence_classification", language="en", said=None, **settings):
        app, run = inspected(kind, language, **settings)
        if said:
            run.save_predictions("validation", dict(enumerate(said)))
        app.segmented_control(key="way").set_value("examples").run()
        assert not app.exception and not app.error
        return app, run

    return open_one


def shown(app):
    assert not app.exception and not app.error
    return next(table.value for table in reversed(app.dataframe))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_list_is_drawn_for_every_task_and_its_example_opens(examined, kind, language):
    app, run = examined(kind, language, with_test=True)
    app.segmented_control(key="review_side").set_value("test").run()
    if kind != "regression":
        app.segmented_control(key=f"which_{run.id}").set_value("all").run()
    table = shown(app)
    frame = run.data().query("split == 'test'")
    assert sorted(table.iloc[:, 0]) == sorted(frame["row"])
    app.selectbox(key="mistakes_picked").set_value(1).run()
    app.button(key="mistakes_open").click().run()
    assert not app.exception and not app.error
    assert app.segmented_control(key="way").value == "input" and app.segmented_control(key="example_side").value == "test"
    assert app.selectbox(key=f"example_{run.id}").value == table.iloc[1, 0]


def test_a_cell_is_chosen_by_lists_or_by_a_click_and_shows_its_examples(examined):
    app, run = examined(said=["neg", "neg"])
    first, second = run.data().query("split == 'validation'")["row"]
    assert shown(app)["Row"].tolist() == [first]
    app.selectbox(key=f"cell_true_{run.id}").set_value(0)
    app.selectbox(key=f"cell_said_{run.id}").set_value(0).run()  # neg taken for neg: right ones
    assert app.segmented_control(key=f"which_{run.id}").value == "all" and shown(app)["Row"].tolist() == [second]
    assert '"type":"rect"' in app.get("plotly_chart")[0].proto.spec.replace(" ", "")
    app.selectbox(key=f"cell_true_{run.id}").set_value(1).run()
    assert shown(app)["Row"].tolist() == [first] and "1 of 2" in app.caption[-1].value


def test_a_text_is_found_in_right_ones_too(examined):
    app, run = examined(said=["pos", "neg"])
    assert app.success  # every answer is right
    app.segmented_control(key=f"which_{run.id}").set_value("all").run()
    app.text_input(key="example_text").set_value("GOOD").run()
    assert len(shown(app)) == 1 and "1 of 2 examples" in app.caption[-1].value
    app.text_input(key="example_text").set_value("<b>nothing</b>").run()
    assert "0 of 2 examples" in app.caption[-1].value and not app.exception


@pytest.mark.parametrize(("kind", "count"), [("token_classification", 6), ("question_answering", 5)])
def test_kinds_are_counted_explained_and_listed(examined, kind, count):
    app, run = examined(kind)
    table = next(each.value for each in app.dataframe if "What it means" in each.value)
    assert len(table) == count and table["What it means"].str.len().min() > 20
    for name in [name for name, count in review(run.id)["kinds"]["counts"].items() if count and name not in ("correct", "right")]:
        app.segmented_control(key="kind").set_value(name).run()
        assert not app.exception and app.selectbox(key="kind_rows_picked").options
    app.button(key="kind_rows_open").click().run()
    assert app.segmented_control(key="way").value == "input" and not app.exception and not app.error


def test_an_example_beyond_the_first_ones_opens_too(examined, monkeypatch):
    monkeypatch.setattr("pages.inspecting.question.EXAMPLES_OFFERED", 1)
    app, run = examined(said=["neg", "pos"])
    app.selectbox(key="mistakes_picked").set_value(1).run()
    app.button(key="mistakes_open").click().run()
    rows = run.data().query("split == 'validation'")["row"].tolist()
    assert app.selectbox(key=f"example_{run.id}").value == rows[1] and len(app.selectbox(key=f"example_{run.id}").options) == 2


def test_the_surest_mistakes_open(examined):
    app, run = examined()
    app.segmented_control(key="seen").set_value("certainty").run()
    row = int(app.dataframe[-2].value["Row"].iloc[0])
    app.button(key="least_certain_open").click().run()
    assert app.selectbox(key=f"example_{run.id}").value == row and not app.exception


def test_a_list_of_thousands_is_cut_and_says_so(examined, monkeypatch):
    monkeypatch.setattr("mlmtune_core.inspecting.review.SHOWN", 1)
    app, run = examined(said=["neg", "pos"])
    assert len(shown(app)) == 1 and "2 of 2 examples. The first 1 of them." in app.caption[-1].value
