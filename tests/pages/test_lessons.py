"""The page of the lessons: predict before anything is shown, the rule before the runs, the verdict after; a teacher's link is the lesson."""

import json

import pytest

from mlmtune_core.language import LANGUAGES, translator
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.chapter import STATEMENTS
from mlmtune_core.lessons.records import has_recorded
from mlmtune_core.lessons.running import carry_out_lesson, record_report
from mlmtune_core.lessons.votes import count_votes, vote
from mlmtune_core.people import admit, find_person
from mlmtune_core.runs.shelf import find_group
from mlmtune_core.runs.sweeps import list_sweeps
from mlmtune_core.workers import engine, worker
from pages.shared.projector import GROWTH
from tests.core.test_lessons import small_lesson as small_lesson  # a lesson of two arms on eight texts

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_lessons_can_be_opened_from_the_list(open_page, language):
    app = open_page("lessons", language)
    tr = translator(language)
    told = [button.label for button in app.button]
    for lesson in LESSONS.values():
        assert any(tr(lesson.question)[:20] in label.replace("\\", "") for label in told), lesson.id


def test_the_list_gives_no_verdict_away_before_it_is_predicted_or_asked_for(open_page, small_lesson):
    small_lesson_report = carry_out_lesson(small_lesson, range(2), lambda done, total: None)
    record_report(small_lesson_report | {"about": small_lesson_report["about"] | {"seconds": 1.0}})
    app = open_page("lessons")
    assert app.button(key=f"open_x_{STATEMENTS['T5.2'].name}") and not any("-badge[" in each.value for each in app.markdown)
    app.toggle(key="all_verdicts").set_value(True).run()
    assert sum("-badge[" in each.value for each in app.markdown) == 1
    app.toggle(key="all_verdicts").set_value(False).run()
    assert not any("-badge[" in each.value for each in app.markdown)
    vote(small_lesson, find_person(""), small_lesson.options[0].id)
    assert any("-badge[" in each.value for each in app.run().markdown)


@pytest.mark.parametrize(("name", "language"), [(name, list(LANGUAGES)[i % 2]) for i, name in enumerate(LESSONS)])
def test_a_lesson_shows_nothing_of_its_result_before_the_prediction(open_page, name, language):
    app = open_page("lessons", language, lesson=name)
    assert not app.exception and app.radio(key=f"prediction_{name}")
    assert not app.get("plotly_chart") and not any("badge" in each.value for each in app.markdown)
    if not has_recorded(name):
        return
    app.button(key="predict").click().run()
    assert not app.exception and app.get("plotly_chart")
    verdicts = [each.value for each in app.markdown if "-badge[" in each.value]
    assert len(verdicts) == len(LESSONS[name].claims)
    assert sum(count_votes(LESSONS[name]).values()) == 1


def test_for_the_projector_a_chart_is_written_larger_and_has_the_room(open_page):
    app = open_page("lessons", lesson="4")
    app.button(key="predict").click().run()  # remembered when the page is opened again
    usual, large = (json.loads(each.get("plotly_chart")[0].proto.spec)["layout"] for each in (app, open_page("lessons", lesson="4", projector="1")))
    for part in (lambda layout: layout["height"], lambda layout: layout["font"]["size"], lambda layout: layout["yaxis"]["tickfont"]["size"]):
        assert part(large) == pytest.approx(GROWTH * part(usual))


def test_a_lesson_is_run_live_and_judged(open_page, small_lesson):
    app = open_page("lessons", lesson="x")
    app.button(key="predict").click().run()
    app.slider(key="seeds_x").set_value(2).run()
    app.button(key="lesson_start").click().run()
    assert not app.exception, app.exception
    (sweep,) = list_sweeps()
    assert sweep.about()["lesson"] == "x" and len(sweep.runs()) == 4
    assert len(engine.current().queue.submitted) == 1
    for run in sweep.runs():
        together = [each for each in find_group(run) if each.summary() is None]
        list(worker.carry_out_together(together) if len(together) > 1 else ())
    app.run()
    assert not app.exception and sweep.load("verdicts")
    assert any("-badge[" in each.value for each in app.markdown) and app.get("plotly_chart")


def test_a_locked_link_leaves_only_the_prediction_to_choose(open_page, small_lesson):
    app = open_page("lessons", lesson="x", seeds="2", hide="tasks,what_if", locked="1")
    assert not any(button.key == "all_lessons" for button in app.button)
    app.button(key="predict").click().run()
    assert app.slider(key="seeds_x").value == 2 and app.slider(key="seeds_x").disabled and app.selectbox(key="arm_x").disabled
    assert not any(button.key in ("what_if_sweep", "teacher_link") for button in app.button)
    told = [each.value for each in app.subheader]
    assert "To do" not in told and "And what if?" not in told
    app = open_page("lessons", lesson="x", hide="live")
    assert not any(button.key == "lesson_start" for button in app.button)


def run_live(app):
    app.slider(key="seeds_x").set_value(1).run()
    app.button(key="lesson_start").click().run()
    sweep = list_sweeps()[0]
    list(worker.carry_out_together(sweep.runs()))
    app.run()
    assert not app.exception and sweep.load("verdicts")


def test_a_class_votes_before_and_sees_its_votes_and_its_runs_after(open_page, small_lesson, class_codes, come_as):
    right, wrong = "valley", next(option.id for option in small_lesson.options if option.id != "valley")
    people = {"a" * 43: ("Ana", right), "b" * 43: ("Bia *B*", wrong)}
    for token, (name, option) in people.items():
        admit(token, name, "chalk")
        come_as(token)
        app = open_page("lessons", lesson="x")
        app.radio(key="prediction_x").set_value(option).run()
        app.button(key="predict").click().run()
        run_live(app)
        assert not any(button.key == "forget_votes" for button in app.button)
        assert not any(expander.label.startswith("For the teacher") for expander in app.expander)
    assert any("2 votes" in each.value for each in app.caption)
    assert any("The class voted before" in each.value and "of 2" in each.value for each in app.info)
    admit("r" * 43, "Rui", "slate")
    come_as("r" * 43)
    app = open_page("lessons", lesson="x", link_seeds="3")
    app.button(key="no_prediction").click().run()
    assert any(expander.label.startswith("For the teacher") for expander in app.expander)
    app.session_state["class_picture"] = True
    app.run()
    told = {part for each in app.caption for part in each.value.replace("\\", "").split(", ")}
    assert not app.exception and {"Ana: 2", "Bia *B*: 2"} <= told
    app.button(key="forget_votes").click().run()
    assert sum(count_votes(small_lesson).values()) == 0


def test_an_unknown_lesson_is_said(open_page):
    assert "no lesson" in open_page("lessons", lesson="66").error[0].value
