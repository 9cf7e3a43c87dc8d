"""The routes and files beside the pages: well while every role has a worker, patient with a run that waits, sent compressed."""

import gzip
import json

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from mlmtune_core.workers import engine
from pages.serving.addresses import PLOTLY_ROUTE
from pages.serving.routes import REST_SECONDS, ROUTES, health
from pages.serving.static_files import PLOTLY_FILE, STATIC, StaticFiles


class Engine:
    def __init__(self, **workers):
        self.workers = workers

    def health(self):
        return {"workers": self.workers, "runs": {"queued": 2, "under_way": 1}}


@pytest.mark.parametrize(
    ("running", "code", "status"),
    [(Engine(train=1, inspect=1), 200, "ok"), (Engine(train=0, inspect=1), 503, "degraded"), (None, 503, "degraded")],
)
def test_a_role_without_a_worker_is_no_good_health(monkeypatch, running, code, status):
    monkeypatch.setattr(engine, "_current", running)
    answer = health(None)
    assert answer.status_code == code and json.loads(answer.body)["status"] == status


def test_only_who_waits_behind_others_is_told_to_rest(engine_here, make_run):
    runs = [make_run(seed=i) for i in range(3)]
    engine_here.queue.resize(1)
    engine_here.queue.hold()
    for run in runs:
        engine_here.queue.submit(run)
    ask = TestClient(Starlette(routes=ROUTES)).get
    assert [ask(f"/runs/{run.id}/events").json()["rest"] for run in runs] == [0.0, REST_SECONDS, REST_SECONDS]
    engine_here.queue.release()
    assert ask(f"/runs/{runs[0].id}/events").json()["rest"] == 0.0


def test_files_of_the_pages_come_compressed_to_who_takes_it_and_nothing_else_does():
    passed = Route("/{path:path}", lambda request: PlainTextResponse("passed on"))
    ask = TestClient(Starlette(routes=[passed], middleware=[Middleware(StaticFiles)])).get
    file = next(STATIC.glob("static/js/index*.js"))
    address = "/" + file.relative_to(STATIC).as_posix()
    answer = ask(address)
    assert answer.headers["content-encoding"] == "gzip" and "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.content == file.read_bytes()
    assert int(answer.headers["content-length"]) == len(gzip.compress(file.read_bytes(), 6)) < file.stat().st_size / 2
    assert ask(address, headers={"accept-encoding": "identity"}).text == "passed on"
    assert ask(PLOTLY_ROUTE).content == PLOTLY_FILE.read_bytes()
    for other in ("/", "/static/js/nothing.js", "/static/../index.html", "/static/js/../../../app.py", "/index.html"):
        assert ask(other).text == "passed on"
