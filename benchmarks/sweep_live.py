"""A sweep on the page Compare, live: nine rates with three seeds, heads alone, on the English sentiment sample; announced and taken. The second time what frozen layers
computed is known.

python -m benchmarks.sweep_live [--json] [--times N]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from benchmarks.inspect_latency import wait_for_rest
from tests.browser.serving import Server, chromium, serve, settled, warm_up

RATES = ("1e-5", "1e-4", "5e-4", "1e-3", "2e-3", "5e-3", "1e-2", "5e-2", "1e-1")
SEEDS = 3
LIMIT = 30.0  # seconds from Start to the last run's end, as the page shows it


def choose_rates(page: Page) -> None:
    """Takes away what the form suggests and types each rate. AssertionError if the form does not announce so many runs."""
    within = page.locator(".st-key-values_head_learning_rate .react-aria-ComboBox")
    within.get_by_role("button", name="Clear all").click()
    for count, rate in enumerate(RATES, start=1):
        within.locator("input").fill(rate)
        within.locator("input").press("Enter")
        expect(page.locator("[data-testid=stMetricValue]").first).to_have_text(str(count * SEEDS), timeout=30_000)
        settled(page)


def run(browser: Browser, server: Server) -> dict[str, float]:
    """Seconds announced before Start, taken until the last run had ended, and until the first curve stood."""
    page = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{server.address}/compare?data=sample-sentiment-en")
    page.locator(".st-key-start_sweep button").wait_for()
    settled(page)
    choose_rates(page)
    page.wait_for_function("() => [...document.querySelectorAll('[data-testid=stMetricValue]')].some(it => it.innerText.trim().endsWith('s'))")
    settled(page)
    count, announced = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    begun = time.perf_counter()
    page.locator(".st-key-start_sweep button").click()
    page.locator(".sweep-chart:not([data-points='0'])").wait_for()
    first = time.perf_counter() - begun
    page.locator(f".sweep-chart[data-ended='{len(RATES) * SEEDS}']").wait_for()
    taken = time.perf_counter() - begun
    page.context.close()
    return {"runs": float(count), "announced": float(announced.split()[0]), "first_curve": round(first, 2), "taken": round(taken, 2)}


def main() -> None:
    """Prints a row for each time, or with --json one object with `rows`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--times", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, serve(Path(folder)) as server:
        warm_up(browser, server)
        wait_for_rest(server)
        rows = [run(browser, server) for _ in range(chosen.times)]
    if chosen.json:
        print(json.dumps({"limit": LIMIT, "rows": rows}))
        return
    for row in rows:
        print("  ".join(f"{name} {value:g}" for name, value in row.items()), f"(limit {LIMIT:g})")


if __name__ == "__main__":
    main()
