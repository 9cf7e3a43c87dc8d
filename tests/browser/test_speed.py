"""How long a person waits, against the limits that were promised (the measuring is in benchmarks/latency.py).

The limits hold for a machine at its usual pace. Shared machines are at a third of it on some days: then the limits are as much wider.
"""

import statistics
import time

import pytest

from benchmarks.latency import event_to_pixel, first_visit, inspect_to_drawn, start_to_first_point

pytestmark = pytest.mark.browser

USUAL_SECONDS = 0.045  # a million additions on the machine of docs/performance.md, at its usual pace


def slowness() -> float:
    """How many times slower than usual Python is now; at least 1."""

    def add_up() -> float:
        began, total = time.perf_counter(), 0
        for number in range(1_000_000):
            total += number
        return time.perf_counter() - began

    return max(1.0, statistics.mean(add_up() for _ in range(12)) / USUAL_SECONDS)


def measure(how, browser, server):
    """(the figures, by how much the limits are wider now)"""
    before = slowness()
    return how(browser, server), max(before, slowness())


def test_first_visit_of_a_warm_server(browser, server):
    figures, wider = measure(first_visit, browser, server)
    assert figures["median_s"] < 1.5 * wider


def test_start_to_first_point(browser, server):
    figures, wider = measure(start_to_first_point, browser, server)
    assert figures["median_s"] < 2.0 * wider


def test_event_written_to_pixel(browser, server):
    figures, wider = measure(event_to_pixel, browser, server)
    assert figures["p50_s"] < 0.7 * wider and figures["p95_s"] < 1.2 * wider


def test_a_sentence_asked_to_its_answer_drawn(browser, server):
    figures, wider = measure(inspect_to_drawn, browser, server)
    assert figures["p50_s"] < 0.2 * wider and figures["p95_s"] < 0.3 * wider
