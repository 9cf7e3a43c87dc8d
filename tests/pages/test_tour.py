"""The tour: offered once, done by doing, in any order, never stuck; and terms that answer where they stand."""

import re

import pytest

from mlmtune_core.glossary import TERMS
from mlmtune_core.language import LANGUAGES, translator
from mlmtune_core.workers import worker
from pages.shared.terms import explained
from pages.shared.visit import Visit
from pages.shell.tour_steps import IDS, STEPS, Standing, find_step

SAMPLE = "sample-sentiment-en"
RUNNING = {"page": "watch", "has_data": True, "has_run": True, "state": "training"}


def reached(app, language):
    """The step of which the bar speaks; it must be the one in the address."""
    tr, texts = translator(language), re.sub("<.*?>", "", " ".join(text.value for text in app.markdown))
    told = [step.id for step in STEPS if tr(step.says) in texts]
    assert told == [app.query_params["tour"]]
    assert tr("Tour: {number} of {count}").format(number=IDS.index(told[0]) + 1, count=len(STEPS)) in texts
    return told[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_visit_is_offered_the_tour_and_does_not_see_it_again_once_skipped(open_page, language):
    app = open_page("home", language)
    assert app.button(key="tour_begin").label == translator(language)("Take the tour")
    app.button(key="tour_skip").click().run()
    assert app.query_params["tour"] == "off" and "tour_begin" not in [each.key for each in app.button]
    again = open_page("home", language, tour="off")  # the page loaded anew
    assert "tour_begin" not in [each.key for each in again.button]
    again.button(key="tour_again").click().run()
    assert reached(again, language) == "open"


def test_who_has_a_run_is_not_offered_it_but_can_take_it(open_page, make_run):
    make_run()
    app = open_page()
    assert "tour_begin" not in [each.key for each in app.button]
    app.button(key="tour_again").click().run()
    assert app.query_params["tour"] == "open"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_step_notices_that_it_was_done(open_page, engine_here, make_run, language):
    app = open_page("home", language)
    app.button(key="tour_begin").click().run()
    assert reached(app, language) == "open"
    app.button(key="open_sample").click().run()
    assert reached(app, language) == "tokens"
    app.button(key="to_train").click().run()
    assert reached(app, language) == "strategy"
    app.radio(key="strategy").set_value("full").run()
    assert reached(app, language) == "start"
    app.button(key="start").click().run()
    assert reached(app, language) == "evaluation" and not app.exception

    run = make_run()  # a small one instead of the one that waits
    app = open_page("watch", language, run=run.id, tour="evaluation")
    run.request("pause")
    app.run()
    assert reached(app, language) == "continue", "who pauses before the first evaluation has paused"
    run.request("")
    list(worker.carry_out(run))
    app.run()
    assert reached(app, language) == "model"
    app.button(key="to_inspect").click().run()
    assert reached(app, language) == "ask"
    app = open_page("inspect", language, run=run.id, tour="ask")
    app.text_input(key="sentence").set_value("a good film").run()
    app.run()  # what asked draws itself anew; the bar looks again a second later
    assert app.query_params["tour"] == "done" and translator(language)("Close") == app.button(key="tour_skip").label
    app.switch_page("train/page.py").run()
    assert app.query_params["tour"] == "off" and "tour_skip" not in [each.key for each in app.button]


def test_on_another_page_it_shows_the_way(open_page):
    app = open_page("inspect", tour="open")
    assert app.button(key="tour_go").label == "Go to: Start here"
    app.button(key="tour_go").click().run()
    assert app.button(key="open_sample") and "tour_go" not in [each.key for each in app.button]


def test_a_run_from_before_the_tour_or_of_somebody_else_is_not_the_tours(open_page, make_run):
    run = make_run()
    app = open_page("home", run=run.id, data=SAMPLE)
    app.button(key="tour_again").click().run()
    assert app.query_params["tour"] == "open"


def test_an_address_with_a_step_that_is_not_known_is_a_visit_without_tour(open_page):
    assert not [each for each in open_page("data", tour="<b>x").button if str(each.key).startswith("tour")]


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [
        ("open", {"page": "home"}, "open"),
        ("open", {"page": "data"}, "open"),
        ("open", {"page": "train", "has_data": True}, "strategy"),
        ("open", {**RUNNING, "state": "queued"}, "evaluation"),
        ("open", RUNNING | {"page": "inspect", "has_model": True, "asked": True}, "done"),
        ("tokens", {"page": "data"}, "open"),  # the data are gone
        ("tokens", {"page": "data", "has_data": True, "strategy": "full"}, "tokens"),  # chosen in an earlier run
        ("continue", {"page": "watch", "has_data": True}, "start"),  # the run was deleted
        ("evaluation", RUNNING | {"measured": True}, "pause"),
        ("evaluation", RUNNING | {"state": "paused"}, "continue"),
        ("evaluation", RUNNING | {"state": "finished"}, "model"),  # too fast to pause
        ("evaluation", RUNNING | {"state": "failed"}, "model"),
        ("pause", RUNNING | {"state": "interrupted"}, "model"),
        ("continue", RUNNING | {"state": "paused", "resumed": True}, "continue"),  # paused twice
        ("continue", RUNNING | {"resumed": True}, "model"),
        ("model", RUNNING | {"page": "inspect"}, "model"),  # nothing to open yet
        ("model", RUNNING | {"page": "home"}, "model"),  # never back
        ("done", {"page": "home"}, "done"),
    ],
)
def test_any_order_will_do(before, now, after):
    assert find_step(before, Standing(**{"has_data": False} | now)) == after


def test_what_the_steps_quote_is_what_the_pages_say():
    """The label of every button that a step names, in both languages."""
    tr = translator("pt-BR")
    for step in STEPS:
        quoted = re.findall("“(.+?)”", step.says)
        assert re.findall("“(.+?)”", tr(step.says)) == [tr(label) for label in quoted]
        assert all(tr(label) != label for label in quoted)


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms_of_the_steps_answer_where_they_stand(language):
    visit = Visit(language, translator(language))
    for step in STEPS:
        drawn = explained(visit, visit.tr(step.says) + " " + visit.tr(step.why), *step.terms)
        assert drawn.count('class="term"') == len(step.terms), (step.id, drawn)


@pytest.mark.parametrize("language", LANGUAGES)
def test_terms_of_the_pages_answer_where_they_stand(inspected, open_page, language):
    app, run = inspected(language=language)
    app.text_input(key="sentence").set_value("a good film").run()
    assert count_terms(app) == 12
    assert count_terms(open_page("watch", language, run=run.id)) == 6
    assert count_terms(open_page("home", language)) == 3


def count_terms(app):
    return sum(text.value.count('class="term"') for kind in ("markdown", "caption") for text in app.get(kind))


def test_a_meaning_can_be_reached_and_read_by_keyboard_and_is_not_searched_itself():
    drawn = explained(Visit("en", str), r"The logits of \[CLS\], see [below](#logit).", "logit", "cls", "head")
    assert drawn.count('tabindex="0"') == 2 and "](#logit)" in drawn
    assert f'aria-label="[CLS]: {TERMS["cls"].meaning}"' in drawn


def test_the_glossary_is_sent_only_while_it_is_open(open_page):
    app = open_page("train")
    assert TERMS["softmax"].meaning not in str(app._tree)
    app.session_state["glossary"] = True
    app.run()
    assert app.button(key="tour_from_glossary") and not app.exception
