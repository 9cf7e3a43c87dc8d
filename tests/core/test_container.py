"""The Dockerfile, read as a container engine would: no engine is needed to see that it still fits the tree."""

import fnmatch
import json
import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
KNOWN = {"FROM", "ARG", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}


def instructions() -> list[tuple[str, str]]:
    """(instruction, the rest), with continued lines joined and comments gone."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def values(name: str) -> list[str]:
    return [rest for instruction, rest in instructions() if instruction == name]


def left_out(path: str) -> bool:
    """Whether .dockerignore keeps a path outside: the last rule that fits it, or a folder above it, decides."""
    out = False
    for rule in (ROOT / ".dockerignore").read_text().splitlines():
        if rule and not rule.startswith("#"):
            pattern = rule.removeprefix("!").removeprefix("**/")
            parts = path.split("/")
            above = ["/".join(parts[: end + 1]) for end in range(len(parts))] + (parts if "**/" in rule else [])
            if any(fnmatch.fnmatchcase(each, pattern) for each in above):
                out = not rule.startswith("!")
    return out


def test_every_instruction_is_known_and_every_source_is_there_and_not_ignored():
    assert {name for name, _ in instructions()} <= KNOWN
    sources = [source for rest in values("COPY") for source in shlex.split(rest)[:-1]]
    assert all((ROOT / source).exists() and not left_out(source) for source in sources)
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in ("mlmtune_core/data/samples/sentiment.en.csv", ".streamlit/config.toml", "pages/components/live_chart.js"):
        assert name in tracked and not left_out(name)
        assert any(name == source or name.startswith(f"{source}/") for source in sources)


def test_secrets_runs_and_history_stay_outside():
    for path in (
        ".streamlit/secrets.toml",
        ".git/config",
        ".venv/bin/python",
        "tests/conftest.py",
        "pages/__pycache__/x.pyc",
    ):
        assert left_out(path), path


def test_it_does_not_run_as_root_and_keeps_its_home_in_a_volume():
    names = [name for name, _ in instructions()]
    assert values("USER") == ["mlmtune"] and names.index("USER") < names.index("CMD")
    assert "COPY" not in names[names.index("USER") :] and "RUN" not in names[names.index("USER") :]
    assert values("VOLUME") == ["/data"] and "MLMTUNE_HOME=/data" in values("ENV")[0].split()
    assert "--owner mlmtune /data" in values("RUN")[0]


def test_it_starts_what_make_run_starts_with_the_python_of_the_project():
    command = json.loads(values("CMD")[0])
    assert command[:5] == ["python", "-m", "streamlit", "run", "app.py"]
    assert command[command.index("--server.port") + 1] == values("EXPOSE")[0]
    assert (
        values("FROM") == ["python:3.11-slim"] and 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()
    )


class Answer(BaseHTTPRequestHandler):
    """/lab/health is well, everything else is not."""

    def do_GET(self):  # noqa: N802
        self.send_response(200 if self.path == "/lab/health" else 503)
        self.end_headers()

    def log_message(self, *_):
        """Says nothing."""


@pytest.mark.parametrize(("base", "well"), [("/lab", True), ("lab/", True), ("", False)])
def test_the_health_check_asks_the_route_below_any_base_path(base, well):
    options, _, command = values("HEALTHCHECK")[0].partition(" CMD ")
    assert "--interval=" in options and "--timeout=" in options
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        python, dash_c, code = json.loads(command)
        assert (python, dash_c) == ("python", "-c") and ":8501'" in code
        code = code.replace(":8501'", f":{server.server_port}'")
        environment = {"STREAMLIT_SERVER_BASE_URL_PATH": base} if base else {}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
        server.shutdown()
        thread.join()
    assert (done.returncode == 0) == well
