"""Whatever a link, an archive or a form names: nothing outside the home folder is read or written, and an id cannot be guessed."""

import builtins
import io
import json
import os
import zipfile
from contextlib import nullcontext, suppress

import openpyxl
import pytest
from starlette.testclient import TestClient

from mlmtune_core import storage
from mlmtune_core.data import preparation
from mlmtune_core.data.readers import hub
from mlmtune_core.data.readers.table import read_table
from mlmtune_core.data.uploads import (
    delete_upload,
    load_edits,
    load_progress,
    load_reading,
    open_data,
    save_edits,
    save_progress,
    save_reading,
    save_upload,
)
from mlmtune_core.errors import CheckpointError, DataError, RunError
from mlmtune_core.inspecting.trials import preview
from mlmtune_core.models import checkpoints
from mlmtune_core.runs.shelf import find_run, open_run

GOOD = "text,label\n" + "".join(f"a good film number {i},{'xy'[i % 2]}\n" for i in range(12))


@pytest.fixture
def elsewhere(tmp_path, make_run):
    """A whole run in a folder beside the home folder, which no link may lead to."""
    folder = tmp_path / "elsewhere"
    make_run().folder.replace(folder)
    (folder / "upload").write_text(GOOD)
    (folder / "about.json").write_text('{"name": "secret.csv"}')
    return folder


@pytest.fixture
def opened(monkeypatch, home):
    """What was looked at, opened, made or removed outside the home folder while a test ran."""
    seen = []

    def watch(owner, name):
        real = getattr(owner, name)

        def watched(path, *args, **more):
            if not isinstance(path, int) and not os.path.realpath(path).startswith(str(home)):
                seen.append((name, os.fspath(path)))
            return real(path, *args, **more)

        monkeypatch.setattr(owner, name, watched)

    for owner, name in ((builtins, "open"), (io, "open"), (os, "mkdir"), (os, "unlink"), (os, "rmdir"), (os, "replace"), (os, "scandir"), (os, "listdir"), (os, "stat")):  # fmt: skip
        watch(owner, name)
    return seen


def tricks(folder):
    """Names that lead elsewhere, if anything follows them."""
    return [
        "", ".", "..", "../", "../..", "../elsewhere", "../../elsewhere", "..\\elsewhere", "....//elsewhere", "./x", "x/..",
        str(folder), f"/{folder}", f"file://{folder}", "~", "~root", "~nobody/x", "$HOME", "%2e%2e", "%2e%2e%2felsewhere", "..%2felsewhere",
        "..%00", "\0", f"{folder}\0", ".hidden", "-rf", "*", "a" * 300, "../" * 2000 + "etc/passwd", "con", "a\nb", "\u2025/x", "．．/x", "runs", "é",
    ]  # fmt: skip


def test_no_link_leads_to_a_run_elsewhere(elsewhere, opened, home):
    (home / "runs").mkdir(parents=True, exist_ok=True)
    for name in tricks(elsewhere):
        with pytest.raises(RunError, match="There is no run"):
            find_run(name)
    assert not opened
    assert open_run(str(elsewhere)).config().epochs == 2, "the command line names folders"


def test_a_run_that_is_named_by_a_link_is_not_looked_for_in_the_working_folder(elsewhere, monkeypatch):
    monkeypatch.chdir(elsewhere.parent)
    with pytest.raises(RunError):
        find_run("elsewhere")
    assert open_run("elsewhere").folder.name == "elsewhere"


def test_no_id_of_data_leads_elsewhere(elsewhere, opened, home):
    (home / "data").mkdir(parents=True, exist_ok=True)
    before = {path: path.stat().st_mtime_ns for path in elsewhere.rglob("*")}
    opened.clear()
    for name in tricks(elsewhere):
        with pytest.raises(DataError, match="no longer here"):
            open_data(name)
        assert load_reading(name) == {} and load_edits(name) == [] and load_progress(name) == 0.0
        delete_upload(name)
        save_progress(name, 0.5)
        for write in (save_reading, save_edits):
            with suppress(FileNotFoundError) if storage.is_safe_name(name) else nullcontext():  # an id of nothing
                write(name, {})
    assert not opened
    assert {path: path.stat().st_mtime_ns for path in elsewhere.rglob("*")} == before


@pytest.mark.parametrize("side", ["validation", "test"])
def test_a_side_file_is_an_id_too(elsewhere, side):
    data_id = save_upload("a.csv", GOOD.encode())
    save_reading(data_id, {side: f"../../{elsewhere.name}"})
    assert "no longer here" in str(preparation.prepare(data_id).error)


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/passwd", "..\\..\\evil.csv", "a\0b.csv", "", ".", "..", "x" * 5000, "half \ud800.csv", "~/.bashrc"])  # fmt: skip
def test_the_name_of_an_upload_is_only_shown(name, opened, home):
    data_id = save_upload(name, GOOD.encode())
    shown, raw = open_data(data_id)
    assert shown == name.encode(errors="replace").decode() and raw == GOOD.encode()
    assert {path.name for path in (home / "data" / data_id).iterdir()} == {"upload", "about.json"}
    assert not opened


def workbook_with(members):
    """A sound workbook with further members in its archive."""
    book = openpyxl.Workbook()
    for row in [line.split(",") for line in GOOD.split()]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out, "a") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_members_of_a_workbook_are_never_unpacked_to_disk(opened, tmp_path):
    names = ["../../evil", f"{tmp_path}/evil", "xl/../../../evil", "C:\\evil", "xl/worksheets/../../evil.xml"]
    raw = workbook_with(dict.fromkeys(names, "x"))
    import_once = read_table(workbook_with({}), "a.xlsx")
    opened.clear()
    assert read_table(raw, "a.xlsx").rows.equals(import_once.rows)
    assert not [path for _, path in opened if not path.endswith((".py", ".pyc", ".so"))]
    assert not [path for path in tmp_path.parent.rglob("evil*") if path.name in ("evil", "evil.xml")]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)) + "]>"  # fmt: skip
REACHES_OUT = '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [LAUGHS, REACHES_OUT], ids=["laughs", "reaches_out"])
def test_entities_in_a_workbook_are_refused(head):
    sheet = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row></sheetData></worksheet>'
    good = zipfile.ZipFile(io.BytesIO(workbook_with({})))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in good.namelist():
            archive.writestr(member, head + sheet if member == "xl/worksheets/sheet1.xml" else good.read(member))
    with pytest.raises(DataError, match="cannot be opened as an Excel workbook"):
        read_table(out.getvalue(), "a.xlsx")


def test_a_data_set_of_the_hub_is_no_folder_of_the_server(tmp_path, monkeypatch):
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "a.csv").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    for name in ("private", "./private", "../x", str(tmp_path), "private/a.csv"):
        with pytest.raises(DataError, match="is no name of the Hub"):
            hub.fetch(name)


def test_checkpoints_can_be_kept_to_one_folder(tiny_checkpoint, tmp_path, monkeypatch):
    (tmp_path / "secret").mkdir()
    offered = tmp_path / "checkpoints"
    offered.mkdir()
    (offered / "tiny").symlink_to(tiny_checkpoint)
    monkeypatch.setenv("MLMTUNE_CHECKPOINTS", str(offered))
    for name in ("tiny", "./tiny", str(offered / "tiny")):
        assert preview.describe_model(name, "sequence_classification", 2, "head_only", "linear")["layers"] == 4
    for name in (
        str(tmp_path),
        str(tmp_path / "secret"),
        "../secret",
        "./../secret",
        "~",
        "/etc/passwd",
        "tiny/../../x",
    ):
        with pytest.raises(CheckpointError, match="not among the checkpoints") as told:
            checkpoints.find_folder(name)
        assert "tiny" in str(told.value) and "secret," not in str(told.value)
    with pytest.raises(CheckpointError, match="There is no folder.*tiny"):
        checkpoints.find_folder("./tinny")
    assert checkpoints.find_folder("bundled").is_dir()


@pytest.mark.parametrize("name", ["~nobody/x", "/" + "a" * 300, "./a\0b", "../" * 3000, "a/b/c\n"])
def test_an_impossible_checkpoint_is_a_sentence(name):
    with pytest.raises(CheckpointError):
        checkpoints.find_folder(name)


def test_an_id_holds_96_random_bits(monkeypatch):
    """All of it comes from `secrets`, and it comes anew each time."""
    asked = []
    real = storage.secrets.token_hex
    monkeypatch.setattr(storage.secrets, "token_hex", lambda count: asked.append(count) or real(count))
    ids = {storage.new_id() for _ in range(200)}
    assert len(ids) == 200 and set(asked) == {12} and all(len(name) == 24 and int(name, 16) >= 0 for name in ids)
    assert all(storage.is_safe_name(name) for name in ids)


@pytest.fixture(scope="module")
def route():
    """The server's own event route, without Streamlit around it."""
    from starlette.applications import Starlette

    from pages.serving.routes import ROUTES

    return TestClient(Starlette(routes=ROUTES), raise_server_exceptions=True)


def test_the_event_route_answers_a_wrong_id_as_a_malformed_one(route, make_run, elsewhere):
    run = make_run()
    assert route.get(f"/runs/{run.id}/events").json()["state"] == "queued"
    wrong = route.get(f"/runs/{storage.new_id()}/events")
    assert wrong.status_code == 404
    names = ["..%2f..%2felsewhere", "%2e%2e", "..%5celsewhere", "%00", "a" * 300, "a%2fb", run.id[:-1], run.id + "%20", run.id.upper() + "X", f"{run.id}%2f..", f".{run.id}", "%2f" + str(elsewhere).replace("/", "%2f"), "~", "*"]  # fmt: skip
    for name in names:
        answer = route.get(f"/runs/{name}/events")
        assert (answer.status_code, answer.content) == (404, wrong.content), name
        assert {**answer.headers} == {**wrong.headers}


@pytest.mark.parametrize("after", ["-1", "99999999999999999999999", "9" * 5000, "x", "1e3", "", "%00", "0x10"])
def test_a_strange_place_to_go_on_from_is_no_fault(route, make_run, after):
    answer = route.get(f"/runs/{make_run().id}/events?after={after}")
    assert answer.status_code in (200, 404) and json.loads(answer.content)
