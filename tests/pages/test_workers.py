"""The page of the workers: who is there and at what, without giving away the runs of others."""

import time
from types import SimpleNamespace

import pytest

from mlmtune_core.workers.cluster import WorkerRow
from mlmtune_core.workers.processes import WARM
from tests.pages.test_pages import texts

MINE, THEIRS = "a1" * 12, "b2" * 12


@pytest.fixture
def busy(engine_here, monkeypatch):
    """Two remote workers at runs, a local one, and a connected scheduler."""
    monkeypatch.setenv("MLMTUNE_SCHEDULER", "tcp://lab_1:8786")
    engine_here.cluster = SimpleNamespace(address="tcp://lab_1:8786", connected=True)
    began = time.time() - 75
    engine_here.rows = [
        WorkerRow("inspect", "inspect", "server", "", 300 * 2**20, began),
        WorkerRow("lab-1", "train", "10.0.0.1", MINE, 1500 * 2**20, began),
        WorkerRow("lab-2", "train", "10.0.0.2", THEIRS, 1500 * 2**20, began),
    ]
    return engine_here


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Connected to", "opens models", "ready", "at run")), ("pt-BR", ("Conectado", "abre modelos", "livre", "no treino"))],
)  # fmt: skip
def test_workers_are_named_with_what_they_are_at(busy, open_page, language, words):
    app = open_page("workers", language, run=MINE)
    rows = [list(row) for row in app.dataframe[0].value.to_numpy()]
    assert [row[0] for row in rows] == ["inspect", "lab-1", "lab-2"] and [row[2] for row in rows[1:]] == [
        "10.0.0.1",
        "10.0.0.2",
    ]
    assert words[0] in texts(app) and rows[0][1:4] == [words[1], "server", words[2]]
    assert (
        rows[1][3] == f"{words[3]} {MINE}" and rows[1][4] in ("1,500 MB", "1.500 MB") and rows[1][5].startswith("1 min")
    )
    assert [metric.value for metric in app.metric] == ["2", "0", "0"]


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_every_role_has_a_name(busy, open_page, language):
    busy.rows = [WorkerRow(role, role, "server", "", 0, time.time()) for role in WARM]
    told = [*open_page("workers", language).dataframe[0].value.iloc[:, 1]]
    assert len(set(told)) == len(WARM) and not {*told} & {*WARM}


def test_runs_of_others_are_not_given_away(busy, open_page):
    app = open_page("workers", run=MINE)
    assert THEIRS not in str(app.dataframe[0].value.to_numpy()) and THEIRS[:4] in str(app.dataframe[0].value.to_numpy())


def test_a_lost_scheduler_is_shown(busy, open_page):
    busy.cluster.connected, busy.rows = False, []
    app = open_page("workers")
    assert "lab\\_1" in app.warning[0].value and "trying again" in app.warning[0].value


def test_the_page_is_offered_where_there_is_a_cluster(engine_here, open_page, monkeypatch):
    assert "workers" not in open_page().session_state["pages"]
    monkeypatch.setenv("MLMTUNE_SCHEDULER", "tcp://lab:8786")
    assert "workers" in open_page().session_state["pages"]
