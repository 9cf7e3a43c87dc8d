"""How long a person waits: ceilings at twice what is promised (the promised figures are benchmarks/latency.py's, on a quiet machine).

Shared machines need twice the time on some days: the same commit opened its first page in 1.2 s on one and in 2.0 to 2.4 s on another. What
these tests are to catch, such as torch in the server or a chart mounted anew for every answer, costs more.
"""

import pytest

from benchmarks.latency import event_to_pixel, first_visit, inspect_to_drawn, start_to_first_point

pytestmark = pytest.mark.browser


def test_first_visit_of_a_warm_server(browser, server):
    assert first_visit(browser, server)["median_s"] < 3.0


def test_start_to_first_point(browser, server):
    assert start_to_first_point(browser, server)["median_s"] < 4.0


def test_event_written_to_pixel(browser, server):
    measured = event_to_pixel(browser, server)
    assert measured["p50_s"] < 1.0 and measured["p95_s"] < 1.6


def test_a_sentence_asked_to_its_answer_drawn(browser, server):
    measured = inspect_to_drawn(browser, server)
    assert measured["p50_s"] < 0.4 and measured["p95_s"] < 0.5
