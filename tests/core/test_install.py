"""pip install into an empty environment, from a copy without .git: the command, a training, and the app with everything that it shows."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 90


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The bin folder of a new environment with mlmtune in it; the copy that it came from is gone."""
    place = tmp_path_factory.mktemp("elsewhere")
    copy = place / "copy"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True)
    found = place / "venv" / "bin"
    subprocess.run([found / "pip", "install", "--quiet", "--constraint", copy / "requirements.txt", copy], check=True)
    shutil.rmtree(copy)
    return found


@pytest.fixture
def call(installed, tmp_path):
    """call(*arguments) -> what the command prints, away from the checkout."""
    environment = {"PATH": f"{installed}:{os.environ['PATH']}", "MLMTUNE_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "LANG": "pt_BR.UTF-8"}

    def run(*arguments):
        return subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    run.environment = environment
    return run


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_command_helps_and_trains_on_a_sample_that_came_with_it(call, installed):
    assert call("mlmtune", "--help").startswith("usage: mlmtune") and call("mlmtune", "--version").startswith("mlmtune 0.")
    core = Path(call(installed / "python", "-c", "import mlmtune_core; print(mlmtune_core.__file__)").strip()).parent
    assert core.is_relative_to(installed.parent) and (core / "py.typed").is_file()
    options = ("--strategy", "head_only", "--epochs", "1", "--json")
    result = json.loads(call("mlmtune", "train", core / "data" / "samples" / "sentiment.pt.csv", *options))
    assert len(result["epochs"]) == 1 and result["frozen_unchanged"]
    assert "Primeira" in call("mlmtune", "lessons") or "primeira" in call("mlmtune", "lessons"), "in Portuguese, from the catalogue inside"
    call("mlmtune", "export", result["run"], "taken")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_command_alone_starts_the_app(call, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(["mlmtune", "--address", "127.0.0.1", "--port", str(port)], cwd=tmp_path, env=call.environment) as server:
        try:
            answer, until = {}, time.monotonic() + START_SECONDS
            while answer.get("status") != "ok" and time.monotonic() < until:
                time.sleep(0.5)
                try:
                    answer = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5))
                except OSError:
                    assert server.poll() is None, "the server has ended"
            assert answer["status"] == "ok" and answer["version"]
            page = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read().decode()
            assert "<title>" in page
        finally:
            server.terminate()
            assert server.wait(30) is not None
