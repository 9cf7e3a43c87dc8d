"""Click to drawn on the inspect page, with the bundled checkpoint: probabilities, the map of 500 examples, integrated gradients of 20 tokens.

python -m benchmarks.inspect_latency [--json] [--only NAME] [--repeat N]
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pandas as pd
import psutil
from playwright.sync_api import Browser, Page

from mlmtune_core.config import validate
from mlmtune_core.data.preparation import prepare
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers import worker
from tests.browser.serving import Server, chromium, serve, settled, warm_up

QUESTIONS, SWITCHES, MAPS, GRADIENTS = 30, 30, 3, 10
MAPPED = 500  # examples
LIMITS = {"typed": 0.25, "picked": 0.25, "map_first": 5.0, "map_switch": 0.3, "map_back": 0.3, "gradients": 3.0}  # seconds, of the 95th percentile
SENTENCE = "the soup was cold but our table by the window number {number} was worth every step of the way"  # 20 tokens with [CLS] and [SEP]
# seconds from a click until nothing moves any more, once `selector` shows something else than before
WATCH = """([selector, within]) => {
  const show = () => [...document.querySelectorAll(selector)].map(it => it.innerHTML).join('|');
  const before = show(), begun = performance.now();
  let last = 0, changed = false;
  window.drawnAfter = undefined;
  const hidden = (node) => (node.closest ? node : node.parentElement)?.closest('canvas');  // a table's twin for screen readers
  const watch = new MutationObserver((all) => { if (all.some((each) => !hidden(each.target))) last = performance.now(); });
  watch.observe(document.querySelector('[data-testid=stMain]'),
    {subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['d', 'transform']});
  const look = () => {
    const rests = last && performance.now() - last > within && !document.querySelector('[data-testid=stProgress]');
    if (rests && !changed) { const now = show(); changed = now && now !== before; }  // not while it draws: to look takes time, too
    if (rests && changed) { window.drawnAfter = (last - begun) / 1000; watch.disconnect(); }
    else setTimeout(look, 40);
  };
  setTimeout(look, 0);
}"""
ANSWER, POINTS, CHIPS = "[data-testid=stHtml]", ".js-plotly-plot .scatterlayer", ".st-key-why_chips, [data-testid=stHtml]"

BUSY = 0.1  # of a second in each second: an idle worker's heartbeats take less than half of it


def seconds_until_drawn(page: Page, selector: str, act: Callable[[], None]) -> float:
    """From `act` until what `selector` finds has changed and the page has come to rest."""
    page.evaluate(WATCH, [selector, 400])
    act()
    page.wait_for_function("() => window.drawnAfter !== undefined", timeout=120_000, polling=50)
    return page.evaluate("() => window.drawnAfter")


def typed(browser: Browser, server: Server, repeat: int) -> list[float]:
    """A new sentence and Enter -> bars, sub-words and table."""
    with opened(browser, server, train(server, 40)) as page:
        field, found = page.get_by_label("Sentence"), []
        for number in range(QUESTIONS * repeat + 1):
            field.fill(SENTENCE.format(number=number))
            found.append(seconds_until_drawn(page, ANSWER, lambda: field.press("Enter")))
    return found[1:]  # the first one opens the model


def picked(browser: Browser, server: Server, repeat: int) -> list[float]:
    """Another validation example -> the same."""
    with opened(browser, server, train(server, 40)) as page:
        page.locator(".st-key-source button").nth(1).click()
        page.locator("[data-testid=stDataFrame]").first.wait_for()
        settled(page)
        found, box = [], page.get_by_label("Validation example")
        for _ in range(QUESTIONS * repeat):
            box.click()
            page.keyboard.press("ArrowDown")
            found.append(seconds_until_drawn(page, ANSWER, lambda: page.keyboard.press("Enter")))
    return found


def map_first(browser: Browser, server: Server, repeat: int) -> list[float]:
    """The map of a run that nobody has asked for yet."""
    found = []
    for _ in range(MAPS * repeat):
        with opened(browser, server, train(server, MAPPED)) as page:
            page.locator(".st-key-way button").nth(1).click()
            page.locator(".st-key-seen button").nth(2).wait_for()
            settled(page)
            found.append(seconds_until_drawn(page, POINTS, lambda: page.locator(".st-key-seen button").nth(2).click()))
    return found


def map_switch(browser: Browser, server: Server, repeat: int) -> list[float]:
    """From the best model to before training, and back."""
    with opened(browser, server, train(server, MAPPED)) as page:
        _open_map(page)
        slider, found = page.get_by_role("slider").first, []
        for number in range(SWITCHES * repeat + 2):
            slider.focus()
            found.append(seconds_until_drawn(page, POINTS, partial(page.keyboard.press, "End" if number % 2 else "Home")))
    return found[2:]


def map_back(browser: Browser, server: Server, repeat: int) -> list[float]:
    """From another view of the examples back to the map."""
    with opened(browser, server, train(server, MAPPED)) as page:
        _open_map(page)
        found = []
        for _ in range(SWITCHES * repeat // 2):
            page.locator(".st-key-seen button").nth(1).click()
            page.get_by_text("Is it as often right as it says?").wait_for()
            settled(page)
            page.wait_for_timeout(300)
            found.append(seconds_until_drawn(page, POINTS, lambda: page.locator(".st-key-seen button").nth(2).click()))
    return found


def gradients(browser: Browser, server: Server, repeat: int) -> list[float]:
    """Compute pressed -> the tokens of a new sentence in their colours, the check by deleting included."""
    with opened(browser, server, train(server, 40)) as page:
        found = []
        for number in range(GRADIENTS * repeat + 1):
            page.get_by_label("Sentence").fill(SENTENCE.format(number=number))
            page.get_by_label("Sentence").press("Enter")
            if number == 0:
                page.locator(".st-key-section button").nth(2).click()
                page.locator(".st-key-why_method button").nth(1).click()
            page.get_by_text("64 passes through the model, and back").wait_for()
            settled(page)
            page.wait_for_timeout(300)
            found.append(seconds_until_drawn(page, CHIPS, lambda: page.locator(".st-key-why_compute button").click()))
    return found[1:]


ROWS = {"typed": typed, "picked": picked, "map_first": map_first, "map_switch": map_switch, "map_back": map_back, "gradients": gradients}


def _open_map(page: Page) -> None:
    page.locator(".st-key-way button").nth(1).click()
    page.locator(".st-key-seen button").nth(2).click()
    page.locator(POINTS).first.wait_for(timeout=120_000)
    settled(page)
    page.wait_for_timeout(500)


@contextmanager
def opened(browser: Browser, server: Server, run: Run) -> Iterator[Page]:
    """Its inspect page in a browser of its own."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{server.address}/inspect?run={run.id}")
    page.locator(".st-key-way button").first.wait_for(timeout=60_000)
    settled(page)
    yield page
    context.close()


def train(server: Server, measured: int) -> Run:
    """A run on the sentences of both sentiment samples, of which so many are measured with; last two layers, two epochs."""
    frames = [prepare(f"sample-sentiment-{language}").report.examples for language in ("en", "pt")]
    frame = pd.concat(frames, ignore_index=True).sample(frac=1, random_state=0, ignore_index=True)
    frame = frame.assign(row=range(2, len(frame) + 2), split=["validation"] * measured + ["train"] * (len(frame) - measured))
    config = validate({"strategy": "last_layers:2", "epochs": 2})
    run = create_run(config, frame, {"name": "sentiment", "fingerprint": "", "columns": {}})
    list(worker.carry_out(run))
    return run


def main() -> None:
    """Prints a table with the limit of each row, or with --json one object with `rows`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=ROWS)
    parser.add_argument("--repeat", type=int, default=1, help="so many times the usual number of clicks")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, serve(Path(folder)) as server:
        os.environ["MLMTUNE_HOME"] = folder
        warm_up(browser, server)
        wait_for_rest(server)
        rows = [
            {"name": name, **summarise(measure(browser, server, chosen.repeat)), "limit_s": LIMITS[name]}
            for name, measure in ROWS.items()
            if chosen.only in (None, name)
        ]
    if chosen.json:
        json.dump({"rows": rows}, sys.stdout)
        return
    for row in rows:
        kept = "kept" if row["p95_s"] <= row["limit_s"] else "MISSED"
        print(f"{row['name']:12} median {row['median_s']:.3f}  p95 {row['p95_s']:.3f}  worst {row['worst_s']:.3f}  limit {row['limit_s']:g}  n {row['n']}  {kept}")


def wait_for_rest(server: Server) -> None:
    """Until the workers have done what they do by themselves after a start: they load models and try out how fast the machine is."""
    workers = psutil.Process(server.pid).children(recursive=True)
    while True:
        before = sum(each.cpu_times().user for each in workers)
        time.sleep(1)
        if sum(each.cpu_times().user for each in workers) - before < BUSY * len(workers):
            return


def summarise(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile, the worst, and how many there were."""
    ranked = sorted(seconds)
    return {"median_s": statistics.median(ranked), "p95_s": ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))], "worst_s": ranked[-1], "n": len(ranked)}


if __name__ == "__main__":
    main()
