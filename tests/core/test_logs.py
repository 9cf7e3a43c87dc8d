"""Logs: a line for each thing that happens to a run, nothing of what students wrote, files that do not grow for ever."""

import logging

import pytest

from mlmtune_core.errors import DataError
from mlmtune_core.workers import logs, worker

log = logging.getLogger("mlmtune_core.test")


@pytest.fixture
def written(home):
    """The lines of logs/test.log so far."""
    logs.begin("test")
    yield lambda: (home / "logs" / "test.log").read_text(encoding="utf-8").splitlines()
    for handler in logging.getLogger("mlmtune_core").handlers:
        handler.close()
    logging.getLogger("mlmtune_core").handlers.clear()
    logging.getLogger("mlmtune_core").setLevel(logging.NOTSET)


def test_one_line_for_each_thing_that_happens_to_a_run(written, make_run):
    run = make_run(epochs=1)
    list(worker.carry_out(run))
    assert [line.split(" ", 2)[2] for line in written()] == [
        f"INFO run {run.id} begins (attempt 1)",
        f"INFO run {run.id} is finished: epochs_done",
    ]


def test_why_a_run_failed_without_what_a_student_wrote(written, make_run, monkeypatch):
    def refuse(*_):
        raise DataError("Row {row}: “{text}” has no label.", row=3, text="my secret diary")

    monkeypatch.setattr(worker, "assemble_run", refuse)
    run = make_run()
    list(worker.carry_out(run))
    assert written()[-1].endswith(f"run {run.id} is failed: Row {{row}}: “{{text}}” has no label.")
    assert "diary" not in "".join(written())


def test_an_error_is_named_by_its_type_and_its_places(written):
    try:
        {}["my secret diary"]
    except KeyError:
        log.exception("%s failed", "a:b")
    assert len(written()) == 1
    assert "ERROR a:b failed KeyError at tests/core/test_logs.py:" in written()[0] and "diary" not in written()[0]


def test_a_terminal_that_shows_the_log_is_not_commanded(written):
    log.warning("run %s", "\x1b]0;owned\x07\x1b[31m\n2026 INFO forged \u202e\ud800")
    (line,) = written()
    assert line.isprintable() and r"\x1b]0;owned\x07\x1b[31m 2026 INFO forged \u202e\ud800" in line


def test_files_do_not_grow_for_ever(written, home, monkeypatch):
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    logs.begin("test")
    for number in range(1000):
        log.info("line %d", number)
    files = sorted((home / "logs").iterdir())
    assert len(files) == 1 + logs.OLDER_FILES and all(file.stat().st_size <= 2000 for file in files)
    assert written()[-1].endswith("line 999")
