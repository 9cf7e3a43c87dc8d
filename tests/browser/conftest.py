"""One server and one Chromium for all journeys; a fresh context, watched for outside requests, for each."""

from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from mlmtune_core.runs.run import Run
from tests.browser.serving import chromium, serve, settled, warm_up

expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def server(tmp_path_factory, browser):
    with serve(tmp_path_factory.mktemp("server")) as running:
        warm_up(browser, running)
        yield running


@pytest.fixture(autouse=True)
def leave_no_run(request):
    """A test that fails must not keep the only train worker busy for the next."""
    yield
    if "server" not in request.fixturenames:
        return
    server = request.getfixturevalue("server")
    for folder in (server.home / "runs").glob("[!.]*"):
        Run(folder).request("stop")


@pytest.fixture
def visit(browser, server):
    """visit(locale, scheme, width, height) -> a context manager with a page; fails on errors in it and on requests to elsewhere."""

    @contextmanager
    def open_page(locale="en-US", scheme="light", width=1280, height=800, path="/"):
        context = browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": width, "height": height})
        page = context.new_page()
        page.set_default_timeout(60_000)
        elsewhere, errors = [], []
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((server.address, "data:", "blob:")) else elsewhere.append(request.url)
            ),
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(server.address + path)
        settled(page)
        yield page
        context.close()
        assert not elsewhere and not errors

    return open_page
