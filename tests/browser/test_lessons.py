"""Lessons in a browser: a whole one as a student, a recording that is replayed, a link that a teacher has locked."""

import re

import pytest
from playwright.sync_api import expect

from mlmtune_core.lessons.records import has_recorded
from tests.browser.serving import settled

pytestmark = pytest.mark.browser


def test_a_lesson_as_a_student(visit):
    """Predict, run for real, read the verdict beside the own prediction; in Portuguese."""
    with visit("pt-BR", path="/lessons?lesson=0") as page:
        page.get_by_text("770 pesos aprendem").wait_for()
        assert not page.locator("[class*=st-key-verdict_]").count()
        page.locator(".st-key-predict button").click()
        settled(page)
        if has_recorded("0"):
            page.locator(".st-key-way_0 button").last.click()
            settled(page)
        page.locator(".st-key-lesson_start button").click()
        page.locator(".sweep-chart[data-ended='3']").wait_for(timeout=90_000)
        verdict = page.locator(".st-key-verdict_0")
        verdict.wait_for(timeout=90_000)
        expect(verdict).to_contain_text("Apoiado")
        expect(page.get_by_text("Foi o que saiu")).to_be_visible()
        expect(page).to_have_url(re.compile("sweep="))
        page.reload()  # the finished lesson comes back from its address
        expect(page.locator(".st-key-verdict_0")).to_contain_text("Apoiado")


@pytest.mark.skipif(not has_recorded("4b"), reason="lesson 4b has no recording yet")
def test_a_recording_is_replayed_at_the_chosen_speed(visit):
    with visit(path="/lessons?lesson=4b") as page:
        page.locator(".st-key-predict button").click()
        chart = page.locator(".sweep-chart")
        page.locator(".sweep-chart[data-playing='false']").wait_for()
        whole = int(chart.get_attribute("data-points"))
        page.locator(".sweep-chart-bar select").select_option("4")
        page.locator(".sweep-chart-bar button").click()
        page.locator(".sweep-chart[data-playing='true']").wait_for()
        page.wait_for_function("whole => Number(document.querySelector('.sweep-chart').dataset.points) < whole", arg=whole)
        page.wait_for_function("() => document.querySelector('.sweep-chart').dataset.playing === 'false'")  # it has come to its end by itself
        assert int(chart.get_attribute("data-points")) == whole
        expect(page.locator("[class*=st-key-verdict_]").first).to_be_visible()
        expect(page.get_by_text("Recorded:")).to_be_visible()


def test_a_link_that_a_teacher_has_locked(visit):
    with visit(path="/lessons?lesson=0") as page:
        page.get_by_text("For the teacher: a link").click()
        page.locator(".st-key-link_locked label").click()
        code = page.locator("[data-testid=stCode]").filter(has_text="locked=1")
        code.wait_for()
        address = code.inner_text().strip()
    path = "/lessons?" + address.split("?", 1)[1]
    with visit(path=path) as page:
        page.locator(".st-key-predict").wait_for()
        assert page.locator(".st-key-all_lessons").count() == 0 and page.get_by_role("link", name="Data").count() == 0
        page.get_by_text("Show me without predicting").click()
        settled(page)
        assert page.get_by_text("For the teacher").count() == 0
