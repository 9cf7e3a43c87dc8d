"""A laptop sleeps while its run goes on: the page says so, and catches up without a reload when the network is back."""

import os
import socket
import threading
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from mlmtune_core.runs.run import Run
from tests.browser.serving import settled
from tests.browser.test_journeys import chart, fill_number, wait_for_points

pytestmark = [pytest.mark.browser, pytest.mark.long]

ASLEEP_SECONDS = float(os.environ.get("MLMTUNE_SLEEP_SECONDS") or 15)  # 60 is a laptop that was closed and opened again
BUSY_MACHINE_MS = 240_000
PIECE = 1 << 16


class Cable:
    """A way to the server that can be cut: what goes through it is dropped, and new connections are refused."""

    def __init__(self, address: str) -> None:
        target = urlsplit(address)
        self._target = (target.hostname, target.port)
        self._open: set[socket.socket] = set()
        self._listening = self._listen(0)
        self.port = self._listening.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Ends all connections and refuses new ones."""
        self._end(self._listening)
        for one in list(self._open):
            self._end(one)

    def mend(self) -> None:
        """Takes connections again, at the same address."""
        self._listening = self._listen(self.port)

    def _listen(self, port: int) -> socket.socket:
        listening = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        return listening

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                far = socket.create_connection(self._target)
                self._open |= {near, far}
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while piece := one.recv(PIECE):
                other.sendall(piece)
        for end in (one, other):
            self._end(end)
            self._open.discard(end)

    @staticmethod
    def _end(one: socket.socket) -> None:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


@pytest.fixture
def cable(server):
    cable = Cable(server.address)
    yield cable
    cable.cut()


@contextmanager
def visit_through(browser, cable, path):
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(BUSY_MACHINE_MS)
    page.goto(cable.address + path)
    settled(page)
    yield page
    context.close()


def drawn_steps(page) -> list[int]:
    return page.evaluate("() => document.querySelector('.live-chart-plot').data[0].x")


def wait_for_epoch(page, above: float) -> float:
    """The epoch in the row of numbers, which the server draws anew every two seconds; waits until it is later."""
    found = page.wait_for_function(
        """above => {
          const metric = [...document.querySelectorAll('[data-testid=stMetric]')].find((m) => m.innerText.startsWith('Epoch'));
          const epoch = parseFloat(metric?.innerText.match(/([\\d.]+) \\//)?.[1] ?? 'NaN');
          return epoch > above && epoch;
        }""",
        arg=above,
    )
    return found.json_value()


def test_a_laptop_that_slept_catches_up_without_a_reload(browser, server, cable):
    with visit_through(browser, cable, "/train?data=sample-sentiment-en&lang=en") as page:
        page.locator(".layer-stack").wait_for()
        page.get_by_text("Everything (full)").click()
        settled(page)
        fill_number(page, "epochs", "100")
        page.get_by_text("Regularisation and early stopping").click()
        fill_number(page, "patience", "0")
        page.locator(".st-key-start button").click()
        before = wait_for_points(page, 2)
        epoch = wait_for_epoch(page, 0)
        run = Run(server.home / "runs" / chart(page).get_attribute("data-run"))
        page.evaluate("() => { window.sameVisit = true; }")
        notice = page.locator(".live-chart-offline")
        expect(notice).to_have_count(0)

        cable.cut()
        expect(notice).to_be_visible()
        expect(notice).to_contain_text("The server cannot be reached")
        page.wait_for_timeout(ASLEEP_SECONDS * 1000)  # this is what is tested: so long nothing gets through
        expect(notice).to_be_visible()
        behind = len(drawn_steps(page))
        reached = len(run.events("StepDone"))
        assert reached > behind >= before, "the run went on alone"

        cable.mend()
        wait_for_points(page, reached - 1)
        expect(notice).to_have_count(0)
        epoch = wait_for_epoch(page, epoch)
        wait_for_epoch(page, epoch)
        assert page.evaluate("() => window.sameVisit"), "the page was not loaded again"

        page.locator(".st-key-stop button").first.click()
        page.locator(".st-key-to_inspect button").wait_for()
        steps = [row["step"] for row in run.events("StepDone")]
        page.wait_for_function(
            "n => Number(document.querySelector('.live-chart').dataset.points) === n", arg=len(steps)
        )
        assert drawn_steps(page) == steps == list(range(1, len(steps) + 1)), "every step once, in order"
        assert page.evaluate("() => window.sameVisit")
