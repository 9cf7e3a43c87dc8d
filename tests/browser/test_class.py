"""A lesson: a teacher and two students, each in a browser of their own, on one server."""

import csv
import io
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mlmtune_core.runs.run import Run
from tests.browser.serving import serve, settled
from tests.browser.test_journeys import fill_number, wait_for_points

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture(scope="module")
def server(tmp_path_factory, browser):
    """A server of a class; every name in this file is asked by it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLMTUNE_CLASS_CODE", "chalk")
        environment.setenv("MLMTUNE_TEACHER_CODE", "slate")
        environment.setenv("MLMTUNE_TRAIN_WORKERS", "1")
        environment.setenv("MLMTUNE_KEEP_DAYS", "30")
        with serve(tmp_path_factory.mktemp("class")) as running:
            yield running


def come_in(page: Page, name: str, code: str) -> None:
    page.locator(".st-key-entrance_name input").fill(name)
    page.locator(".st-key-entrance_code input").fill(code)
    page.locator(".st-key-entrance_go button").click()
    page.get_by_test_id("stTopNavLink").first.wait_for()
    settled(page)


def start(page: Page, epochs: int, everything: bool = False) -> str:
    """Starts a run and returns its address without the host."""
    page.locator(".layer-stack").wait_for()
    if everything:
        page.get_by_text("Everything (full)").click()
        page.get_by_text(re.compile("22,566,146 of")).wait_for()
    fill_number(page, "epochs", str(epochs))
    page.get_by_text("waiting: 0 of 3 runs").wait_for()
    page.locator(".st-key-start button").click()
    page.wait_for_url(re.compile(r"/watch\?.*run="))
    return "/" + page.url.split("/", 3)[3]


def choose(page: Page, words: str) -> None:
    page.locator(".st-key-class_run input").click()
    page.get_by_role("option", name=re.compile(words)).click()
    expect(page.locator(".st-key-class_run input")).to_have_value(re.compile(words))
    settled(page)


@pytest.mark.timeout(600)
def test_a_lesson(visit, server):
    train = "/train?data=sample-sentiment-en"
    with visit(path=train) as ana, visit(path=train) as bia, visit(path="/teacher", scheme="dark") as rui:
        for page in (ana, bia, rui):
            page.set_default_timeout(180_000)
            expect(page.get_by_role("heading", name="Welcome to the class")).to_be_visible()
            expect(page.locator(".st-key-start")).to_have_count(0)
        ana.locator(".st-key-entrance_name input").fill("Ana")
        ana.locator(".st-key-entrance_code input").fill("chalks")
        ana.locator(".st-key-entrance_go button").click()
        expect(ana.get_by_text("This code is not right")).to_be_visible()
        come_in(ana, "Ana", "chalk")
        come_in(bia, "<b>Bia</b>", "chalk")
        expect(bia.get_by_role("link", name="Class")).to_have_count(0)

        anas = start(ana, 200, everything=True)
        expect(ana.locator(".st-key-stop button").first).to_be_enabled()
        bias = start(bia, 3)
        expect(bia.get_by_text("waiting for a free worker")).to_be_visible()

        bia.goto(server.address + anas)
        expect(bia.get_by_text("This is a run of Ana: you can look at it.")).to_be_visible()
        wait_for_points(bia, 0)
        for key in ("stop", "pause", "delete"):
            expect(bia.locator(f".st-key-{key}")).to_have_count(0)
        run_id = re.search(r"run=(\w+)", anas)[1]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{server.address}/runs/{run_id}/events")

        come_in(rui, "Rui", "slate")
        expect(rui.get_by_role("link", name="Class")).to_be_visible()
        expect(rui.get_by_text("Under way: 1 · waiting: 1")).to_be_visible()
        expect(rui.get_by_test_id("stDataFrame")).to_be_visible()
        choose(rui, "^Ana")
        rui.locator(".st-key-stop button").first.click()
        expect(ana.get_by_text("Stopped on request.")).to_be_visible()
        expect(ana.get_by_text(re.compile("Kept until"))).to_be_visible()
        assert Run(server.home / "runs" / run_id).state() == "stopped"

        bia.goto(server.address + bias)
        bia.get_by_text("finished", exact=True).wait_for()
        rui.get_by_text("Results", exact=True).click()
        with rui.expect_download() as download:
            rui.locator(".st-key-results_csv button").click()
        rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))
        assert {row["person"] for row in rows} >= {"<b>Bia</b>"} and all(0 < float(row["score"]) <= 1 for row in rows)

        ana.locator(".st-key-delete button").click()
        ana.locator(".st-key-delete_yes button").click()
        ana.wait_for_url(re.compile("/train"))
        assert not (server.home / "runs" / run_id).exists()
    assert "Traceback" not in server.log.read_text()
