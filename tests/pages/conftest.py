"""Pages drawn by AppTest, with an engine that answers in this process instead of a worker's."""

from importlib import import_module
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mlmtune_core import engine
from mlmtune_core.estimating import Costs, Law
from mlmtune_core.run_queue import RunQueue
from mlmtune_core.run_store import open_run

FRAME = str(Path(__file__).parent.parent.parent / "pages" / "frame.py")


LAW = Law(0.002, 0.0001, 0.0)
COSTS = Costs(0.3, 0.0, 0.0, LAW, LAW, LAW, 0.0, (8, 16, 24), 1.0, 0.0, 6)


class Answered:
    """A question whose answer is computed when it is asked for."""

    def __init__(self, compute):
        self.compute = compute

    def done(self):
        return True

    def result(self, seconds=None):
        return self.compute()


class EngineHere:
    """Answers at once; keeps what was submitted."""

    def __init__(self):
        self.queue = RunQueue(0, lambda run, ended: None)  # no worker: what is submitted waits
        self.worker_memory = 2**33
        self.cluster, self.rows = None, []
        self.costs = COSTS  # a rehearsal takes a second; None has it done for real

    def expect_threads(self):
        return 1

    def workers(self):
        return self.rows

    def ask(self, path, *args, role="inspect", seconds=None):
        if path == "mlmtune_core.rehearsing:rehearse" and self.costs:
            return self.costs
        module, _, name = path.partition(":")
        return getattr(import_module(module), name)(*args)

    def begin(self, path, *args, role="inspect"):
        return Answered(lambda: self.ask(path, *args))

    @property
    def submitted(self):
        return [open_run(name) for name in self.queue.order()]


@pytest.fixture
def engine_here(monkeypatch):
    here = EngineHere()
    monkeypatch.setattr(engine, "_current", here)
    st.cache_data.clear()
    st.cache_resource.clear()
    return here


@pytest.fixture
def open_page(engine_here):
    """open_page(name, language, **ids) -> the drawn page; fails on any exception in it."""

    def open_it(name="home", language="en", **ids):
        app = AppTest.from_file(FRAME, default_timeout=30)
        app.query_params["lang"] = language
        for key, value in ids.items():
            app.query_params[key] = value
        app.run()
        if name != "home":
            app.switch_page(f"{name}.py")
            app.query_params["lang"] = language
            for key, value in ids.items():
                app.query_params[key] = value
            app.run()
        assert not app.exception, app.exception[0].value
        return app

    return open_it
