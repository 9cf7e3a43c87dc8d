"""What a server keeps, and for how long; a start within the limits, and once."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from mlmtune_core.config import validate
from mlmtune_core.data import uploads
from mlmtune_core.errors import ConfigError, LimitError
from mlmtune_core.people import Person
from mlmtune_core.runs import limits, owned_runs
from mlmtune_core.runs.limits import Use, find_problems, is_near, read_limits
from mlmtune_core.runs.shelf import list_runs
from mlmtune_core.storage import folder_size

ANA, BIA = Person("ana", "Ana", admitted=True), Person("bia", "Bia", admitted=True)
DATA = {"name": "mine.csv", "id": "1", "fingerprint": "f", "columns": {}}


@dataclass
class Queue:
    """What starting needs of the queue."""

    runs: list = field(default_factory=list)

    def submit(self, run):
        self.runs.append(run)

    def waiting(self, owner):
        return sum(run.folder.exists() and run.owner() == owner for run in self.runs)


@pytest.fixture
def start(text_frame, monkeypatch):
    """start(person, data=..., **settings) -> the run; `start.queue` holds all of them."""
    monkeypatch.setattr(owned_runs, "_recent", {})

    def begin(person=ANA, data=DATA, **settings):
        return owned_runs.start_run(person, begin.queue, validate(settings), text_frame, data)

    begin.queue = Queue()
    return begin


@pytest.fixture(autouse=True)
def measure_anew():
    limits.forget_disk_use()


def test_limits_come_from_the_environment(monkeypatch):
    assert (read_limits().runs_waiting, read_limits().runs_kept, read_limits().upload_mb) == (20, 0, 200)
    monkeypatch.setenv("MLMTUNE_CLASS_CODE", "chalk")
    assert (read_limits().runs_waiting, read_limits().runs_kept) == (3, 50)
    monkeypatch.setenv("MLMTUNE_RUNS_WAITING", "0")
    monkeypatch.setenv("MLMTUNE_UPLOAD_MB", "1000")
    assert read_limits().runs_waiting == 0 and read_limits().upload_mb == 200, "the reader takes no more"
    for wrong in ("many", "-1", "2.5", "²"):
        monkeypatch.setenv("MLMTUNE_KEEP_DAYS", wrong)
        with pytest.raises(ConfigError, match="MLMTUNE_KEEP_DAYS"):
            limits.check_settings()


def test_every_limit_is_a_sentence_with_what_to_do_and_is_near_before_it_is_reached(monkeypatch):
    monkeypatch.setenv("MLMTUNE_RUNS_WAITING", "2")
    monkeypatch.setenv("MLMTUNE_RUNS_KEPT", "10")
    monkeypatch.setenv("MLMTUNE_DISK_MB", "100")
    assert find_problems(Use(1, 9, 99)) == [] and find_problems(Use(0, 0, 0)) == []
    told = " ".join(map(str, find_problems(Use(2, 10, 100))))
    for words in ("may have in the queue: 2", "keeps 10 for each person", "100 of 100 MB", "Delete"):
        assert words in told
    assert is_near(Use(0, 9, 0)) and is_near(Use(0, 0, 95)) and not is_near(Use(2, 8, 80))


def test_start_pressed_twice_is_one_run_and_other_settings_are_another(start):
    with ThreadPoolExecutor(8) as tabs:
        runs = list(tabs.map(lambda _: start(seed=1), range(8)))
    assert len({run.id for run in runs}) == len(start.queue.runs) == len(list(list_runs())) == 1
    assert start(seed=2).id != runs[0].id and start(BIA, seed=1).id != runs[0].id
    assert start(data=DATA | {"fingerprint": "g"}, seed=1).id != runs[0].id
    assert runs[0].owner() == "ana" and len(start.queue.runs) == 4


def test_after_three_seconds_or_a_deletion_the_same_start_is_another_run(start, monkeypatch):
    first, now = start(), time.monotonic()
    monkeypatch.setattr(owned_runs.time, "monotonic", lambda: now + 3.5)
    second = start()
    assert second.id != first.id
    second.delete()
    assert start().id not in (first.id, second.id)


def test_only_so_many_runs_of_a_person_wait(start, monkeypatch):
    monkeypatch.setenv("MLMTUNE_CLASS_CODE", "chalk")
    runs = [start(seed=seed) for seed in range(3)]
    assert start(seed=2).id == runs[2].id, "pressed twice at the limit is not refused"
    with pytest.raises(LimitError, match="in the queue: 3"):
        start(seed=3)
    assert start(BIA, seed=3).owner() == "bia"
    start.queue.runs.pop(0)
    start(seed=3)


def test_only_so_many_runs_of_a_person_are_kept_and_none_goes_by_itself(start, monkeypatch):
    monkeypatch.setenv("MLMTUNE_RUNS_KEPT", "2")
    runs = [start(seed=seed) for seed in range(2)]
    with pytest.raises(LimitError, match="Delete one"):
        start(seed=2)
    assert {run.id for run in owned_runs.runs_of("ana")} == {run.id for run in runs}
    assert owned_runs.owners() == {"ana": 2}
    runs[0].delete()
    start(seed=2)


def test_a_full_disk_refuses_runs_and_uploads_but_first_gives_up_what_can_be_computed_again(start, monkeypatch, home):
    run = start()
    (run.folder / "prefix-abc.float32").write_bytes(os.urandom(3 * 2**20))
    (run.folder / "prefix-abc.safetensors").write_bytes(b"index")
    (run.folder / "prefix.float32").write_bytes(os.urandom(2**20))
    monkeypatch.setenv("MLMTUNE_DISK_MB", "4")
    start(seed=1)
    assert not list(run.folder.glob("prefix-*")) and (run.folder / "prefix.float32").exists()
    limits.forget_disk_use()
    (home / "data").mkdir(exist_ok=True)
    (home / "data" / "large").write_bytes(os.urandom(3 * 2**20))
    with pytest.raises(LimitError, match="disk space"):
        start(seed=2)
    with pytest.raises(LimitError, match="disk space"):
        limits.accept_upload("a.csv", b"text,label\n" * 100_000)
    assert len(list(list_runs())) == 2


def test_a_file_that_is_too_large_is_not_written(home, monkeypatch):
    monkeypatch.setenv("MLMTUNE_UPLOAD_MB", "1")
    with pytest.raises(LimitError, match="2 MB; this server takes up to 1 MB"):
        limits.accept_upload("a.csv", b"x" * (2**20 + 1))
    assert not (home / "data").exists()
    limits.accept_upload("a.csv", b"x" * 2**20)


def age(run, days):
    for path in run.folder.iterdir():
        os.utime(path, (time.time() - days * 86400,) * 2)


def test_by_age_go_old_runs_and_uploads_but_nothing_that_waits_or_goes_on(start, home, monkeypatch):
    old, busy, young = (start(seed=seed) for seed in range(3))
    for run in (old, busy):
        age(run, 31)
    upload, fresh = uploads.save_upload("a.csv", b"x"), uploads.save_upload("b.csv", b"x")
    os.utime(home / "data" / upload, (time.time() - 31 * 86400,) * 2)
    assert owned_runs.clean_by_age({busy.id}) == 0 and owned_runs.expiry_time(0.0) is None, "by default all is kept"
    monkeypatch.setenv("MLMTUNE_KEEP_DAYS", "30")
    assert owned_runs.expiry_time(86400.0) == 31 * 86400
    assert [run.id for run in owned_runs.runs_older_than(30, {busy.id})] == [old.id]
    assert owned_runs.clean_by_age({busy.id}) == 2
    assert {run.id for run in list_runs()} == {busy.id, young.id}
    assert [data_id for data_id, _ in uploads.list_uploads()] == [fresh]


def test_what_a_folder_takes_is_what_its_files_take(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(os.urandom(100_000))
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert 100_000 <= folder_size(tmp_path) < 150_000 and folder_size(tmp_path / "nowhere") == 0
