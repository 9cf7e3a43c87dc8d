"""The page Compare: a grid announced before Start, watched, read, taken home, and made again with something changed."""

import pytest

from mlmtune_core.language import LANGUAGES
from mlmtune_core.runs.shelf import find_group
from mlmtune_core.runs.sweeps import list_sweeps
from mlmtune_core.workers import engine, worker

pytestmark = pytest.mark.thorough


def carry_out(sweep):
    for run in sweep.runs():
        if run.summary() is None:
            together = [each for each in find_group(run) if each.summary() is None]
            list(worker.carry_out_together(together) if len(together) > 1 else worker.carry_out(run))


@pytest.fixture
def form(open_page, tiny_checkpoint):
    def open_it(language="en"):
        app = open_page("compare", language, data="sample-topics-en")
        app.session_state["checkpoint_kind"], app.session_state["checkpoint_folder"] = "folder", tiny_checkpoint
        app.session_state["epochs"] = 1
        return app.run()

    return open_it


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_data_it_says_what_to_do(open_page, language):
    app = open_page("compare", language)
    assert app.button(key="choose_data") and not app.error


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_grid_is_announced_started_and_read(form, language):
    app = form(language)
    app.multiselect(key="values_head_learning_rate").set_value(["0.001", "0.01", "0.05"]).run()
    assert app.metric[0].value == "9" and "s" in app.metric[1].value
    app.button(key="start_sweep").click().run()
    assert not app.exception, app.exception
    (sweep,) = list_sweeps()
    assert app.query_params["sweep"] in (sweep.id, [sweep.id]) and len(sweep.runs()) == 9
    assert [run.id for run in engine.current().queue.submitted] == [sweep.runs()[0].id]  # heads alone: one turn for all
    carry_out(sweep)
    app.run()
    table = app.dataframe[0].value
    assert len(table) == 9 and not app.exception
    assert app.get("plotly_chart") and not app.error
    columns = {"en": "Accuracy", "pt-BR": "Acurácia"}
    assert table[columns[language]].between(0, 1).all()


def test_what_cannot_be_started_says_why(form):
    app = form()
    app.multiselect(key="values_head_learning_rate").set_value(["0.001", "fast"]).run()
    assert app.button(key="start_sweep").disabled and "fast" in app.error[0].value
    app.multiselect(key="values_head_learning_rate").set_value([]).run()
    assert app.button(key="start_sweep").disabled
    app.multiselect(key="swept").set_value([]).run()
    assert app.button(key="start_sweep").disabled and app.error


def test_pause_go_on_stop_and_again_with_something_changed(form, open_page):
    app = form()
    app.multiselect(key="swept").set_value(["head_learning_rate", "dropout"]).run()
    app.multiselect(key="values_dropout").set_value(["0.5"]).run()
    app.slider(key="sweep_seeds").set_value(2).run()
    app.button(key="start_sweep").click().run()
    (sweep,) = list_sweeps()
    assert len(sweep.runs()) == 6
    app.button(key="sweep_pause").click().run()
    assert sweep.state() == "paused"
    app.button(key="sweep_resume").click().run()
    assert sweep.state() == "queued"
    app.button(key="sweep_stop").click().run()
    assert sweep.state() == "finished" and {run.state() for run in sweep.runs()} == {"stopped"}
    app.button(key="sweep_again").click().run()
    assert app.slider(key="sweep_seeds").value == 2 and app.multiselect(key="swept").value == ["head_learning_rate", "dropout"]
    assert app.multiselect(key="values_dropout").value == ["0.5"] and app.metric[0].value == "6"
    app = open_page("compare", sweep=sweep.id)
    app.button(key="sweep_delete").click().run()
    app.button(key="sweep_delete_yes").click().run()
    assert list_sweeps() == []


def test_an_unknown_sweep_is_said(open_page):
    assert "no sweep" in open_page("compare", sweep="nowhere").error[0].value
