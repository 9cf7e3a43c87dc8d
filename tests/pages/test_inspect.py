"""The inspect page: the arithmetic behind an answer, what it rests on, the map, what moved, and the chapter's own example."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mlmtune_core.inspecting import head_view
from mlmtune_core.inspecting.predicting import predict_example
from mlmtune_core.inspecting.projection import draw_map_at
from mlmtune_core.language import LANGUAGES
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.runs.owned_runs import delete_exports
from mlmtune_core.workers.progress import given_up
from pages.serving.routes import ROUTES
from tests.conftest import KINDS

pytestmark = pytest.mark.thorough
STEPS = ("vector", "weights", "logits", "probabilities", "loss", "step")
TITLES = {"en": "Follow the logit of", "pt-BR": "Acompanhar o logit de"}


@pytest.fixture
def opened(inspected):
    """opened(kind, language) -> (the page with a validation example in it, the run)."""

    def open_one(*asked, **settings):
        app, run = inspected(*asked, **settings)
        app.segmented_control(key="source").set_value("example").run()
        return app, run

    return open_one


def look(app, way, seen="", fails=False):
    app.segmented_control(key="way").set_value(way).run()
    if seen:
        app.segmented_control(key="seen").set_value(seen).run()
    assert not app.exception and bool(app.error) == fails


def show(app, section):
    app.segmented_control(key="section").set_value(section).run()
    assert not app.exception and not app.error


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_of_the_arithmetic_is_drawn_and_its_logits_are_the_models(opened, kind):
    app, run = opened(kind)
    show(app, "arithmetic")
    for step in STEPS:
        app.segmented_control(key="arithmetic_step").set_value(step).run()
        assert not app.exception and not app.error and (app.dataframe or kind == "regression")
    app.segmented_control(key="arithmetic_step").set_value("logits").run()
    row = int(run.data().query("split == 'validation'")["row"].iloc[0])
    logits = head_view.open_example(run.id, BEST, 0, row)["logits"]
    assert np.allclose(app.dataframe[1].value["z"], logits, atol=1e-5)
    assert app.dataframe[0].value["h · W"].abs().is_monotonic_decreasing


def test_steps_go_forth_and_back_and_end_where_they_end(opened):
    app, _ = opened()
    show(app, "arithmetic")
    seen = [app.segmented_control(key="arithmetic_step").value]
    assert app.button(key="arithmetic_back").disabled
    while not app.button(key="arithmetic_forth").disabled:
        app.button(key="arithmetic_forth").click().run()
        seen.append(app.segmented_control(key="arithmetic_step").value)
    assert tuple(seen) == STEPS
    app.button(key="arithmetic_back").click().run()
    assert app.segmented_control(key="arithmetic_step").value == "loss"


def test_a_step_with_a_larger_rate_lowers_the_loss_of_the_true_label_more(opened):
    app, _ = opened()
    show(app, "arithmetic")
    app.segmented_control(key="arithmetic_step").set_value("step").run()
    gained = []
    for rate in (0.01, 0.1):
        app.number_input(key="arithmetic_rate").set_value(rate).run()
        table = app.dataframe[0].value
        truth = app.selectbox(key="arithmetic_truth").value
        row = table.iloc[truth]
        gained.append(row["y after"] - row["y before"])
    assert 0 < gained[0] < gained[1]


@pytest.mark.parametrize("kind", KINDS)
def test_why_is_asked_for_by_a_click_and_checked(opened, kind):
    app, _ = opened(kind)
    show(app, "why")
    for method in ("occlusion", "gradients", "attention"):
        app.segmented_control(key="why_method").set_value(method).run()
        assert not app.dataframe and app.caption  # the cost is said before
        app.button(key="why_compute").click().run()
        assert not app.exception and not app.error and len(app.dataframe[0].value) > 2
        assert method != "gradients" or any("They miss it by" in each.value for each in app.markdown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_map_and_what_moved(opened, language):
    app, run = opened(language=language)
    look(app, "examples", "map")
    look(app, "movement")
    frozen = app.success[0].value
    assert "5" in frozen and "6" in frozen  # embeddings and four layers, of these and the head
    assert len(app.dataframe[0].value) == 6 and len(app.dataframe[1].value) == 3 and len(app.dataframe[2].value) == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_slider_moves_logits_arithmetic_and_map_together(opened, language):
    app, run = opened(language=language, epochs=3, patience=0, head_learning_rate=0.05)
    row = int(run.data().query("split == 'validation'")["row"].iloc[0])
    seen = []
    for moment in ("start", "1", "3", "best"):
        app.select_slider(key=f"moment_{run.id}").set_value(moment).run()
        assert not app.exception and not app.error
        table = app.dataframe[0].value
        logits = dict(zip(table.iloc[:, 0], table.iloc[:, 1], strict=True))
        assert logits == pytest.approx(predict_example(run.id, moment, row)["logits"], abs=1e-6)
        seen.append(tuple(logits.values()))
    assert len(set(seen)) >= 3
    app.select_slider(key=f"moment_{run.id}").set_value("1").run()
    show(app, "arithmetic")
    app.segmented_control(key="arithmetic_step").set_value("logits").run()
    assert np.allclose(app.dataframe[1].value["z"], head_view.open_example(run.id, "1", 0, row)["logits"], atol=1e-5)
    look(app, "examples", "map")
    assert app.select_slider(key=f"moment_{run.id}").value == "1"
    app.session_state["map_as_table"] = True  # opened
    app.run()
    assert app.dataframe[-1].value.iloc[:, -1].tolist() == draw_map_at(run.id, "1")["said"]


class Slow:
    """A question that is never answered, half done."""

    given_up = False

    def done(self):
        return self.given_up

    def share(self):
        return 0.5

    def give_up(self):
        self.given_up = True

    def result(self, seconds=None):
        raise given_up()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_answer_shows_how_far_it_is_and_can_be_cancelled(opened, engine_here, monkeypatch, language):
    app, _ = opened(language=language)
    asked = []
    monkeypatch.setattr(engine_here, "begin", lambda *args, **more: asked.append(Slow()) or asked[-1])
    look(app, "movement")
    assert app.button(key="give_up") and not app.dataframe
    app.button(key="give_up").click().run()
    assert len(asked) == 1 and asked[0].given_up and ("ancel" in app.error[0].value) and app.button(key="ask_again")
    app.button(key="ask_again").click().run()
    assert len(asked) == 2 and not app.error and app.button(key="give_up")


def test_questions_have_no_map_and_the_page_says_why(opened):
    app, _ = opened("question_answering")
    look(app, "examples", "map", fails=True)
    assert "no one vector" in app.error[0].value and not app.exception


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapters_example_shows_both_lists_of_labels(opened, language):
    app, _ = opened(language=language)
    look(app, "chapter")
    table = app.dataframe[0].value
    assert table.iloc[:, 3 - 1].tolist()[:2] == ["B-PER", "B-ORG"] and table.iloc[:, 5].tolist()[5:7] == ["B-PER", "I-PER"]
    assert app.selectbox(key="arithmetic_index").label == TITLES[language]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("regression", "question_answering")])
def test_how_sure_it_is_stands_below_what_it_got_wrong(opened, kind):
    app, run = opened(kind, with_test=True)
    look(app, "examples", "certainty")
    bins, surest, doubted, slices = (table.value for table in app.dataframe[-4:])
    assert bins["Answers"].sum() == slices.query("By == 'Label in the data'")["Answers"].sum()
    assert doubted["Probability it gave"].is_monotonic_increasing
    assert (surest["In the data"] != surest["Predicted"]).all()


@pytest.mark.parametrize(("settings", "said"), [({"head": "pooler"}, "BertForSequenceClassification"), ({}, "model/predict.py")])
def test_a_model_is_taken_home_by_its_link_and_found_again(opened, open_page, settings, said):
    app, run = opened(**settings)
    look(app, "take")
    assert not run.export_file("model.zip").exists() and not app.code
    app.button(key="make_model").click().run()
    assert not app.exception and not app.error and said in app.code[0].value
    answer = TestClient(Starlette(routes=ROUTES)).get(f"/runs/{run.id}/model.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {"model/config.json", "model/tokenizer.json"} & set(archive.namelist()) and archive.testzip() is None
    again = open_page("inspect", run=run.id)
    look(again, "take")
    assert said in again.code[0].value  # read from the archive: this visit has prepared nothing


@pytest.mark.parametrize("language", LANGUAGES)
def test_report_answers_script_and_notebook_are_made_by_clicks(opened, language):
    app, run = opened("token_classification", language)
    look(app, "take")
    for kind in ("report", "answers", "notebook", "script"):
        app.button(key=f"make_{kind}").click().run()
        assert not app.exception and not app.error
    made = {f"report.{language}.html", "answers.csv", f"notebook.{language}.zip", f"script.{language}.zip"}
    ask = TestClient(Starlette(routes=ROUTES)).get
    for name in made:
        answer = ask(f"/runs/{run.id}/{name}")
        assert answer.status_code == 200 and answer.headers["content-disposition"].startswith("attachment")
    assert {file.name for file in run.export_file("model.zip").parent.iterdir()} == made


def test_only_what_was_made_can_be_fetched(make_run):
    run = make_run()
    ask = TestClient(Starlette(routes=ROUTES)).get
    for name in ("model.zip", "config.json", "data.parquet", "..%2Fconfig.json", "exports/model.zip", "report.fr.html", ""):
        assert ask(f"/runs/{run.id}/{name}").status_code == 404
    assert ask("/runs/nobody/model.zip").status_code == 404


def test_what_was_made_goes_after_a_day_and_only_to_who_is_in_the_class(make_run, class_codes):
    run = make_run()
    run.save_export("model.zip", lambda path: path.write_bytes(b"x"))
    ask = TestClient(Starlette(routes=ROUTES)).get
    assert ask(f"/runs/{run.id}/model.zip").status_code == 403
    delete_exports()
    assert run.export_file("model.zip").exists()
    os.utime(run.export_file("model.zip"), (1, 1))
    delete_exports()
    assert not run.export_file("model.zip").exists()


def test_figures_are_saved_as_chosen(opened):
    app, _ = opened(with_test=False)
    for form in ("png", "svg"):
        look(app, "take")
        app.segmented_control(key="figure_format").set_value(form).run()
        look(app, "movement")
        saved = json.loads(app.get("plotly_chart")[0].proto.config)["toImageButtonOptions"]
        assert saved["format"] == form and saved["filename"] == "mlmtune-moved"
