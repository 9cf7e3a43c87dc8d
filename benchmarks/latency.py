"""How long a person waits: first visit, Start to first point, event written to pixel, a sentence asked to its answer drawn.

python -m benchmarks.latency [--json] [--only NAME]
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from playwright.sync_api import Browser

from mlmtune_core.config import validate
from mlmtune_core.events import EvalDone, PhaseStarted, Started, StepDone
from mlmtune_core.runs.heartbeats import beating
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run
from tests.browser.serving import Server, chromium, serve, warm_up

VISITS, STARTS, EVENTS, QUESTIONS = 5, 5, 60, 60
DRAWN_SCRIPT = """() => {
  const look = () => {
    const button = document.querySelector('.st-key-open_sample button');
    if (button?.getBoundingClientRect().height > 0) window.drawnAt = performance.now() / 1000;
    else requestAnimationFrame(look);
  };
  look();
}"""
ASKED_SCRIPT = """wanted => {
  window.answeredAt = undefined;
  window.askedAt = performance.now();
  let last = 0;
  const hidden = (node) => (node.closest ? node : node.parentElement)?.closest('canvas');  // a table's twin for screen readers
  const watch = new MutationObserver((all) => { if (all.some((each) => !hidden(each.target))) last = performance.now(); });
  watch.observe(document.querySelector('[data-testid=stMain]'),
    {subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['d', 'transform']});
  const look = () => {
    const there = [...document.querySelectorAll('[data-testid=stHtml]')].some(row => row.textContent.includes(wanted));
    if (there && last && performance.now() - last > 400) { window.answeredAt = last; watch.disconnect(); }
    else setTimeout(look, 50);
  };
  look();
}"""
WATCH_SCRIPT = """() => {
  window.drawn = [];
  const chart = document.querySelector('.live-chart');
  new MutationObserver(() => window.drawn.push([Number(chart.dataset.lastTime), Date.now() / 1000]))
    .observe(chart, {attributes: true, attributeFilter: ['data-last-time']});
}"""


def first_visit(browser: Browser, server: Server) -> dict[str, float]:
    """Seconds from asking for the home page, with an empty cache, until the frame in which its main button stands."""
    seconds = []
    for _ in range(VISITS):
        context = browser.new_context()
        page = context.new_page()
        page.add_init_script(f"({DRAWN_SCRIPT})()")
        page.goto(server.address, wait_until="commit")
        page.wait_for_function("() => window.drawnAt")
        seconds.append(page.evaluate("() => window.drawnAt"))
        context.close()
    return {"median_s": statistics.median(seconds), "worst_s": max(seconds)}


def bare_visit(browser: Browser, server: Server) -> dict[str, float]:
    """As first_visit, of a page with one button and nothing else: what Streamlit and Chromium need by themselves."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text('import streamlit as st\n\nst.button("Start", key="open_sample")\n', encoding="utf-8")
        with serve(Path(folder) / "home", str(script)) as bare:
            return first_visit(browser, bare)


def start_to_first_point(browser: Browser, server: Server) -> dict[str, float]:
    """Seconds from pressing Start (sample, head only) until the first training point is drawn.

    Start is pressed once the page has come to rest, as a person does who has read it.
    """
    seconds = []
    for _ in range(STARTS):
        context = browser.new_context(locale="en-US")
        page = context.new_page()
        page.goto(f"{server.address}/train?data=sample-sentiment-en")
        page.locator(".layer-stack").wait_for()
        page.get_by_text("on this machine, if no run is ahead").wait_for(timeout=30_000)
        page.wait_for_function("() => window.Plotly", polling=100)
        page.wait_for_timeout(1000)
        begun = time.perf_counter()
        page.locator(".st-key-start button").click()
        page.wait_for_function(  # looked for now and then: in each frame it would keep a core busy with drawing frames
            "() => Number(document.querySelector('.live-chart')?.dataset.points ?? 0) > 0", timeout=60_000, polling=20
        )
        seconds.append(time.perf_counter() - begun)
        page.locator(".st-key-stop button").first.click()
        page.locator(".st-key-to_inspect button").wait_for()
        context.close()
    return {"median_s": statistics.median(seconds), "worst_s": max(seconds)}


def event_to_pixel(browser: Browser, server: Server) -> dict[str, float]:
    """Seconds from writing an event until its point is in the chart, at random moments of the polling."""
    run = _scripted_run(server.home)
    with beating([run.heartbeat_file]):
        return _measure_pixels(browser, server, run)


def _measure_pixels(browser: Browser, server: Server, run: Run) -> dict[str, float]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.address}/watch?run={run.id}")
    page.wait_for_function("() => document.querySelector('.live-chart')?.dataset.evals === '1'")
    page.evaluate(WATCH_SCRIPT)
    rng = random.Random(0)
    for step in range(1, EVENTS + 1):
        run.append(StepDone(step, step / 100, 1 / step, 16, 1e-3, 0.0, 1.0))
        page.wait_for_timeout(rng.uniform(150, 450))
    page.wait_for_function("n => Number(document.querySelector('.live-chart').dataset.points) === n", arg=EVENTS)
    drawn = page.evaluate("() => window.drawn")
    context.close()
    written = [row["time"] for row in run.events("StepDone")]
    delays = sorted(next(at for last, at in drawn if last >= moment) - moment for moment in written)
    return {"p50_s": delays[len(delays) // 2], "p95_s": delays[int(len(delays) * 0.95)], "worst_s": delays[-1]}


def inspect_to_drawn(browser: Browser, server: Server) -> dict[str, float]:
    """Seconds from Enter after a new sentence until nothing moves any more in its answer (bars, table, sub-words)."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(f"{server.address}/train?data=sample-sentiment-en")
    page.locator(".st-key-start button").click()
    page.locator(".st-key-to_inspect button").click(timeout=60_000)
    sentence = page.get_by_label("Sentence")
    seconds = []
    for number in range(QUESTIONS + 1):
        text = f"The soup was cold, but our table by the window, number {10 + number}, was worth the walk"
        sentence.fill(text)
        page.evaluate(ASKED_SCRIPT, str(10 + number))
        sentence.press("Enter")
        page.wait_for_function("() => window.answeredAt")
        seconds.append(page.evaluate("() => (window.answeredAt - window.askedAt) / 1000"))
    context.close()
    seconds = sorted(seconds[1:])  # the first one opens the model
    return {"p50_s": seconds[len(seconds) // 2], "p95_s": seconds[int(len(seconds) * 0.95)], "worst_s": seconds[-1]}


ROWS = {
    "inspect_to_drawn": inspect_to_drawn,
    "first_visit": first_visit,
    "bare_visit": bare_visit,
    "start_to_first_point": start_to_first_point,
    "event_to_pixel": event_to_pixel,
}


def _scripted_run(home: Path) -> Run:
    """A run whose events this process writes."""
    frame = pd.DataFrame({"row": [1, 2], "text": ["a", "b"], "label": ["x", "y"], "split": ["train", "validation"]})
    run = create_run(
        validate({}),
        frame,
        {"name": "scripted", "fingerprint": "", "columns": {}},
        home / "runs" / f"scripted{random.getrandbits(40):x}",
    )
    labels, metric = ("x", "y"), ("accuracy", 0.5)
    start = Started("sequence_classification", "head_only", 770, 22_713_986, 1600, 400, 1, 100, 100, *metric, labels, "cpu", 1)
    run.append(start)
    run.append(EvalDone(0, 0.0, None, 0.7, {"accuracy": 0.5}, False, None))
    run.append(PhaseStarted("training"))
    return run


def main() -> None:
    """Prints a table, or with --json one object with `rows`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=ROWS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, chromium() as browser, serve(Path(folder)) as server:
        warm_up(browser, server)
        rows = [
            {"name": name, **measure(browser, server)} for name, measure in ROWS.items() if chosen.only in (None, name)
        ]
    if chosen.json:
        json.dump({"rows": rows}, sys.stdout)
        return
    for row in rows:
        print(f"{row['name']:24}" + "  ".join(f"{name} {value:.3f}" for name, value in row.items() if name != "name"))


if __name__ == "__main__":
    main()
