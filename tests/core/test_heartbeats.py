"""One run, one process: of many that try, one holds it; what a dead process held can be taken; who was overtaken ends itself."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlmtune_core.runs.heartbeats import FREE, RunInUse, beating, clear_claims, is_alive, who

ROOT = Path(__file__).parent.parent.parent
TRY = """
import sys, time
from pathlib import Path
from mlmtune_core.runs import heartbeats
heartbeats.BEAT_SECONDS = 0.1
print("ready", flush=True)
while not Path(sys.argv[1]).with_name("go").exists():
    time.sleep(0.001)
try:
    with heartbeats.beating([Path(sys.argv[1])]):
        print("held", flush=True)
        sys.stdin.read()
except heartbeats.RunInUse:
    print("refused", flush=True)
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "heartbeat"


@pytest.fixture
def tries(file):
    """tries(n) -> n processes that try to hold the file at the same moment."""
    begun = []

    def begin(count):
        begun.extend(
            subprocess.Popen(
                [sys.executable, "-c", TRY, str(file)],
                cwd=ROOT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )  # fmt: skip
            for _ in range(count)
        )
        return begun[-count:]

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def claims(file):
    return {path.name: path.read_text() for path in file.parent.glob("heartbeat-*")}


def test_of_many_one_holds_it_also_after_one_that_died(file, tries):
    for _ in range(2):
        contenders = tries(6)
        assert all(process.stdout.readline() == "ready\n" for process in contenders)
        file.with_name("go").touch()
        said = {process: process.stdout.readline().strip() for process in contenders}
        assert sorted(said.values()) == ["held"] + ["refused"] * 5
        holder = next(process for process, word in said.items() if word == "held")
        assert who(file)[1] == holder.pid and is_alive(file)
        file.with_name("go").unlink()
        holder.kill()
        holder.wait()
        assert not is_alive(file)
    assert list(claims(file)) == ["heartbeat-2"]


def test_held_is_refused_given_back_is_not(file):
    with beating([file]):
        with pytest.raises(RunInUse), beating([file]):
            pass
        assert is_alive(file)
    assert not file.exists() and claims(file) == {"heartbeat-1": FREE}
    with beating([file]):
        assert list(claims(file)) == ["heartbeat-2"]
        clear_claims(file)
    assert not claims(file) and not file.exists()


def test_several_are_held_together_or_not_at_all(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    files = [folder / "heartbeat" for folder in folders]
    with beating([files[1]]):
        with pytest.raises(RunInUse), beating(files):
            pass
        assert not files[0].exists() and is_alive(files[1])
    with beating(files):
        assert all(map(is_alive, files))


def test_a_claim_from_elsewhere_holds_as_long_as_it_is_touched(file):
    claim = file.with_name("heartbeat-7")
    for text in (json.dumps({"host": "elsewhere", "pid": 1, "began": 1.0}), ""):  # an empty one is being written
        claim.write_text(text)
        with pytest.raises(RunInUse), beating([file]):
            pass
    os.utime(claim, (time.time() - 60,) * 2)
    with beating([file]):
        assert list(claims(file)) == ["heartbeat-8"]


def test_a_process_that_was_overtaken_while_it_stood_still_ends_itself(file, tries):
    file.with_name("go").touch()
    (process,) = tries(1)
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "held\n"]
    process.send_signal(signal.SIGSTOP)
    file.with_name("heartbeat-2").write_text("the one who thought it was gone")
    process.send_signal(signal.SIGCONT)
    assert process.wait(timeout=60) == -signal.SIGKILL
