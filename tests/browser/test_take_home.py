"""What is taken home, in a real browser: a report that opens with the network off, and figures that are files worth having."""

import io

import pytest
from playwright.sync_api import expect

from tests.browser.serving import settled
from tests.browser.test_journeys import fill_number

pytestmark = pytest.mark.long  # a minute in Chromium; what it is about is tested without one, too


def test_a_report_opens_offline_and_a_figure_is_saved_on_its_background(visit, browser, tmp_path):
    with visit(scheme="dark", path="/train?data=sample-sentiment-en") as page:
        page.locator(".layer-stack").wait_for()
        settled(page)
        fill_number(page, "epochs", "1")
        page.locator(".st-key-start button").click()
        page.wait_for_url("**/watch?*run=*")
        page.locator(".st-key-to_inspect button").click(timeout=240_000)
        settled(page)
        page.locator(".st-key-way button").filter(has_text="What moved").click()
        page.locator(".st-key-moved .main-svg").first.wait_for()
        _check_background(*_save_figure(page, "moved", tmp_path))
        page.locator(".st-key-way button").filter(has_text="Take it home").click()
        page.locator(".st-key-figure_format button").filter(has_text="SVG").click()
        settled(page)
        for kind in ("report", "answers"):
            page.locator(f".st-key-make_{kind} button").click()
            expect(page.locator(f".st-key-get_{kind} a")).to_be_visible()
        with page.expect_download() as begun:
            page.locator(".st-key-get_report a").click()
        begun.value.save_as(tmp_path / "report.html")
        page.locator(".st-key-way button").filter(has_text="What moved").click()
        page.locator(".st-key-moved .main-svg").first.wait_for()
        settled(page)
        name, content = _save_figure(page, "moved", tmp_path)
        assert name == "mlmtune-moved.svg" and b"<svg" in content[:200]
    _open_offline(browser, tmp_path / "report.html")


def _save_figure(page, key, tmp_path):
    figure = page.locator(f".st-key-{key}")
    figure.hover()
    with page.expect_download() as begun:
        figure.locator('.modebar-btn[data-title^="Download plot"]').click()
    begun.value.save_as(tmp_path / "figure")
    return begun.value.suggested_filename, (tmp_path / "figure").read_bytes()


def _check_background(name, content):
    """Light signs on the dark page stay legible: the background is in the file."""
    from PIL import Image

    picture = Image.open(io.BytesIO(content)).convert("RGBA")
    assert name == "mlmtune-moved.png" and picture.width > 1500
    red, green, blue, alpha = picture.getpixel((3, 3))
    assert alpha == 255 and max(red, green, blue) < 80
    assert max(low_high[1] for low_high in picture.convert("RGB").getextrema()) > 150


def _open_offline(browser, file):
    context = browser.new_context(offline=True)
    page, asked, errors = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    expect(page.locator(".figure .main-svg").first).to_be_visible()
    assert page.locator(".figure").count() == page.locator(".figure .svg-container").count() == 4
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == [] and not errors
    context.close()
