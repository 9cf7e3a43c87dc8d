"""Hostile texts in a real browser: nothing of them runs, loads, draws or links; all of it can be read."""

import json
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from mlmtune_core.data.readers.cells import clean_text
from mlmtune_core.language import escape_controls
from tests.browser.serving import ROOT, serve, settled
from tests.browser.test_journeys import fill_number
from tests.hostile_texts import EVIL_HOST, HOSTILE, PRINTABLE, normal

pytestmark = [pytest.mark.browser, pytest.mark.long]

BUSY_MACHINE_MS = 240_000
# what a browser itself does not change in the name of a file
NAMES = ("script", "image_onerror", "markdown_image", "markdown_script_link", "bare_link", "bare_www", "bare_mail", "markdown_emphasis", "colour", "icon", "arrows", "katex_image", "braces", "braces_reach_in", "percent", "spreadsheet_at")  # fmt: skip
FILE_NAME = "- " + " · ".join(HOSTILE[name].replace('"', "'").replace("/", "∕") for name in NAMES) + ".json"
TEXT_COLUMN, LABEL_COLUMN = HOSTILE["script"], HOSTILE["markdown_image"]
INTRUDERS = ", ".join(
    [
        *(f"{tag}[{name}*='{EVIL_HOST}']" for tag, name in (("a", "href"), ("img", "src"), ("form", "action"), ("iframe", "src"), ("link", "href"), ("base", "href"), ("object", "data"), ("embed", "src"))),
        "a[href^='javascript:']", "a[href^='mailto:']", "iframe[srcdoc]", "base", "meta[http-equiv=refresh]", "object", "embed",
        ".katex", "img[alt='Streamlit logo']", "[onload], [onerror], [onclick], [onmouseover], [onfocus], [ontoggle]",
        "[data-testid=stMarkdownContainer] :is(ul, ol, table, hr, blockquote, pre)", "[class*=stMarkdownColored]",
    ]
)  # fmt: skip


@contextmanager
def watched_visit(browser, address):
    """A page of which every request, failed ones too, every connection, dialog and new window is noted; none may be foreign."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(BUSY_MACHINE_MS)
    foreign = []

    def note(url):
        if not url.startswith((address, address.replace("http", "ws", 1), "data:", "blob:", "about:")):
            foreign.append(url)

    context.on("request", lambda request: note(request.url))
    context.on("requestfailed", lambda request: note(request.url))
    context.on("dialog", lambda dialog: (foreign.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page = context.new_page()
    context.on("page", lambda other: foreign.append(f"window: {other.url}"))
    page.on("websocket", lambda socket: note(socket.url))
    page.on("pageerror", lambda error: foreign.append(f"error: {error}"))
    page.on("framenavigated", lambda frame: note(frame.url))
    yield page
    context.close()
    assert not foreign


def look(page, colours):
    """Fails where a text has become more than text."""
    assert page.evaluate("() => window.__hostile") is None
    assert "hostile" not in page.title()
    found = page.locator(INTRUDERS)
    assert not found.count(), found.first.evaluate("element => element.outerHTML")
    assert not page.locator("style, script").evaluate_all(f"all => all.filter((one) => one.textContent.includes('{EVIL_HOST}'))")  # fmt: skip
    assert page.locator("style").evaluate_all("all => all.every((one) => !one.textContent.includes('255, 0, 0) !important'))")  # fmt: skip
    assert colours == colours_of(page)


def colours_of(page):
    return page.evaluate(
        "() => [document.body, document.querySelector('.stApp')].map((one) => { const style = getComputedStyle(one); return [style.color, style.backgroundColor]; })"
    )


def rows():
    """Each text twice as a label and in a text, in columns of hostile names, and every other text as a column of its own."""
    others = {text: "cell" for text in list(PRINTABLE.values())[:30]}
    return [
        {**others, TEXT_COLUMN: f"{text} in a film number {i}", LABEL_COLUMN: text}
        for i in range(2)
        for text in PRINTABLE.values()
    ]


def as_label(text):
    return normal(escape_controls(clean_text(text)))


def test_hostile_data_from_upload_to_review(browser, server):
    with watched_visit(browser, server.address) as page:
        page.goto(f"{server.address}/data?lang=en")
        settled(page)
        colours = colours_of(page)
        raw = json.dumps(rows()).encode()
        page.locator("input[type=file]").first.set_input_files({"name": FILE_NAME, "mimeType": "application/json", "buffer": raw})  # fmt: skip
        page.locator("[class*='st-key-column_']").first.wait_for()
        settled(page)
        look(page, colours)
        choose(page, "[class*='st-key-task_']", "Classify a text")
        choose(page, "[class*='sequence_classification_label']", LABEL_COLUMN)
        choose(page, "[class*='sequence_classification_text']", TEXT_COLUMN)
        page.locator(".st-key-label_counts .main-svg").first.wait_for()
        settled(page)
        look(page, colours)
        assert_named(page)
        shown = page.locator(".st-key-label_counts .ytick text").evaluate_all(
            "all => all.map((one) => one.textContent)"
        )
        assert not {as_label(text)[:25] for text in PRINTABLE.values()} - {normal(text)[:25] for text in shown}
        page.get_by_text("Look at the rows and repair them").click()
        settled(page)
        look(page, colours)

        page.locator(".st-key-to_train button").click()
        page.locator(".layer-stack").wait_for()
        assert_named(page)
        look(page, colours)
        fill_number(page, "epochs", "1")
        page.locator(".st-key-start button").click()
        page.locator(".st-key-to_inspect button").wait_for()
        assert_named(page)
        look(page, colours)

        page.locator(".st-key-to_inspect button").click()
        field = page.locator(".st-key-sentence input")
        for name in ("script", "markdown_image", "formula_of_katex", "icon"):
            field.fill(HOSTILE[name])
            field.press("Enter")
            page.get_by_role("heading", name="Answer: ").wait_for()
            settled(page)
            look(page, colours)
        bars = page.get_by_role("img", name="Bars: the logit of every label")
        named = {normal(text.removeprefix("▸ ")) for text in bars.locator("span").all_text_contents()}
        assert not {as_label(text) for text in PRINTABLE.values()} - named
        for choice in ("source", "way"):
            page.locator(f".st-key-{choice} button").nth(1).click()
            settled(page)
            look(page, colours)
        page.locator(".st-key-confusion .main-svg").first.wait_for()
        hover_over(page, ".st-key-confusion .nsewdrag")
        look(page, colours)
    assert "Traceback" not in server.log.read_text()


def assert_named(page):
    """The name of the file stands on the page, whole."""
    assert FILE_NAME in normal(page.locator("[data-testid=stMain]").inner_text())


def choose(page, place, option):
    """Picks what reads so in a select box."""
    field = page.locator(place).locator("input").first
    if field.input_value() != option:
        field.click()
        field.fill(option)
        page.get_by_role("option", name=option, exact=True).first.click()
    expect(page.locator(place).locator("input").first).to_have_value(option)
    settled(page)


def hover_over(page, selector):
    box = page.locator(selector).first.bounding_box()
    for part in (0.2, 0.5, 0.8):
        page.mouse.move(box["x"] + part * box["width"], box["y"] + part * box["height"])


SHOWING = """
import sys
sys.path.insert(0, {root!r})
import streamlit as st
from pages.shared.visit import literal
from tests.hostile_texts import HOSTILE

for name, text in HOSTILE.items():
    with st.container(key=f"shown_{{name}}"):
        st.markdown(literal(text))
        st.caption(literal(text))
        st.error(literal(text))
        st.subheader(literal(text), anchor=False)
        st.markdown("**before** " + literal(text) + " **after**")
"""


def test_literal_text_is_one_paragraph_that_reads_as_it_was_written(browser, tmp_path):
    """Every text through every element that takes markdown: no element comes of it, and the eye reads the text."""
    script = tmp_path / "showing.py"
    script.write_text(SHOWING.format(root=str(ROOT)))
    with serve(tmp_path / "home", str(script)) as server, watched_visit(browser, server.address) as page:
        page.goto(server.address)
        page.locator(".st-key-shown_column_names_of_ours").wait_for()
        settled(page)
        wrong = []
        for name, text in HOSTILE.items():
            place = page.locator(f".st-key-shown_{name}")
            expected = normal(escape_controls(" ".join(text.split())))
            parts = place.get_by_test_id("stMarkdownContainer").or_(place.get_by_test_id("stCaptionContainer"))
            read = [normal(each) for each in parts.all_inner_texts()] + [normal(each) for each in place.get_by_role("heading").all_inner_texts()]  # fmt: skip
            tags = parts.evaluate_all("all => [...new Set(all.flatMap((one) => [...one.querySelectorAll('*')].map((each) => each.tagName)))]")  # fmt: skip
            if not set(read) <= {expected, f"before {expected} after"} or len(read) < 5 or not set(tags) <= {"P", "STRONG", "H3", "DIV", "SPAN"}:  # fmt: skip
                wrong.append((name, read, tags))
        assert not wrong
        look(page, colours_of(page))
