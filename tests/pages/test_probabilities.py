"""Probabilities on the inspect page: words or sub-words, and the temperature, which no answer depends on."""

import numpy as np
import pytest

from mlmtune_core.language import LANGUAGES
from mlmtune_core.models.probabilities import softmax
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough
WITH_TEMPERATURE = [kind for kind in KINDS if kind != "regression"]


@pytest.fixture
def opened(inspected):
    """opened(kind, language) -> the page with a validation example in it."""

    def open_one(*asked):
        app, _ = inspected(*asked)
        app.segmented_control(key="source").set_value("example").run()
        return app

    return open_one


def heat(app, step):
    app.select_slider(key="temperature").set_value(step).run()
    assert not app.exception and not app.error


def tables(app):
    return [table.value for table in app.dataframe]


def shares(table):
    """Its columns of probabilities."""
    return table[[name for name in table.columns if name.startswith(("Prob", "p(")) or name.endswith("probability")]]


@pytest.mark.parametrize("kind", WITH_TEMPERATURE)
def test_the_temperature_moves_every_probability_and_no_answer(opened, kind):
    app = opened(kind)
    headings, before = [each.value for each in app.subheader], tables(app)
    heat(app, 20)
    assert app.select_slider(key="temperature").value == 20
    after = tables(app)
    assert [each.value for each in app.subheader] == headings
    for cold, hot in zip(before, after, strict=True):
        assert len(shares(cold).columns) == len(shares(hot).columns) > 0
        middle = 0.5 if kind == "several_labels" else 1 / len(cold) if kind != "token_classification" else None
        if middle:  # nearer to all alike, and in the same order
            assert (abs(shares(hot).to_numpy() - middle) <= abs(shares(cold).to_numpy() - middle) + 1e-9).mean() > 0.5
            assert (shares(hot).rank().to_numpy() == shares(cold).rank().to_numpy()).all()
        else:
            assert (shares(hot).max(axis=1) < shares(cold).max(axis=1)).all() and (hot["Tag"] == cold["Tag"]).all()
    assert any("temperature 10.00" in each.value for each in app.markdown)
    app.button(key="temperature_back").click().run()
    assert app.select_slider(key="temperature").value == 0
    for cold, again in zip(before, tables(app), strict=True):
        assert cold.equals(again)


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_it_is_for_looking_only_is_said(opened, language):
    app = opened("sequence_classification", language)
    said = " ".join(each.value for each in app.caption)
    assert {"en": "For looking only", "pt-BR": "Só para ver"}[language] in said
    assert app.button(key="temperature_back").disabled


def test_probabilities_in_the_table_are_the_softmax_of_its_logits_over_t(opened):
    app = opened("sequence_classification")
    heat(app, -20)
    (table,) = tables(app)
    assert table.columns[2] == "Probability, softmax(z / 0.10)"
    assert np.allclose(table.iloc[:, 2], softmax(table["Logit"].to_numpy() / 0.1))


def test_sub_words_of_a_sentence_have_numbers_of_their_own_and_what_counts_is_said(opened):
    app = opened("token_classification")
    app.segmented_control(key="source").set_value("type").run()
    app.text_input(key="sentence").set_value("Anna met Jorge").run()
    (words,) = tables(app)
    app.segmented_control(key="pieces_words").set_value("pieces").run()
    (pieces,) = tables(app)
    assert pieces["Word"].iloc[0] == "[CLS]" and pieces["Word"].iloc[-1] == "[SEP]" and len(pieces) > len(words) + 2
    counting = pieces[pieces["Counts"]]
    columns = [name for name in words if name.startswith(("p(", "z("))]
    assert np.allclose(counting[columns], words[columns])
    assert np.allclose(shares(pieces).sum(axis=1), 1)
    assert any("that of its first sub-word" in each.value for each in app.caption)


def test_texts_are_shown_in_words_or_in_sub_words(opened):
    app = opened("sentence_pair")
    row = next(each.proto.body for each in app.get("html") if "[CLS]" in each.proto.body)
    assert "##" in row
    app.segmented_control(key="pieces_input").set_value("words").run()
    row = next(each.proto.body for each in app.get("html") if "[CLS]" in each.proto.body)
    assert "##" not in row and "film" in row


def test_start_and_end_add_up_over_the_whole_window(opened):
    app = opened("question_answering")
    spans, tokens = tables(app)
    assert np.allclose(shares(tokens).sum(), 1) and tokens["Token"].iloc[0] == "[CLS]"
    for side in ("Start", "End"):
        assert np.allclose(tokens[f"{side}, probability"], softmax(tokens[f"{side}, logit"].to_numpy()))
    heat(app, -10)
    spans, tokens = tables(app)
    assert np.allclose(shares(tokens).sum(), 1) and np.allclose(shares(spans).sum(), 1)
    app.segmented_control(key="pieces_span").set_value("words").run()
    assert not app.exception and any("sum of those of its sub-words" in each.value for each in app.caption)
