"""The house: who may import what, what the server holds, that README and catalogues tell the truth."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from mlmtune_core.language import LANGUAGES, catalogue_path, nearest_language, translator
from tests.update_messages import KEYWORDS, extract

ROOT = Path(__file__).parent.parent.parent
SOURCES = [path for folder in ("mlmtune_core", "pages") for path in sorted((ROOT / folder).rglob("*.py"))] + [
    ROOT / "app.py"
]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_no_streamlit_in_the_core_and_distributed_only_where_processes_are_led():
    for path in SOURCES:
        names = {name.split(".")[0] for name in imports(path)}
        if path.is_relative_to(ROOT / "mlmtune_core"):
            assert "streamlit" not in names, path
        if path.name not in ("engine.py", "cluster.py", "joining.py", "processes.py"):
            assert not names & {"distributed", "dask"}, path


def test_no_task_imports_another_and_nobody_imports_the_worker_but_its_readers():
    for path in (ROOT / "mlmtune_core" / "tasks").glob("*.py"):
        allowed = {"mlmtune_core.tasks.base"}
        found = {
            name
            for name in imports(path)
            if name.startswith("mlmtune_core.tasks.") and not name.startswith("mlmtune_core.tasks.base")
        }
        assert path.name == "__init__.py" or not found - allowed, path
    readers = {path.name for path in SOURCES if any(name.startswith("mlmtune_core.workers.worker") for name in imports(path))}
    assert readers <= {"predicting.py", "rehearsing.py", "known_features.py", "running.py", "__main__.py"}


def test_only_public_names_cross_modules():
    for path in SOURCES:
        for name in imports(path):
            if name.startswith(("mlmtune_core", "pages")):
                assert not name.rsplit(".", 1)[-1].startswith("_"), (path, name)


def test_the_server_process_imports_neither_torch_nor_transformers():
    code = (
        "import sys; sys.path.insert(0, '.'); import app; import mlmtune_core.charts, mlmtune_core.data.uploads, mlmtune_core.runs.event_log; "
        "from pages.shared import dataset, estimate_view, live_chart, overfit_view, rate_dial, take_home_view, token_strip, layer_stack, token_row; "
        "print(sorted({'torch', 'transformers', 'datasets', 'sklearn', 'onnx', 'onnxruntime', 'onnxscript'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_modules_and_functions_keep_their_size():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= (150 if path.parent.name == "pages" else 250), path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or body[-1].end_lineno - body[0].lineno < 40, (path, node.name)
    assert len((ROOT / "app.py").read_text().splitlines()) <= 70


def test_every_module_line_in_the_readme_tree_is_its_docstring():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^ +([\w/]+\.py) {2,}(\S.*)$", readme, re.MULTILINE))
    for path in SOURCES:
        if path.name == "__init__.py":
            continue
        first = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()[0].rstrip(".")
        key = (
            path.name
            if path.parent in (ROOT, ROOT / "pages", ROOT / "mlmtune_core")
            else f"{path.parent.name}/{path.name}"
        )
        assert listed.get(key, "").rstrip(".") == first, f"README tree: {key}  {first}"


def test_every_message_is_translated_and_none_is_left_over():
    wanted = {message.id for message in extract() if message.id}
    for language in LANGUAGES:
        with catalogue_path(language).open("rb") as source:
            found = {message.id: message for message in read_po(source) if message.id}
        assert set(found) == wanted, f"{language}: run make messages"
        for text, message in found.items():
            assert message.string and not message.fuzzy, (language, text)
            assert set(re.findall(r"{.*?}", text)) == set(re.findall(r"{.*?}", message.string)), (language, text)


def test_extraction_misses_no_message():
    """Babel does not look into f-strings: every literal in tr(...), mark(...) and errors must still be in the catalogue."""
    wanted = {message.id for message in extract() if message.id}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if name in KEYWORDS and KEYWORDS[name] is None and node.args and isinstance(node.args[0], ast.Constant):
                assert node.args[0].value in wanted, (path, node.args[0].value)


def test_pages_hold_no_untranslated_label():
    """What Streamlit shows must come through tr: no plain string with a letter as first argument of a drawing call."""
    drawing = {
        "title",
        "subheader",
        "header",
        "markdown",
        "caption",
        "info",
        "warning",
        "error",
        "success",
        "button",
        "metric",
        "toggle",
        "expander",
        "radio",
    }
    for path in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", "") in drawing
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                assert not re.search("[a-z]", str(node.args[0].value)), (path, node.args[0].value)


@pytest.mark.parametrize(
    ("locale", "language"),
    [("pt-BR", "pt-BR"), ("pt", "pt-BR"), ("pt_PT.UTF-8", "pt-BR"), ("en-GB", "en"), ("de", "en"), (None, "en")],
)
def test_the_nearest_language(locale, language):
    assert nearest_language(locale) == language


def test_messages_that_are_not_known_stay_english():
    assert translator("pt-BR")("Start") == "Iniciar" and translator("pt-BR")("no such text") == "no such text"
