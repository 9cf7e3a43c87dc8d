"""docs/adding-a-task.md, followed to the letter on a copy of the sources."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.slow


def read_steps():
    section = (ROOT / "docs" / "adding-a-task.md").read_text(encoding="utf-8")
    commands = re.findall(r"^ {7}(cp .*)$", section, re.MULTILINE)
    cells = re.findall(r"^ *\| `(.+?)` \| `(.+)` \| `(.+?)` \|$", section, re.MULTILINE)
    return commands, [tuple(cell.replace(r"\|", "|") for cell in row) for row in cells]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The sources with the new task in them."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("mlmtune_core", "pages", "locale"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    commands, lines = read_steps()
    assert len(commands) == 1 and len(lines) == 7
    for command in commands:
        subprocess.run(shlex.split(command), cwd=folder, check=True)
    for file, below, added in lines:
        path = folder / file
        before, found, after = path.read_text(encoding="utf-8").partition(below)
        assert found, f"{file} holds no line “{below}”"
        path.write_text(f"{before}{found}\n    {added}{after}", encoding="utf-8")
    return folder


def run(copy, *arguments, code=None):
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "mlmtune_core", *map(str, arguments)]
    environment = {**os.environ, "MLMTUNE_HOME": str(copy / "home"), "PYTHONPATH": str(copy)}
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_new_task_trains_and_answers(copy, tiny_checkpoint):
    rows = [f"{'help now please' if i % 2 else 'some day perhaps'} {i}\t{['later', 'now'][i % 2]}" for i in range(20)]
    (copy / "mine.tsv").write_text("text\tlabel\n" + "\n".join(rows), encoding="utf-8")
    result = json.loads(run(copy, "train", "mine.tsv", "--task", "urgency", "--strategy", "full", "--epochs", 2, "--checkpoint", tiny_checkpoint, "--json"))  # fmt: skip
    assert result["task"] == "urgency" and set(result["best"]["metrics"]) == {"accuracy", "macro_f1"}
    answer = json.loads(run(copy, "predict", result["run"], "--text", "help me now", "--json"))
    assert set(answer["probabilities"]) == {"now", "later"}


def test_the_pages_name_it(copy):
    code = "from mlmtune_core.names import task_names, baseline_names; print(task_names(str)['urgency'], baseline_names(str)['urgency'])"
    assert "How urgent is it?" in run(copy, code=code)
