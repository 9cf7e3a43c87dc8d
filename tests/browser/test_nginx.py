"""The nginx configuration of docs/serving.md, as it stands there, before a real server: TLS, a path of its own, a real browser."""

import re
import shutil
import signal
import ssl
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mlmtune_core.data.readers.table import MAX_BYTES
from tests.browser.serving import ROOT, Server, free_port, serve, settled

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.browser,
    pytest.mark.skipif(not NGINX, reason="nginx is not installed (apt-get install nginx-light)"),
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed"),
]
BASE = "/lab/mlmtune"
AROUND = """daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    {written}
}}
"""


@dataclass(frozen=True)
class Front:
    """Where nginx listens, what stands behind it, and its folder."""

    secure: str
    plain: str
    behind: Server
    folder: Path


def written_configuration() -> str:
    """The block of docs/serving.md."""
    (block,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "serving.md").read_text(encoding="utf-8"), re.DOTALL)
    return block


def replace_once(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"docs/serving.md no longer says “{old}”"
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(folder: Path, upstream: int):
    """Starts nginx with the documented block; ports, paths and certificate are the only changes. Ends it by its process id."""
    secure, plain = free_port(), free_port()
    certificate = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"]  # fmt: skip
    subprocess.run(certificate, check=True, capture_output=True)
    written = replace_once(
        written_configuration(),
        {
            "listen 443": f"listen 127.0.0.1:{secure}",
            "listen 80": f"listen 127.0.0.1:{plain}",
            "server 127.0.0.1:8501": f"server 127.0.0.1:{upstream}",
            "server_name mlmtune.example.edu": "server_name 127.0.0.1",
            "/etc/ssl/mlmtune/fullchain.pem": f"{folder}/cert.pem",
            "/etc/ssl/mlmtune/privkey.pem": f"{folder}/key.pem",
            "/var/log/nginx/mlmtune.log": f"{folder}/access.log",
            "https://$host$request_uri": f"https://$host:{secure}$request_uri",
        },
    )
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, written=written))
    command = [NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(command)
    try:
        yield f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    with serve(folder / "home", base=BASE) as behind:
        port = int(behind.address.split(":")[2].removesuffix(BASE))
        with nginx(folder, port) as (secure, plain):
            wait_until(lambda: fetch(secure + BASE).status == 200)
            yield Front(secure, plain, behind, folder)


@pytest.fixture
def page(browser, front):
    context = browser.new_context(ignore_https_errors=True, locale="en-US")
    opened = context.new_page()
    opened.set_default_timeout(120_000)
    yield opened
    context.close()


def wait_until(true, seconds=30):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if true():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def fetch(address: str):
    trusting = ssl._create_unverified_context()
    with urllib.request.urlopen(address, context=trusting, timeout=10) as answer:
        answer.read()
        return answer


def test_the_way_in_leads_to_the_path_by_tls_with_all_headers(front):
    assert fetch(front.plain).url == f"{front.secure}{BASE}/"
    answer = fetch(f"{front.secure}{BASE}/health")
    assert answer.status == 200 and answer.headers["Strict-Transport-Security"]
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "same-origin" and answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_deep_link_works_and_a_live_chart_follows_its_run(page, front):
    sockets, outside = [], []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.on("request", lambda asked: None if asked.url.startswith((front.secure, "data:", "blob:")) else outside.append(asked.url))  # fmt: skip
    page.goto(f"{front.secure}{BASE}/train?data=sample-sentiment-en")
    page.locator(".layer-stack").wait_for()
    settled(page)
    page.locator(".st-key-start button").click()
    for more_than in (0, 5):
        page.wait_for_function(
            "n => Number(document.querySelector('.live-chart')?.dataset.points ?? 0) > n", arg=more_than
        )
    page.reload()
    page.wait_for_function("() => Number(document.querySelector('.live-chart')?.dataset.points ?? 0) > 5")
    assert sockets and all(
        socket.startswith(f"wss://127.0.0.1:{front.secure.split(':')[2]}{BASE}/") for socket in sockets
    )
    assert not outside
    assert all(cookie["secure"] for cookie in page.context.cookies())
    log = (front.folder / "access.log").read_text()
    assert f'"GET {BASE}/train"' in log and "sample-sentiment-en" not in log and "/events" not in log


def test_an_upload_near_the_limit_is_not_refused(page, front):
    limit = int(re.search(r"client_max_body_size (\d+)m;", written_configuration()).group(1))
    assert limit == MAX_BYTES // 2**20
    large = front.folder / "large.csv"
    with large.open("wb") as out:
        out.truncate(limit * 1_000_000 - 1)  # what the page lets through; nothing but zeros, so the app is soon done
    page.goto(f"{front.secure}{BASE}/data")
    settled(page)
    with page.expect_response(lambda answer: "/_stcore/upload_file/" in answer.url) as answered:
        page.locator("input[type=file]").first.set_input_files(large)
    assert answered.value.status == 204
    expect(page.get_by_text("“large.csv” is empty")).to_be_visible()
    large.unlink()
