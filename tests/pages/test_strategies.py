"""The strategies beyond the chapter's three on the pages: asked for, drawn, counted, filled in again, told of when the run is looked at."""

import pytest

from mlmtune_core.config import validate
from mlmtune_core.inspecting.predicting import load_run
from mlmtune_core.workers import worker
from pages.settings.form import fill_settings
from tests.pages.test_pages import texts

pytestmark = pytest.mark.thorough
LAYER = 1_774_464  # weights of a layer of the bundled checkpoint


def drawn(app):
    return " ".join(html.proto.body for html in app.get("html"))


def states(app):
    return [part.split("'")[0] for part in drawn(app).split("data-state='")[1:]]


def test_gradual_unfreezing_is_counted_from_its_first_to_its_last_step(open_page):
    app = open_page("train", data="sample-sentiment-en")
    app.radio(key="strategy").set_value("gradual").run()
    assert f"**770 of 22,713,986 weights will learn at first, {6 * LAYER + 770:,} in the end (46.877%)**" in texts(app)
    assert states(app) == ["learning", "unused", *["later"] * 6, "frozen"]


def test_lora_is_counted_by_its_rank_and_started_with_it(open_page, engine_here):
    app = open_page("train", data="sample-sentiment-en")
    app.radio(key="strategy").set_value("lora").run()
    small = 6 * 2 * 8 * (384 + 384)
    assert f"**{small + 770:,} of {22_713_986 + small:,} weights will learn (0.327%)**" in texts(app)
    assert states(app) == ["learning", "unused", *["partly"] * 6, "frozen"] and f"{LAYER:,} + {small // 6:,}" in drawn(app)
    assert "decay_towards" not in [radio.key for radio in app.radio]
    app.select_slider(key="lora_rank").set_value(2).run()
    app.button(key="start").click().run()
    (run,) = engine_here.submitted
    assert run.config().strategy == "lora:2" and run.config().head_learning_rate == 1e-3


def asked(app):
    return {each.key for each in [*app.number_input, *app.radio, *app.toggle]} & {"layer_decay", "decay_towards", "bias_correction"}


def test_what_concerns_the_body_is_asked_where_it_learns_and_comes_into_the_run(open_page, engine_here):
    app = open_page("train", data="sample-sentiment-en")
    assert asked(app) == {"bias_correction"}
    app.radio(key="strategy").set_value("full").run()
    assert asked(app) == {"layer_decay", "decay_towards", "bias_correction"}
    app.number_input(key="layer_decay").set_value(0.0).run()
    assert "must be above 0" in app.error[0].value and app.button(key="start").disabled
    app.number_input(key="layer_decay").set_value(0.9)
    app.radio(key="decay_towards").set_value("pretrained")
    app.toggle(key="bias_correction").set_value(False)
    app.number_input(key="max_grad_norm").set_value(0.0).run()
    app.button(key="start").click().run()
    config = engine_here.submitted[0].config()
    assert (config.layer_decay, config.decay_towards, config.bias_correction, config.max_grad_norm) == (0.9, "pretrained", False, 0.0)


@pytest.mark.parametrize(
    ("strategy", "more"),
    [("lora:5", {"bias_correction": False}), ("gradual", {"layer_decay": 0.75, "decay_towards": "pretrained", "learning_rate": 3e-4})],
)
def test_settings_of_a_run_fill_the_form(open_page, make_run, engine_here, strategy, more):
    filled = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pages.settings.form.st.session_state", filled)
        fill_settings(validate({"strategy": strategy, "epochs": 4, **more}))
    app = open_page("train", data="sample-sentiment-en")
    for key, value in filled.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception, app.exception[0].value
    app.button(key="start").click().run()
    config = engine_here.submitted[0].config()
    assert config.model_dump(include={"strategy", *more}) == {"strategy": strategy, **more} and config.epochs == 4


@pytest.mark.parametrize(("language", "words"), [("en", "1 after step 3, 2 after step 6"), ("pt-BR", "1 depois do passo 3, 2 depois do passo 6")])
def test_a_run_says_when_its_layers_began_to_learn(open_page, make_run, language, words):
    run = make_run(strategy="gradual", epochs=5, patience=0)
    list(worker.carry_out(run))
    app = open_page("watch", language, run=run.id)
    assert words in texts(app)
    embeddings = sum(weights for name, weights in find_weights(run).items() if "embeddings" in name or "pooler" in name)
    assert f"{embeddings:,}".replace(",", "." if language == "pt-BR" else ",") in app.success[0].value


def find_weights(run):
    return {name: weight.numel() for name, weight in load_run(run).model.named_parameters()}


def test_what_cannot_be_redone_is_said_where_it_would_be_made(inspected):
    app, _ = inspected(strategy="lora:2", epochs=1)
    app.session_state["way"] = "take"
    app.run()
    assert texts(app).count("would train something else") == 2
    assert {"make_model", "make_report"} <= {button.key for button in app.button} and "make_script" not in {button.key for button in app.button}
