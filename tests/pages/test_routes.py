"""The health route: well while every role has a worker."""

import json

import pytest

from mlmtune_core import engine
from pages.serving.routes import health


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
