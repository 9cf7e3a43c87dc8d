"""A change to the redrawn curves on the page Explore, with the bundled checkpoint and 500 examples: the dial, the settings of all rates, overfitting.

python -m benchmarks.rate_dial [--json] [--changes N]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
from playwright.sync_api import Browser, Page

from benchmarks.inspect_latency import summarise, wait_for_rest
from mlmtune_core.data.preparation import prepare
from mlmtune_core.data.uploads import save_upload
from tests.browser.serving import Server, chromium, serve, settled, warm_up

EXAMPLES, CHANGES = 500, 20
STEP_UP = ".st-key-dial_seed [data-testid=stNumberInputStepUp]"
LIMITS = {"dial": 1.0, "warm_up": 1.0, "seed": 1.0, "labels": 1.5, "decay": 1.5}  # seconds, of the 95th percentile
# seconds from the event until the figure bears another mark and two frames have been painted since
WATCH = """([mark, within]) => {
  const root = document.querySelector(within + ' .dial-chart'), before = root.dataset[mark], begun = performance.now();
  window.redrawnAfter = undefined;
  const look = () => {
    const root = document.querySelector(within + ' .dial-chart');
    if (!root || root.dataset[mark] === before) { requestAnimationFrame(look); return; }
    requestAnimationFrame(() => requestAnimationFrame(() => { window.redrawnAfter = (performance.now() - begun) / 1000; }));
  };
  requestAnimationFrame(look);
}"""


def seconds_until_redrawn(page: Page, mark: str, within: str, act: Callable[[], None]) -> float:
    """From `act` until the figure says that it was drawn again, and is painted."""
    page.evaluate(WATCH, [mark, within])
    act()
    page.wait_for_function("() => window.redrawnAfter !== undefined", timeout=600_000, polling=20)
    return page.evaluate("() => window.redrawnAfter")


def dial(page: Page, changes: int) -> list[float]:
    """One place further on the dial, there and back."""
    slider = page.locator(".dial-chart-input")
    slider.focus()
    keys = ["ArrowLeft"] * 7 + ["ArrowRight"] * 10 + ["ArrowLeft"] * 3
    return [_turn(page, "place", ".st-key-rate_dial", partial(page.keyboard.press, keys[i % len(keys)])) for i in range(changes)]


def warm_up_share(page: Page, changes: int) -> list[float]:
    """Another share of warm-up: all eleven rates are trained anew. After every four another seed, so that nothing is remembered."""
    slider, found = page.locator(".st-key-dial_warm_up").get_by_role("slider"), []
    _turn(page, "version", ".st-key-rate_dial", partial(slider.press, "Home"))
    for number in range(changes):
        if number and number % 4 == 0:
            _turn(page, "version", ".st-key-rate_dial", page.locator(STEP_UP).click)
        key = "ArrowRight" if number % 8 < 4 else "ArrowLeft"
        found.append(_turn(page, "version", ".st-key-rate_dial", partial(slider.press, key)))
    return found


def seed(page: Page, changes: int) -> list[float]:
    """Another seed: the head that the lanes begin with is new, too."""
    press = page.locator(STEP_UP).click
    return [_turn(page, "version", ".st-key-rate_dial", press) for _ in range(changes)]


def labels(page: Page, changes: int) -> list[float]:
    """More or fewer labels to learn from, each number for the first time with its share of wrong ones."""
    return _slide(page, "overfit_labels", "overfit_noise", changes)


def decay(page: Page, changes: int) -> list[float]:
    """Another weight decay, each with a dropout of its own."""
    return _slide(page, "overfit_weight_decay", "overfit_dropout", changes)


def _slide(page: Page, key: str, other: str, changes: int) -> list[float]:
    """Steps of one slider to its end and back; where it turns, another is moved first, so that no answer is remembered."""
    slider, found, there = page.locator(f".st-key-{key}").get_by_role("slider"), [], True
    slider.press("Home")
    settled(page)
    while len(found) < changes:
        now, low, high = slider.evaluate("it => ['value', 'min', 'max'].map(name => Number(it[name] ?? it.getAttribute('aria-value' + name.replace('value', 'now'))))")
        if now == (high if there else low):
            there = not there
            _turn(page, "version", ".st-key-overfit", partial(page.locator(f".st-key-{other}").get_by_role("slider").press, "ArrowRight"))
            continue
        found.append(_turn(page, "version", ".st-key-overfit", partial(slider.press, "ArrowRight" if there else "ArrowLeft")))
    return found


def _turn(page: Page, mark: str, within: str, act: Callable[[], None]) -> float:
    seconds = seconds_until_redrawn(page, mark, within, act)
    settled(page)
    page.wait_for_timeout(150)
    return seconds


def upload(count: int) -> str:
    """The id of so many sentences of both sentiment samples."""
    frames = [prepare(f"sample-sentiment-{language}").report.examples for language in ("en", "pt")]
    frame = pd.concat(frames, ignore_index=True).sample(count, random_state=0)
    return save_upload("sentiment.csv", frame[["text", "label"]].to_csv(index=False).encode())


def measure(browser: Browser, server: Server, changes: int) -> list[dict[str, object]]:
    """One row for each kind of change, and how long the first curves took."""
    page = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(600_000)
    begun = time.perf_counter()
    page.goto(f"{server.address}/explore?data={upload(EXAMPLES)}")
    page.locator(".st-key-rate_dial .dial-chart[data-version]").wait_for()
    first = time.perf_counter() - begun
    settled(page)
    found = {"dial": dial(page, changes), "warm_up": warm_up_share(page, changes), "seed": seed(page, changes)}
    page.locator(".st-key-explorer button").nth(1).click()
    page.locator(".st-key-overfit .dial-chart[data-version]").wait_for()
    settled(page)
    found |= {"labels": labels(page, changes), "decay": decay(page, changes)}
    rows = [{"name": name, **summarise(seconds), "limit_s": LIMITS[name]} for name, seconds in found.items()]
    return [{"name": "first", **summarise([first]), "limit_s": 0.0}, *rows]


def main() -> None:
    """Prints a table with the limit of each row, or with --json one object with `rows`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--changes", type=int, default=CHANGES)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, serve(Path(folder)) as server:
        os.environ["MLMTUNE_HOME"] = folder
        warm_up(browser, server)
        wait_for_rest(server)
        rows = measure(browser, server, chosen.changes)
    if chosen.json:
        json.dump({"rows": rows, "load": os.getloadavg()[0]}, sys.stdout)
        return
    for row in rows:
        kept = "" if not row["limit_s"] else "kept" if row["p95_s"] <= row["limit_s"] else "MISSED"
        print(f"{row['name']:8} median {row['median_s']:.3f}  p95 {row['p95_s']:.3f}  worst {row['worst_s']:.3f}  n {row['n']}  {kept}")
    print(f"load of the machine in the last minute: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
