"""The page Explore: the dial, the finder, overfitting, and what it says where it cannot."""

import json

import pytest

from mlmtune_core.data.uploads import save_upload
from mlmtune_core.inspecting.trials import known_features
from mlmtune_core.language import LANGUAGES, translator
from pages.explore import explored
from tests.conftest import TEXTS


@pytest.fixture
def data_id(tiny_checkpoint, monkeypatch):
    """Forty labelled texts, read by the tiny checkpoint."""
    monkeypatch.setattr(explored, "CHECKPOINT", tiny_checkpoint)
    known_features._kept.clear()
    rows = [f'"{text} {word}",{label}' for word in ("a", "b", "near", "in", "works") for text, label in TEXTS]
    return save_upload("<b>t</b>.csv", "\n".join(["text,label", *rows]).encode())


def figure_of(app, place=0):
    """What the chart component was given."""
    return json.loads(app.get("bidi_component")[place].proto.json)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_data_it_says_what_to_do(open_page, language):
    app = open_page("explore", language)
    assert app.info[0].value == translator(language)("There are no data yet. Choose a sample or upload a file first.")
    assert app.button(key="choose_data").label


def test_other_tasks_and_too_few_examples_get_a_sentence(open_page):
    assert "one label per text" in open_page("explore", data="sample-entities-en").info[0].value
    few = save_upload("few.csv", b"text,label\n" + b"\n".join(b"text number %d,%s" % (i, b"ab"[i % 2 : i % 2 + 1]) for i in range(12)))
    assert "at least 16" in open_page("explore", data=few).info[0].value


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_dial_starts_the_run_that_it_shows(open_page, data_id, engine_here, language):
    app = open_page("explore", language, data=data_id)
    app.segmented_control(key="dial_schedule").set_value("constant")
    app.select_slider(key="dial_epochs").set_value(3).run()
    assert not app.exception and not app.error
    table = app.dataframe[0].value
    assert list(table.iloc[:, 0]) == ["1e-6", "3e-6", "1e-5", "3e-5", "1e-4", "3e-4", "1e-3", "3e-3", "1e-2", "3e-2", "1e-1"]
    assert (table.iloc[:, 1] == 3).all() and len(app.dataframe[1].value) == 4
    app.segmented_control(key="rate_strategy").set_value("full").run()
    app.button(key="rate_run").click().run()
    (run,) = engine_here.submitted
    config = run.config()
    assert (config.strategy, config.learning_rate, config.head_learning_rate, config.schedule, config.epochs) == ("full", 3e-3, 3e-3, "constant", 3)
    assert app.query_params["run"] in (run.id, [run.id])


@pytest.mark.thorough
def test_the_finder_runs_when_asked_and_is_confronted_when_asked(open_page, data_id):
    app = open_page("explore", data=data_id)
    app.select_slider(key="dial_epochs").set_value(1)
    app.session_state["finder_open"] = True
    app.run()
    assert not [each for each in app.markdown if "It suggests" in each.value]
    app.button(key="finder").click().run()
    assert [each for each in app.markdown if "by the valley" in each.value]
    app.button(key="confront").click().run()
    assert not app.exception and not app.error
    said = [each.value for each in (*app.success, *app.warning)]
    assert len(said) == 1 and "best real rate" in said[0]
    assert [each for each in app.caption if "16013" in each.value]


@pytest.mark.thorough
@pytest.mark.parametrize("language", LANGUAGES)
def test_overfitting_shows_the_test_at_best_and_at_last_and_starts_the_same_run(open_page, data_id, engine_here, language):
    app = open_page("explore", language, data=data_id)
    app.segmented_control(key="explorer").set_value("overfitting").run()
    app.select_slider(key="overfit_labels").set_value(16)
    app.select_slider(key="overfit_epochs").set_value(10)
    app.select_slider(key="overfit_noise").set_value(0.4).run()
    assert not app.exception and not app.error
    table = app.dataframe[0].value
    assert len(table) == 11 and len(app.metric) == 2
    assert app.metric[1].value.rstrip(" %").replace(",", ".") == f"{100 * table.iloc[-1, -1]:.1f}"
    app.button(key="overfit_run").click().run()
    (run,) = engine_here.submitted
    frame = run.data()
    assert (frame["split"] == "train").sum() == 16 and set(frame["split"]) == {"train", "validation", "test"}
    assert run.config().patience == 3 and run.config().early_stopping_metric == "validation_loss"
