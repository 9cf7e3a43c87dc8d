"""The house: which rooms there are, who may import whom, what the server holds, that lists and catalogues are true."""

import ast
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from mlmtune_core.language import LANGUAGES, catalogue_path, nearest_language, translator
from tests.update_messages import KEYWORDS, extract

ROOT = Path(__file__).parent.parent.parent
CORE, PAGES = ROOT / "mlmtune_core", ROOT / "pages"
SOURCES = [path for folder in (CORE, PAGES) for path in sorted(folder.rglob("*.py"))] + [ROOT / "app.py"]

# The table of rooms. A room may import the rooms that stand here and the files at the root; sub-rooms belong to their room.
AT_THE_ROOT = {"__init__", "__main__", "api", "charts", "config", "errors", "events", "glossary", "language", "names", "people", "storage", "strategies"}  # fmt: skip
TOP = {"__main__", "api"}  # may import every room, and no room imports them
ROOMS = {
    "data": set(),
    "models": set(),
    "tasks": {"data", "models"},
    "training": {"models", "tasks"},
    "runs": {"data", "models"},
    "workers": {"data", "models", "runs", "tasks", "training"},
    "inspecting": {"data", "models", "runs", "tasks", "training", "workers"},
    "exporting": {"data", "inspecting", "models", "runs", "tasks", "training", "workers"},
    "lessons": {"data", "inspecting", "models", "runs", "tasks", "training", "workers"},
}
PAGE_ROOMS = {  # the same for the folders of pages/; they import whatever they like of the core
    "serving": set(),
    "shared": {"serving"},
    "components": {"serving", "shared"},
    "settings": {"shared"},
    "shell": {"shared"},
    "home": {"shared", "shell"},
    "data": {"components", "shared"},
    "explore": {"components", "shared"},
    "train": {"components", "serving", "settings", "shared"},
    "watch": {"components", "serving", "settings", "shared"},
    "compare": {"components", "serving", "settings", "shared"},
    "inspecting": {"components", "serving", "settings", "shared", "watch"},
    "lessons": {"compare", "components", "serving", "settings", "shared"},
    "teacher": {"shared", "shell", "watch"},
    "workers": {"shared"},
    "frame": {"lessons", "shared", "shell"},
}
# The small core is read front to back by students: beyond models, all that it may know is this.
SMALL_CORE_KNOWS = {"config", "errors", "events", "strategies", "tasks.base"}
MOST_FILES = 12  # in a room or sub-room
MANY_FILES = {"mlmtune_core/lessons/experiments"}  # one module a lesson


def module_of(path):
    """mlmtune_core/runs/run.py -> mlmtune_core.runs.run"""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules():
    return {module_of(path): path for path in SOURCES}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


@cache
def imported_modules(path):
    """The project's own modules that a file imports, by their full names."""
    found = {name for name in imports(path) if name in modules()}
    return {name for name in found if not (modules()[name].name == "__init__.py" and any(each.startswith(f"{name}.") for each in found))}


def room_of(module):
    """mlmtune_core.data.readers.table -> data; a file at the root is its own room."""
    return module.split(".")[1] if "." in module else module


def test_the_root_of_the_core_holds_no_other_file_and_no_other_room():
    assert {path.stem for path in CORE.glob("*.py")} == AT_THE_ROOT and len(AT_THE_ROOT) <= 13
    folders = {path.name for path in CORE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS) and len(ROOMS) <= 10
    assert {path.name for path in PAGES.iterdir() if path.is_dir() and path.name != "__pycache__"} | {"frame"} == set(PAGE_ROOMS)


def test_no_room_holds_more_files_than_one_can_see():
    for folder in {path.parent for path in SOURCES} - {CORE, ROOT}:
        if folder.relative_to(ROOT).as_posix() not in MANY_FILES:
            files = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
            assert len(files) <= MOST_FILES, (folder, len(files))


def against_the_table(own, tables):
    """(file, import) of a module that imports a room that its own room may not know."""
    for module, path in modules().items():
        table = tables.get(module.split(".")[0])
        if table is None or room_of(module) in own:
            continue
        for name in imported_modules(path):
            room, wanted = room_of(module), room_of(name)
            if name.split(".")[0] == module.split(".")[0] and wanted != room and (wanted in table or wanted in own):
                allowed = table.get(room, set())
                if wanted not in allowed:
                    yield f"{module} imports {name}"


def test_imports_follow_the_table_of_rooms():
    assert list(against_the_table(TOP, {"mlmtune_core": ROOMS, "pages": PAGE_ROOMS})) == []
    for module, path in modules().items():
        if module.startswith("mlmtune_core."):
            assert not any(name.split(".")[0] in ("pages", "app") for name in imports(path)), module


def find_circle(graph):
    """A circle in {name: names}, as the names on it, or nothing."""
    done = set()

    def visit(name, above):
        if name in above:
            return [*above[above.index(name) :], name]
        if name in done:
            return []
        done.add(name)
        return next(filter(None, (visit(each, [*above, name]) for each in sorted(graph.get(name, ())))), [])

    return next(filter(None, (visit(name, []) for name in sorted(graph))), [])


def test_no_circle_between_rooms_or_files():
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    files = {module: imported_modules(path) - {module} for module, path in modules().items()}
    rooms = {}
    for module, found in files.items():
        full = ".".join(module.split(".")[:2])
        rooms.setdefault(full, set()).update({".".join(name.split(".")[:2]) for name in found} - {full})
    assert find_circle(rooms) == []
    top_level = {module: {name for name in imported_modules_at_the_top(modules()[module]) if name != module} for module in files}
    assert find_circle(top_level) == []


def imports_at_the_top(path):
    """As imports, without imports inside functions, and without those for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) or (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING")]
    inside = {id(each) for node in left_out for each in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in inside:
            yield from (name.name for name in node.names)
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in inside:
            yield from (full if (full := f"{node.module}.{name.name}") in modules() else node.module for name in node.names)


def imported_modules_at_the_top(path):
    """The project's own modules that are imported with this one."""
    return {name for name in imports_at_the_top(path) if name in modules()}


def test_the_small_core_knows_little():
    """Nothing of queues, stores, lessons, pages, other tasks, or what makes it faster."""
    for path in (CORE / "training").glob("*.py"):
        for name in imported_modules(path):
            known = name.removeprefix("mlmtune_core.")
            assert known.startswith(("models", "training.")) or known in SMALL_CORE_KNOWS, (path.name, name)
            assert not known.startswith("training.faster"), (path.name, name)


def test_no_streamlit_in_the_core_and_distributed_only_in_workers():
    for path in SOURCES:
        names = {name.split(".")[0] for name in imports(path)}
        if path.is_relative_to(CORE):
            assert "streamlit" not in names, path
        if not path.is_relative_to(CORE / "workers"):
            assert not names & {"distributed", "dask"}, path


def test_no_task_imports_another():
    tasks = {module_of(path) for path in (CORE / "tasks").glob("*.py") if "LABELS_ARE" in path.read_text(encoding="utf-8")}
    tasks -= {"mlmtune_core.tasks.base"}
    for module in tasks:
        assert not imported_modules(modules()[module]) & tasks - {module}, module


def test_functions_called_in_workers_by_name_exist():
    """Pages name what a worker is to call as "package.module:function"; a rename must not leave a name behind."""
    found = set()
    for path in SOURCES:
        found |= set(re.findall(r"\"(mlmtune_core[\w.]*):(\w+)\"", path.read_text(encoding="utf-8")))
    assert len(found) > 20
    for module, function in found:
        assert callable(getattr(import_module(module), function, None)), (module, function)


def test_only_public_names_cross_modules():
    for path in SOURCES:
        for name in imports(path):
            if name.startswith(("mlmtune_core", "pages")):
                assert not re.match("_(?!_)", name.rsplit(".", 1)[-1]), (path, name)


HEAVY = {"torch", "transformers", "datasets", "sklearn", "peft", "captum", "onnx", "onnxruntime", "onnxscript"}


def test_the_server_process_imports_neither_torch_nor_transformers():
    """No module that app.py or a page imports, at any depth, imports one of these outside a function; and app.py really imports none."""
    left, seen = [path for path in SOURCES if not path.is_relative_to(CORE)], set()
    while left:
        path = left.pop()
        if path not in seen:
            seen.add(path)
            assert not {name.split(".")[0] for name in imports_at_the_top(path)} & HEAVY, path
            left += [modules()[name] for name in imported_modules_at_the_top(path)]
    assert len(seen) > 150
    code = f"import sys; sys.path.insert(0, '.'); import app; print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_modules_and_functions_keep_their_size():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or body[-1].end_lineno - body[0].lineno < 40, (path, node.name)
    assert len((ROOT / "app.py").read_text().splitlines()) <= 70


def first_line(path):
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).splitlines()[0]


def test_the_list_of_a_room_is_its_files():
    """The docstring of each __init__ lists every module and sub-room with the first line of its docstring."""
    for folder in sorted({path.parent for path in SOURCES} - {ROOT}):
        listed = dict(re.findall(r"^ {4}([\w/]+) {2,}(\S.*)$", ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")), clean=False), re.MULTILINE))
        wanted = {path.stem: first_line(path) for path in folder.glob("*.py") if path.name not in ("__init__.py", "__main__.py")}
        wanted |= {f"{each.parent.name}/": first_line(each) for each in folder.glob("*/__init__.py")}
        assert listed == wanted, folder
        for line in wanted.values():
            assert line.endswith(".") and len(line) <= 110, (folder, line)


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
