"""Whole journeys in a real browser: upload, start, watch, refresh, stop, inspect, in both languages."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from mlmtune_core.data.uploads import SAMPLES_FOLDER
from tests.browser.serving import settled

pytestmark = pytest.mark.browser

CHAPTER_SENTENCE = "A Apple foi fundada por Steve Jobs na Califórnia"


def upload(page: Page, path: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(path)
    page.locator(".st-key-to_train button").wait_for()
    page.locator(".st-key-lengths .main-svg").first.wait_for()
    settled(page)


def fill_number(page: Page, key: str, value: str) -> None:
    field = page.locator(f".st-key-{key} input")
    field.fill(value)
    field.press("Enter")
    settled(page)


def chart(page: Page):
    return page.locator(".live-chart")


def wait_for_points(page: Page, more_than: int) -> int:
    page.wait_for_function("n => Number(document.querySelector('.live-chart')?.dataset.points ?? 0) > n", arg=more_than)
    return int(chart(page).get_attribute("data-points"))


def x_range(page: Page) -> list[float]:
    return page.evaluate("() => document.querySelector('.live-chart-plot').layout.xaxis.range")


def zoom_in(page: Page) -> list[float]:
    box = page.locator(".live-chart .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + box["height"] - 20, steps=5)
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('.live-chart-plot').layout.xaxis.range[0] > 0")
    return x_range(page)


def test_classify_texts_from_upload_to_logits(visit):
    with visit() as page:
        page.locator(".st-key-own_data button").click()
        expect(page.get_by_text("Choose a file above")).to_be_visible()
        upload(page, SAMPLES_FOLDER / "sentiment.en.csv")
        expect(page.get_by_text("[CLS]", exact=True).first).to_be_visible()
        page.locator(".st-key-to_train button").click()
        page.locator(".layer-stack").wait_for()
        expect(page.get_by_text(re.compile("770 of 22,713,986 weights will learn"))).to_be_visible()
        page.get_by_text("Everything (full)").click()
        expect(page.get_by_text(re.compile("22,566,146 of 22,713,986"))).to_be_visible()
        fill_number(page, "epochs", "60")
        page.get_by_text("Regularisation and early stopping").click()
        fill_number(page, "patience", "0")  # else it may have ended before it is stopped
        page.locator(".st-key-start button").click()

        seen = [wait_for_points(page, 0)]
        seen.append(wait_for_points(page, seen[-1]))
        zoomed = zoom_in(page)
        seen.append(wait_for_points(page, seen[-1]))
        seen.append(wait_for_points(page, seen[-1]))
        assert x_range(page) == zoomed, "zoom is kept while points arrive"
        assert len(set(seen)) >= 4

        page.reload()
        settled(page)
        assert wait_for_points(page, seen[-1]) > seen[-1], "after a refresh the whole run is there and goes on"
        page.wait_for_function("() => Number(document.querySelector('.live-chart').dataset.evals) >= 2")
        page.locator(".st-key-stop button").first.click()
        page.locator(".st-key-to_inspect button").wait_for()
        expect(page.get_by_text("Stopped by you.")).to_be_visible()
        assert int(chart(page).get_attribute("data-points")) < 60 * 13

        page.locator(".st-key-to_inspect button").click()
        field = page.locator(".st-key-sentence input")
        field.fill("What a wonderful, moving film!")
        field.press("Enter")
        expect(
            page.get_by_role("heading", name=re.compile(r"Answer: (positive|negative) \(\d+\.\d%\)"))
        ).to_be_visible()
        expect(page.get_by_role("img", name="Bars: the logit of every label")).to_be_visible()
        expect(page.get_by_test_id("stDataFrame")).to_be_visible()


@pytest.mark.long
def test_label_words_in_portuguese_in_the_dark(visit):
    with visit("pt-BR", "dark") as page:
        expect(page.get_by_role("heading", name="Veja o que o fine-tuning faz")).to_be_visible()
        page.locator(".st-key-own_data button").click()
        upload(page, SAMPLES_FOLDER / "entities.en.conll")
        expect(page.get_by_text("Lido como colunas CoNLL, UTF-8", exact=False)).to_be_visible()
        expect(page.get_by_text("B-LOC", exact=True).first).to_be_visible()
        page.locator(".st-key-to_train button").click()
        page.locator(".layer-stack").wait_for()
        fill_number(page, "epochs", "200")
        page.get_by_text("Regularização").click()
        fill_number(page, "patience", "0")
        page.locator(".st-key-start button").click()
        seen = [wait_for_points(page, 0)]
        seen.append(wait_for_points(page, seen[-1]))
        page.reload()
        settled(page)
        seen.append(wait_for_points(page, seen[-1]))
        assert len(set(seen)) == 3
        page.wait_for_function("() => Number(document.querySelector('.live-chart').dataset.evals) >= 2")
        page.locator(".st-key-stop button").first.click()
        page.locator(".st-key-to_inspect button").wait_for()
        expect(page.get_by_text("bit a bit", exact=False)).to_be_visible()
        page.locator(".st-key-to_inspect button").click()
        page.locator(".st-key-chapter button").click()
        chips = page.locator(".token-strip .chip")
        expect(chips).to_have_count(9)
        assert [chip.split("\n")[0] for chip in chips.all_inner_texts()] == CHAPTER_SENTENCE.split()
        chips.nth(6).click()
        expect(page.locator(".token-strip .panel .word")).to_have_text("Jobs")
        assert page.locator(".token-strip .panel .row").count() == 1 + 7
        shares = [
            float(text.strip("%").replace(",", "."))
            for text in page.locator(".token-strip .panel .row:not(.head) span:nth-of-type(2)").all_inner_texts()
        ]
        assert shares == sorted(shares, reverse=True) and abs(sum(shares) - 100) < 1
        expect(page.get_by_test_id("stDataFrame")).to_be_visible()


def test_a_run_goes_on_when_its_page_is_closed(visit):
    with visit() as page:
        page.locator(".st-key-open_sample button").click()
        page.locator(".st-key-to_train button").click()
        page.locator(".layer-stack").wait_for()
        fill_number(page, "epochs", "3")
        page.locator(".st-key-start button").click()
        page.wait_for_url(re.compile(r"/watch\?.*run="))
        address = "/" + page.url.split("/", 3)[3].replace("lang=en", "lang=pt-BR")
    with visit(path=address) as page:
        expect(page.get_by_text("concluído", exact=True)).to_be_visible()
        page.wait_for_function("() => document.querySelector('.live-chart')?.dataset.evals === '4'")
        assert chart(page).get_attribute("data-points") == chart(page).get_attribute("data-last-step")
        assert int(chart(page).get_attribute("data-points")) % 3 == 0, "three whole epochs are drawn"


def test_the_language_can_be_switched_and_stands_in_the_address(visit):
    with visit("pt-PT") as page:
        expect(page.get_by_role("link", name="Comece aqui")).to_be_visible()
        page.locator(".st-key-language").get_by_text("English").click()
        expect(page.get_by_role("link", name="Start here")).to_be_visible()
        page.wait_for_url(re.compile("lang=en"))
        page.reload()
        settled(page)
        expect(page.get_by_role("link", name="Start here")).to_be_visible()


def test_a_change_of_language_keeps_what_was_chosen(visit):
    with visit(path="/train?data=sample-entities-en") as page:
        page.locator(".layer-stack").wait_for()
        page.get_by_text("Everything (full)").click()
        expect(page.get_by_text(re.compile("22,568,071 of"))).to_be_visible()
        page.locator(".st-key-language").get_by_text("Português").click()
        expect(page.get_by_text(re.compile("22.568.071 de"))).to_be_visible()
        expect(page.get_by_role("radio", name="Tudo (completo)")).to_be_checked()


def test_the_server_process_holds_no_torch(visit, server):
    with visit(path="/data?data=sample-entities-en") as page:
        page.locator(".st-key-lengths .main-svg").first.wait_for()
    libraries = Path(f"/proc/{server.pid}/maps").read_text()
    assert "torch" not in libraries and "python" in libraries
    assert "Traceback" not in server.log.read_text()
