"""The tour as a student takes it, in Portuguese: each step is done in the page, notices it, and marks what the next one is done with."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import settled

pytestmark = [pytest.mark.browser, pytest.mark.long]


def at(page: Page, step: str, number: int) -> None:
    page.locator(f".st-key-tour_{step}").wait_for()
    expect(page.locator(".st-key-tour")).to_contain_text(f"{number} de 9")


def marked(page: Page, key: str) -> None:
    """That an element has the frame of the tour."""
    page.locator(f".st-key-{key}").first.wait_for()
    page.wait_for_function("key => getComputedStyle(document.querySelector('.st-key-' + key)).outlineStyle === 'dashed'", arg=key)


def fill_number(page: Page, key: str, value: str) -> None:
    field = page.locator(f"[class*=st-key-{key}] input")
    field.fill(value)
    field.press("Enter")
    settled(page)


def press(page: Page, key: str) -> None:
    marked(page, key)
    page.locator(f".st-key-{key} button").first.click()


def test_the_whole_tour(visit):
    with visit("pt-BR", "dark") as page:
        page.locator(".st-key-tour_begin button").click()
        at(page, "open", 1)
        press(page, "open_sample")
        at(page, "tokens", 2)
        marked(page, "tokens")
        page.locator(".st-key-tour_tokens a").click()  # further down, and the bar is still there
        expect(page.locator(".st-key-tokens")).to_be_in_viewport()
        expect(page.locator(".st-key-tour_tokens")).to_be_in_viewport()
        press(page, "to_train")
        at(page, "strategy", 3)
        marked(page, "strategy")
        page.locator(".layer-stack").wait_for()
        page.get_by_text("Tudo (completo)").last.click()
        at(page, "start", 4)
        page.reload()  # the tour stands in the address
        at(page, "start", 4)
        page.locator(".st-key-strategy label").last.click()  # a session of its own has other settings
        page.get_by_text("Regularização").click()
        for key, value in (("examples_", "40"), ("first_layers", "2"), ("epochs", "200"), ("patience", "0")):  # small, and long enough to pause
            fill_number(page, key, value)
        press(page, "start")
        page.wait_for_url(re.compile("/watch"))
        page.locator(".st-key-tour_evaluation, .st-key-tour_pause").first.wait_for()
        at(page, "pause", 6)
        press(page, "pause")
        at(page, "continue", 7)
        press(page, "resume")
        at(page, "model", 8)
        if page.locator(".st-key-stop button").count():
            page.locator(".st-key-stop button").first.click()
        press(page, "to_inspect")
        at(page, "ask", 9)
        marked(page, "sentence")
        field = page.locator(".st-key-sentence input")
        field.fill("What a wonderful film!")
        field.press("Enter")
        page.locator(".st-key-tour_done").wait_for()
        term = page.locator(".st-key-tour_done .term").first
        term.focus()  # a meaning appears for the keyboard, too
        assert term.evaluate("it => getComputedStyle(it, '::after').display") == "block"
        page.locator(".st-key-tour_skip button").click()
        expect(page.locator(".st-key-tour")).to_have_count(0)
        page.reload()
        settled(page)
        expect(page.locator(".st-key-tour")).to_have_count(0)


def test_the_glossary_is_searched_while_one_types(visit):
    with visit("pt-BR") as page:
        page.locator(".st-key-glossary button").first.click()
        field = page.locator(".glossary input")
        expect(field).to_be_focused()
        page.keyboard.type("epoca")
        expect(page.locator(".glossary dt").first).to_have_text("época")
        page.locator(".glossary dd").first.get_by_role("button", name="passo").click()
        expect(page.locator(".glossary dt").first).to_have_text("passo")
        field.fill("zzz")
        expect(page.get_by_text("Nenhum termo traz isso.")).to_be_visible()
