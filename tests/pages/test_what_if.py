"""The inspect page: what if the input were another."""

import pytest

from mlmtune_core.inspecting import edit_tree
from mlmtune_core.inspecting.predicting import predict
from mlmtune_core.language import LANGUAGES
from mlmtune_core.runs.kept_weights import BEST
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough
TYPED = {
    "sentence_pair": {"text": "the film was bad", "second_text": "the film was fine"},
    "regression": {"text": "the film was bad", "second_text": "the film was fine"},
    "question_answering": {"question": "who works", "context": "Bob works at Acme"},
}


@pytest.fixture
def asked(inspected):
    """asked(kind, language) -> (the page with a typed input and its section "what if", the run)."""

    def ask(kind="sequence_classification", language="en", sentence="the good film was great", **settings):
        app, run = inspected(kind, language, **settings)
        if kind in TYPED:
            for role, text in TYPED[kind].items():
                app.text_area(key=f"typed_{role}").set_value(text)
            app.run()
        else:
            app.text_input(key="sentence").set_value(sentence).run()
        app.segmented_control(key="section").set_value("what_if").run()
        assert not app.exception and not app.error
        return app, run

    return ask


def rows(app):
    assert not app.exception and not app.error
    return app.dataframe[-1].value


def press(app, name):
    app.button(key=f"what_if_{name}").click().run()
    return rows(app)


def keyed(app, kind, name):
    """The one whose key is made of `name`, the run and the input."""
    return next(each for each in getattr(app, kind) if (each.key or "").startswith(f"what_if_{name}_"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_each_word_masked_in_turn_is_a_row_by_a_click_and_undo_takes_them_back(asked, kind, language):
    app, _ = asked(kind, language)
    assert len(rows(app)) == 1
    table = press(app, "each")
    assert len(table) == 1 + len(_typed(kind).split())
    assert table.iloc[1:, 0].str.contains("[MASK]", regex=False).all() and table.iloc[1:, 0].str.contains("↳").all()
    sizes = table.iloc[1:, -1].str.extract(r"([\d.,]+)$")[0].str.replace(",", ".").astype(float)
    assert sizes.is_monotonic_decreasing and app.get("plotly_chart")
    assert len(press(app, "undo")) == 1 and app.button(key="what_if_undo").disabled


def _typed(kind):
    return list(TYPED[kind].values())[-1] if kind in TYPED else "the good film was great"


def test_changes_are_against_the_parent_and_numbers_are_the_models(asked):
    app, run = asked()
    label = max((answer := predict(run.id, BEST, "the good film was great"))["probabilities"], key=answer["probabilities"].get)
    keyed(app, "selectbox", "place").set_value(1).run()
    press(app, "mask")
    keyed(app, "selectbox", "row").set_value(1).run()
    keyed(app, "selectbox", "place").set_value(4).run()
    table = press(app, "remove")
    said = [text.strip("\u2003↳ ") for text in table["Input"]]
    assert said == ["the good film was great", "the [MASK] film was great", "the [MASK] film was"]
    shares = [predict(run.id, BEST, text)["probabilities"][label] for text in said]
    assert table[f"p({label})"].tolist() == pytest.approx(shares)
    for i in (1, 2):
        shown = float(table["Change"][i].split()[-1].replace("−", "-"))
        assert shown == pytest.approx(100 * (shares[i] - shares[i - 1]), abs=0.051)
    assert table["Input"][2].startswith("\u2003\u2003↳")


def test_a_sentence_written_anew_is_a_row_and_the_next_to_be_changed(asked):
    app, _ = asked("token_classification", sentence="Anna lives in Rome")
    keyed(app, "text_input", "text").set_value("Anna lives in Lisbon").run()
    assert rows(app).iloc[1, 0].endswith("Anna lives in Lisbon") and keyed(app, "selectbox", "row").value == 1
    keyed(app, "text_input", "text").set_value("   ").run()
    assert len(rows(app)) == 2 and keyed(app, "text_input", "text").value == "Anna lives in Lisbon"


def test_a_pair_is_swapped_and_swapped_back(asked):
    app, _ = asked("sentence_pair")
    assert press(app, "swap").iloc[1, 0].endswith("the film was fine ‖ the film was bad")
    keyed(app, "selectbox", "row").set_value(1).run()
    table = press(app, "swap")
    assert table.iloc[2, 2:-1].tolist() == table.iloc[0, 2:-1].tolist()


def test_rows_stay_through_another_language_and_another_section_and_go_when_they_are_removed(asked):
    app, _ = asked()
    press(app, "each")
    app.segmented_control(key="section").set_value("answer").run()
    app.segmented_control(key="way").set_value("movement").run()
    app.segmented_control(key="language").set_value("pt-BR").run()
    app.segmented_control(key="way").set_value("input").run()
    app.segmented_control(key="section").set_value("what_if").run()
    assert len(rows(app)) == 6 and "mascarada" in rows(app).iloc[1, 1]
    keyed(app, "selectbox", "row").set_value(3).run()
    assert len(press(app, "drop")) == 5 and len(press(app, "clear")) == 1 and len(press(app, "undo")) == 5


def test_there_is_an_end_to_rows_and_it_is_said(asked, monkeypatch):
    monkeypatch.setattr(edit_tree, "MOST_ROWS", 3)
    monkeypatch.setattr("pages.inspecting.one_input.edit_form.MOST_ROWS", 3)
    app, _ = asked()
    assert len(press(app, "each")) == 3
    assert app.button(key="what_if_mask").disabled and any("no more" in each.value for each in app.caption)


def test_what_people_write_is_shown_as_they_wrote_it(asked):
    app, _ = asked(sentence='=1+1 <b>bold</b> :material/star: $x$ "')
    table = press(app, "each")
    assert table.iloc[0, 0] == '=1+1 <b>bold</b> :material/star: $x$ "'
