"""Pages drawn by AppTest, with an engine that answers in this process instead of a worker's."""

from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from mlmtune_core.runs.heartbeats import beating
from mlmtune_core.workers import engine, worker
from mlmtune_core.workers.costs.estimate import Costs, Law
from mlmtune_core.workers.queue import RunQueue

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


class QueueHere(RunQueue):
    """The real queue, without workers: what was submitted waits until a test has it begin, in this process."""

    def __init__(self):
        super().__init__(0, lambda run, ended: self.at_work.enter_context(beating([run.heartbeat_file])))
        self.submitted, self.at_work = [], ExitStack()

    def submit(self, run):
        self.submitted.append(run)
        super().submit(run)

    def begin(self, run):
        super().submit(run)
        self.move_up(run)
        self.resize(self.workers + 1)


class EngineHere:
    """Answers at once; keeps what was submitted."""

    def __init__(self):
        self.queue = QueueHere()
        self.worker_memory = 2**33
        self.cluster, self.rows = None, []
        self.costs = COSTS  # a rehearsal takes a second; None has it done for real

    def expect_threads(self):
        return 1

    def workers(self):
        return self.rows

    def ask(self, path, *args, role="inspect", seconds=None):
        if path == "mlmtune_core.workers.costs.rehearsal:rehearse" and self.costs:
            return self.costs
        module, _, name = path.partition(":")
        return getattr(import_module(module), name)(*args)

    def begin(self, path, *args, role="inspect"):
        return Answered(lambda: self.ask(path, *args))

    @property
    def submitted(self):
        return self.queue.submitted


@pytest.fixture
def engine_here(monkeypatch):
    here = EngineHere()
    monkeypatch.setattr(engine, "_current", here)
    st.cache_data.clear()
    st.cache_resource.clear()
    with here.queue.at_work:
        yield here


@pytest.fixture
def come_as(monkeypatch):
    """come_as(token): the pages drawn from now on are for the browser that has this token."""

    def come(token):
        monkeypatch.setattr("pages.shared.visit.read_token", lambda: token)
        monkeypatch.setattr("pages.shell.entrance.read_token", lambda: token)

    return come


@pytest.fixture
def class_codes(monkeypatch):
    """A server with a class: its codes are "chalk" for students and "slate" for teachers."""
    monkeypatch.setenv("MLMTUNE_CLASS_CODE", "chalk")
    monkeypatch.setenv("MLMTUNE_TEACHER_CODE", "slate")


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
            app.switch_page(f"{'inspecting' if name == 'inspect' else name}/page.py")
            app.query_params["lang"] = language
            for key, value in ids.items():
                app.query_params[key] = value
            app.run()
        assert not app.exception, app.exception[0].value
        assert "`None`" not in [text.value for text in app.markdown]  # a stray value that Streamlit wrote by itself
        return app

    return open_it


@pytest.fixture
def inspected(open_page, make_run):
    """inspected(kind, language, **settings) -> (the page Inspect on a trained run, the run)."""

    def open_one(kind="sequence_classification", language="en", **settings):
        run = make_run(task=kind, **settings)
        list(worker.carry_out(run))
        return open_page("inspect", language, run=run.id), run

    return open_one
