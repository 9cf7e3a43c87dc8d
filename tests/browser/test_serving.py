"""What stands around the pages: headers that a real browser obeys, the health route, and the end of the server."""

import json
import os
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from pages.serving.static_files import STATIC
from tests.browser.serving import serve, settled

pytestmark = pytest.mark.browser

WATCH = """addEventListener('securitypolicyviolation', (event) => {
  const text = [event.effectiveDirective, event.blockedURI, event.sourceFile, event.sample].join(' ');
  (window.refused ??= []).push(text);
  console.log('VIOLATION', text);
})"""
NEWLY_MEASURED = "n => Number(document.querySelector('.live-chart')?.dataset.points ?? 0) > n"


@pytest.fixture
def watched(browser, server):
    """(a page, what its browser refused): every violation of the content security policy, and every error of the pages."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)  # a machine that does other things, too, is slow to import torch
    page.add_init_script(WATCH)
    refused = []
    page.on("console", lambda said: refused.append(said.text) if "VIOLATION" in said.text else None)
    page.on("pageerror", lambda error: refused.append(str(error)))
    yield page, refused
    context.close()


def test_every_page_works_and_the_policy_refuses_nothing_of_it(watched, server):
    page, refused = watched
    page.goto(server.address + "/")
    expect(page.locator(".st-key-open_sample button")).to_be_visible()
    page.goto(server.address + "/data?data=sample-entities-en")
    page.locator(".st-key-lengths .main-svg").first.wait_for()
    page.locator("input[type=file]").first.set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"text,label\nhello,a\nbye,b\n"})  # fmt: skip
    expect(page.get_by_text("a.csv").first).to_be_visible()
    page.goto(server.address + "/train?data=sample-entities-en")
    page.locator(".layer-stack").wait_for()
    page.locator(".st-key-start button").click()
    page.wait_for_function(NEWLY_MEASURED, arg=3)
    page.locator(".st-key-to_inspect button").click()  # the head alone: it ends by itself
    page.locator(".st-key-chapter button").click()
    page.locator(".token-strip .chip").nth(6).click()
    expect(page.locator(".token-strip .panel .word")).to_have_text("Jobs")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    settled(page)
    assert refused == []


def test_the_policy_refuses_what_comes_from_outside_and_what_is_written_into_a_page(watched, server):
    page, refused = watched
    page.goto(server.address + "/")
    page.evaluate("""() => {
      const add = (kind, values) => document.head.append(Object.assign(document.createElement(kind), values));
      add('script', { src: 'http://evil.example/a.js' });
      add('script', { textContent: 'window.written = 1' });
      add('link', { rel: 'stylesheet', href: 'http://evil.example/a.css' });
      new Image().src = 'http://evil.example/a.png';
      fetch('http://evil.example/').catch(() => 0);
    }""")
    wanted = ["script-src-elem http://evil.example/a.js", "script-src-elem inline", "style-src-elem http", "img-src http", "connect-src http"]  # fmt: skip
    page.wait_for_function("wanted => wanted.every((each) => window.refused?.some((text) => text.startsWith(each)))", arg=wanted)  # fmt: skip
    assert len(refused) >= len(wanted)
    assert page.evaluate("window.written") is None


def test_no_other_site_may_frame_a_page(browser, server):
    page = browser.new_page()
    with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        page.set_content(f"<iframe src='{server.address}/'></iframe>")
    page.close()


@pytest.mark.parametrize(
    "path", ["/", "/train", "/health", "/runs/none/events", "/static/nothing.js", "/_stcore/health"]
)
def test_the_headers_are_on_every_answer(server, path):
    try:
        headers = urllib.request.urlopen(server.address + path).headers
    except urllib.error.HTTPError as error:
        headers = error.headers
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "SAMEORIGIN" and "camera=()" in headers["Permissions-Policy"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "unsafe-eval'" in policy
    assert not re.search(r" 'unsafe-eval'|script-src[^;]*'unsafe-inline'|https?:|\*", policy)


def test_health_tells_numbers_and_no_names(server):
    with urllib.request.urlopen(f"{server.address}/health") as answer:
        health = json.load(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert health["status"] == "ok" and set(health) == {"status", "version", "workers", "runs"}
    assert set(health["workers"]) == {"train", "inspect", "rehearse", "data"} and all(health["workers"].values())
    assert health["runs"] == {"queued": 0, "under_way": 0}


def alive(process: int) -> bool:
    """A process that runs; not one that has ended and waits for its parent to notice."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(process: int) -> set[int]:
    """All processes below a process."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, size = {process}, 0
    while len(found) > size:
        size = len(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {process}


@pytest.mark.long
def test_the_end_comes_within_five_seconds_and_leaves_nothing_behind(browser, tmp_path):
    """SIGTERM, as systemd and Docker send it, while a run is under way and a page watches it."""
    with serve(tmp_path / "home") as server:
        page = browser.new_page()
        page.goto(f"{server.address}/train?data=sample-entities-en")
        page.locator(".layer-stack").wait_for(timeout=90_000)
        settled(page)
        page.get_by_text("Everything (full)").click()  # a head alone would be through too soon
        settled(page)
        epochs = page.locator(".st-key-epochs input")
        epochs.fill("200")
        epochs.press("Enter")
        settled(page)
        page.locator(".st-key-start button").click()
        page.wait_for_function(NEWLY_MEASURED, arg=2, timeout=180_000)
        workers = children_of(server.pid)
        assert len(workers) >= 3 and not list(server.home.glob("runs/*/finished.json"))
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        while alive(server.pid) or any(map(alive, workers)):
            assert time.monotonic() < began + 20, [each for each in (server.pid, *workers) if alive(each)]
            time.sleep(0.02)
        seconds = time.monotonic() - began
        page.close()
    print(f"SIGTERM to the end of the server and its {len(workers)} processes: {seconds:.2f} s")
    assert seconds < 5
    lines = (server.home / "logs" / "server.log").read_text().splitlines()
    assert lines[0].endswith("the server has started") and lines[-1].endswith("the server has stopped")
    (run,) = server.home.glob("runs/[!.]*")
    assert any(line.endswith(f"run {run.name} is queued") for line in lines)
    assert f"run {run.name} begins (attempt 1)\n" in (server.home / "logs" / "worker-train-0.log").read_text()
    assert "Traceback" not in server.log.read_text()


def ask_and_not_read(server):
    """A connection whose client has asked for the largest script, and leaves it with the server."""
    file = max((STATIC / "static" / "js").glob("*.js"), key=lambda each: each.stat().st_size)
    parts = urlsplit(server.address)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((parts.hostname, parts.port))
    connection.sendall(f"GET /static/js/{file.name} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    assert connection.recv(15) == b"HTTP/1.1 200 OK"
    return connection


def test_the_end_does_not_wait_for_who_reads_nothing(tmp_path):
    with serve(tmp_path / "home") as server, ask_and_not_read(server):
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        while alive(server.pid):
            assert time.monotonic() < began + 20
            time.sleep(0.02)
    assert time.monotonic() - began < 5
