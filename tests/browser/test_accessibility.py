"""Everybody can use it: no page has a serious fault that axe-core knows of, in either theme, and a model can be read with the keyboard alone."""

from contextlib import closing
from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect

from mlmtune_core.workers import worker
from tests.browser.serving import serve, settled

pytestmark = pytest.mark.browser
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
GRAVE = ("serious", "critical")
FIND = """async options => (await axe.run(document, options)).violations.flatMap(rule => rule.nodes.map(
  node => ({rule: rule.id, impact: rule.impact, at: node.target.flat().join(' '), html: node.html.slice(0, 200),
            why: [...node.any, ...node.all, ...node.none].map(check => check.message).join(' ')})))"""
STILL = """() => new Promise(done => {
  let last = performance.now();
  const watch = new MutationObserver(() => { last = performance.now(); });
  watch.observe(document.body, {subtree: true, childList: true, characterData: true});
  const look = () => {
    const app = document.querySelector('[data-testid=stApp]'), busy = document.querySelector('[data-testid=stProgress], [data-testid=stSkeleton]');
    if (app.dataset.testScriptState === 'notRunning' && !busy && performance.now() - last > 150) { watch.disconnect(); done(); }
    else setTimeout(look, 30);
  };
  setTimeout(look, 100);
})"""
THEME = "scheme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === scheme"
FOCUSED = """() => {
  let it = document.activeElement;
  while (it?.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
  const by = it.getAttribute('aria-labelledby') ?? '', labels = [...(it.labels ?? [])].map(each => each.textContent).join(' ');
  const name = it.getAttribute('aria-label') || by.split(' ').map(id => document.getElementById(id)?.textContent ?? '').join(' ').trim() || labels || it.textContent;
  const box = (it.type === 'range' ? it.parentElement.parentElement : it).getBoundingClientRect();
  return {kind: it.tagName, name: name.trim(), group: it.closest('[role=radiogroup], [role=toolbar]')?.getAttribute('aria-label') ?? '',
          box: {x: box.x, y: box.y, width: box.width, height: box.height}};
}"""
MOST_STOPS = 45


@pytest.fixture
def trained(make_run, server, monkeypatch):
    """trained(task) -> a finished run of the tiny model, on the shelf of the session's server."""

    def train(task):
        monkeypatch.setenv("MLMTUNE_HOME", str(server.home))
        run = make_run(task=task)
        list(worker.carry_out(run))
        return run

    return train


def check(page: Page, where: str) -> None:
    """In both themes: markup is the same, so that in the dark only the colours are looked at again."""
    page.mouse.move(0, 0)  # no tooltip is open: it takes the colours of another theme a moment later
    page.evaluate(STILL)
    if not page.evaluate("() => !!window.axe"):
        page.evaluate(AXE)
        page.add_style_tag(content="* { transition: none !important; }")  # no colour between two themes is measured
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(THEME, arg=scheme)
        found = [each for each in page.evaluate(FIND, {"resultTypes": ["violations"], **rules}) if each["impact"] in GRAVE]
        assert not found, (where, scheme, found)
    page.emulate_media(color_scheme="light")


def each_choice(page: Page, key: str, inside=lambda: None) -> None:
    """Every button of a row of choices, one after the other: pressed, checked, and `inside` it whatever else there is."""
    page.locator(f".st-key-{key} button").nth(1).wait_for()
    names = page.locator(f".st-key-{key} button").all_inner_texts()
    for place, name in enumerate(names):
        page.locator(f".st-key-{key} button").nth(place).click()
        check(page, f"{key}: {name}")
        inside()


@pytest.mark.long
def test_no_serious_fault_on_any_page(visit, trained):
    runs = {task: trained(task).id for task in ("sequence_classification", "token_classification", "regression", "question_answering")}
    with visit() as page:
        home = page.url.partition("/?")[0]
        check(page, "home")
        page.goto(f"{home}/data?data=sample-sentiment-en")
        page.locator(".st-key-to_train button").wait_for()
        check(page, "data")
        page.goto(f"{home}/train?data=sample-sentiment-en")
        page.locator(".layer-stack").wait_for()
        check(page, "train")
        page.goto(f"{home}/watch?run={runs['sequence_classification']}")
        page.locator(".live-chart .main-svg").first.wait_for()
        check(page, "watch")
        page.goto(f"{home}/explore?data=sample-sentiment-en")
        page.locator(".dial-chart .main-svg").first.wait_for()
        each_choice(page, "explorer")
        for task, run in runs.items():
            page.goto(f"{home}/inspect?run={run}")
            page.locator(".st-key-source button").nth(1).click()
            expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible()
            check(page, f"the answer of {task}")
        page.goto(f"{home}/inspect?run={runs['sequence_classification']}")
        page.locator(".st-key-source button").nth(1).click()
        each_choice(page, "section", lambda: look_inside(page))
        each_choice(page, "way", lambda: look_inside(page))


def look_inside(page: Page) -> None:
    """The parts of a part of the page; what is asked for by a click is asked for."""
    for key in ("arithmetic_step", "why_method", "seen"):
        if page.locator(f".st-key-{key}").count():
            each_choice(page, key, lambda: compute_why(page))


def compute_why(page: Page) -> None:
    if page.locator(".st-key-why_compute button").count():
        page.locator(".st-key-why_compute button").click()
        check(page, "why")


def test_no_serious_fault_on_the_pages_of_a_class_and_of_a_cluster(browser, tmp_path, monkeypatch):
    monkeypatch.setenv("MLMTUNE_TEACHER_CODE", "slate")
    monkeypatch.setenv("MLMTUNE_SCHEDULER", "tcp://127.0.0.1:9")  # nobody there: the page says so
    with serve(tmp_path / "class") as server, closing(browser.new_context(locale="en-US")) as context:
        page = context.new_page()
        page.goto(server.address)
        settled(page)
        check(page, "the entrance")
        fields = page.locator("[data-testid=stForm] input")
        fields.nth(0).fill("Ada")
        fields.nth(1).fill("slate")
        page.locator(".st-key-entrance_go button").click()
        page.locator("[data-testid=stTopNavLink]").first.wait_for()
        for name, title in (("teacher", "Class"), ("workers", "Workers")):
            page.goto(f"{server.address}/{name}")
            expect(page.get_by_role("heading", name=title)).to_be_visible()
            check(page, name)


def go(page: Page, wanted: str) -> dict:
    """Tab until `wanted` is the name of what has the focus, or of its group; it must look different from when it has not."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["group"] == wanted or stop["name"].endswith(wanted):  # an icon is the beginning of a name
            break
    else:
        pytest.fail(f"{wanted} was not reached; at the end {stop}")
    assert stop["name"]
    assert looks_focused(page, stop), f"no visible focus: {stop}"
    return stop


def take_next(page: Page, group: str) -> None:
    """The choice behind the one that is taken now."""
    go(page, group)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")


def looks_focused(page: Page, stop: dict) -> bool:
    box = stop["box"]
    clip = {"x": max(0, box["x"] - 8), "y": max(0, box["y"] - 8), "width": box["width"] + 16, "height": min(box["height"] + 16, 200)}
    page.evaluate("() => window.was = document.activeElement")
    with_focus = page.screenshot(clip=clip, animations="disabled", caret="hide")
    inner = page.evaluate_handle(FOCUSED.replace("const by", "return it; const by"))
    inner.evaluate("it => it.blur()")
    without = page.screenshot(clip=clip, animations="disabled", caret="hide")
    inner.evaluate("it => it.focus({focusVisible: true, preventScroll: true})")
    return with_focus != without


def test_a_model_is_read_with_the_keyboard_alone(visit, trained):
    run = trained("token_classification")
    with visit(path=f"/inspect?run={run.id}") as page:
        press = page.keyboard.press
        page.evaluate(STILL)
        go(page, "Look at")
        take_next(page, "Input")
        expect(page.locator(".token-strip .chip").first).to_be_visible()
        page.evaluate(STILL)
        go(page, "Validation example (row: text)")
        go(page, "View")
        go(page, "Show as")
        go(page, "Temperature T")
        press("ArrowRight")
        press("ArrowRight")
        expect(page.get_by_text("at temperature 1.26")).to_be_visible()
        page.evaluate(STILL)
        go(page, "Back to 1")
        press("Enter")
        expect(page.get_by_text("at temperature")).to_have_count(0)
        page.evaluate(STILL)
        go(page, "The words of the sentence with their most likely tags")
        heading = page.locator(".token-strip .panel .word")
        press("Home")
        first = heading.inner_text()
        press("ArrowRight")
        expect(heading).not_to_have_text(first)
        press("Enter")
        expect(page.locator(".token-strip .chip[aria-pressed=true] span")).to_have_text(heading.inner_text())
        page.evaluate(STILL)
        while page.evaluate(FOCUSED)["kind"] != "CANVAS":
            press("Tab")
            assert page.evaluate(FOCUSED)["kind"] != "BODY", "the table was not reached"
        steps(page)


def steps(page: Page) -> None:
    """The tabs of the arithmetic, and its steps by their button."""
    page.reload()
    page.evaluate(STILL)
    for group, shows in (("Input", "section"), ("View", "arithmetic_step")):
        take_next(page, group)
        expect(page.locator(f".st-key-{shows}")).to_be_visible()
        page.evaluate(STILL)
    take_next(page, "Step")
    expect(page.locator(".st-key-arithmetic_step button").nth(1)).to_have_attribute("aria-checked", "true")
    page.evaluate(STILL)
    go(page, "Next step")
    page.keyboard.press("Enter")
    expect(page.locator(".st-key-arithmetic_step button").nth(2)).to_have_attribute("aria-checked", "true")
