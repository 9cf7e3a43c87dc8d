"""A real server on a free port with a home of its own, and a real Chromium: for the journeys and the benchmarks."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent.parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Server:
    """Its address, process id, home folder and log."""

    address: str
    pid: int
    home: Path
    log: Path


@contextmanager
def serve(home: Path, script: str = "app.py", *options: str, base: str = "", port: int = 0) -> Iterator[Server]:
    """Starts the app, or another script, and waits until it answers; ends it by its own process id.

    `options` of Streamlit come behind; `base` is the path below which it is served.
    """
    home.mkdir(parents=True, exist_ok=True)
    port, log = port or free_port(), home / "server.log"
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        script,
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
        "--server.baseUrlPath",
        base,
        *options,
    ]
    environment = {**os.environ, "MLMTUNE_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}{base}"
        _wait_until(lambda: _is_healthy(address), 60, f"the server did not come up:\n{log.read_text()}")
        yield Server(address, process.pid, home, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine, headless, else Playwright's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


def find_chromium() -> str | None:
    """Where the Chromium of this machine is, if there is one."""
    return next((found for found in map(shutil.which, CHROMIUMS) if found), None)


def settled(page: Page) -> None:
    """Waits until the script has run and the page is connected."""
    page.wait_for_function(
        """() => {
      const app = document.querySelector('[data-testid=stApp]');
      return app?.dataset.testScriptState === 'notRunning' && app.dataset.testConnectionState === 'CONNECTED'
        && !document.querySelector('[data-testid=stSkeleton]');
    }""",
        timeout=60_000,
    )


def warm_up(browser: Browser, server: Server) -> None:
    """Visits the pages once, so that workers have imported what they need."""
    page = browser.new_page()
    page.goto(f"{server.address}/train?data=sample-sentiment-en")
    page.locator(".layer-stack").wait_for(timeout=90_000)
    page.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _wait_until(true, seconds: float, complaint: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.1)
