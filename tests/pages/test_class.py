"""A class on the pages: who comes in, whose run is whose, what is refused wherever it is tried, and the teacher's page."""

import re
from itertools import count

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from mlmtune_core import people
from mlmtune_core.config import validate
from mlmtune_core.data.uploads import load_edits, save_upload
from mlmtune_core.errors import PeopleError, RunError
from mlmtune_core.people import admit, find_person, find_person_name, rename
from mlmtune_core.runs.shelf import create_run, list_runs, open_run
from mlmtune_core.workers import worker
from pages.serving.person_cookie import COOKIE, PersonCookie
from pages.serving.routes import ROUTES
from pages.watch.buttons import HOLD, act, act_on_queue
from tests.pages.conftest import FRAME
from tests.pages.test_pages import texts

ANA, BIA, RUI = "a" * 43, "b" * 43, "r" * 43
CSV = "text\tlabel\n" + "".join(f"some text {i}\t{'ab'[i % 2]}\n" for i in range(12))
ACTS = ("pause", "resume", "stop", "again", "delete", "move_up")


@pytest.fixture(autouse=True)
def forget_tries(monkeypatch):
    monkeypatch.setattr(people, "_wrong_codes", people.WrongCodes())


@pytest.fixture
def ana(class_codes):
    return admit(ANA, "Ana *Sá*", "chalk")


@pytest.fixture
def bia(class_codes):
    return admit(BIA, "Bia", "chalk")


@pytest.fixture
def rui(class_codes):
    return admit(RUI, "Rui", "slate")


@pytest.fixture
def make_own(tiny_checkpoint, text_frame):
    """make_own(person, **settings) -> a new run of theirs on a sample."""
    seeds = count()

    def make(person, **settings):
        config = validate({"checkpoint": tiny_checkpoint, "epochs": 2, "batch_size": 2, "seed": next(seeds)} | settings)
        data = {"name": "sentiment.en.csv", "id": "sample-sentiment-en", "fingerprint": "0", "columns": {}}
        return create_run(config, text_frame, data, owner=person.id)

    return make


def keys(app):
    return {button.key for button in app.button}


@pytest.mark.parametrize(("language", "words"), [("en", "Welcome to the class"), ("pt-BR", "Boas-vindas à turma")])
def test_the_entrance_comes_before_every_page_and_leads_back_to_it(
    engine_here, class_codes, come_as, ana, make_own, language, words
):
    come_as(BIA)
    run = make_own(ana)
    app = AppTest.from_file(FRAME, default_timeout=30)
    app.query_params["lang"], app.query_params["run"] = language, run.id
    app.run()
    assert words in texts(app) and "open_sample" not in keys(app)
    app.switch_page("watch/page.py").run()
    assert words in texts(app) and not app.metric
    assert [button.key for button in app.button] == ["entrance_go"] or len(app.button) == 1
    app.text_input(key="entrance_name").set_value("Bia")
    app.text_input(key="entrance_code").set_value("chalks")
    app.button[0].click().run()
    assert app.error and not find_person(BIA).admitted
    app.text_input(key="entrance_code").set_value("chalk")
    app.button[0].click().run()
    assert not app.exception and find_person(BIA).name == "Bia" and words not in texts(app)


def test_without_a_class_nothing_of_it_is_seen(open_page, make_run):
    app = open_page("watch", run=make_run().id)
    assert "stop" in keys(app) and "alike" not in keys(app) and "Ana" not in texts(app)
    app = open_page("teacher")
    assert "There is no class" in app.error[0].value
    assert "On this server" not in texts(open_page("train", data="sample-sentiment-en"))


def test_others_runs_can_be_looked_at_but_have_no_buttons(open_page, come_as, ana, bia, rui, make_own, engine_here):
    run = make_own(ana)
    engine_here.queue.begin(run)
    mine = {"stop", "pause"}
    come_as(ANA)
    app = open_page("watch", run=run.id)
    assert mine <= keys(app) and "This is a run of" not in texts(app)
    come_as(BIA)
    app = open_page("watch", run=run.id)
    assert not keys(app) & {*mine, "delete"} and "This is a run of **Ana \\*Sá\\***: you can look at it." in texts(app)
    come_as(RUI)
    app = open_page("watch", run=run.id)
    assert mine <= keys(app) and "This is a run of **Ana" in texts(app)


@pytest.mark.parametrize("what", ACTS)
def test_nobody_acts_on_others_runs_whatever_the_page_drew(engine_here, ana, bia, rui, make_own, what):
    run, nobodys = make_own(ana), make_own(find_person(""))
    engine_here.queue.submit(run)
    for theirs in (run, nobodys):
        with pytest.raises(PeopleError, match="somebody else"):
            act(bia, theirs, what)
    assert run.control() == "" and open_run(run.id) and engine_here.queue.order() == [run.id]
    if what == "move_up":
        with pytest.raises(PeopleError, match="teacher"):
            act(ana, run, what)
    act(rui, run, what)


def test_a_run_under_way_is_not_deleted_and_a_waiting_one_leaves_the_queue(engine_here, ana, make_own):
    going, waiting = make_own(ana), make_own(ana)
    for run in (going, waiting):
        engine_here.queue.submit(run)
    engine_here.queue.begin(going)
    with pytest.raises(RunError, match="Stop it first"):
        act(ana, going, "delete")
    act(ana, waiting, "delete")
    assert engine_here.queue.order() == [] and [run.id for run in list_runs()] == [going.id]
    with pytest.raises(RunError, match="There is no run"):
        act(ana, waiting, "stop")


def test_only_a_teacher_holds_the_queue(engine_here, ana, rui, monkeypatch):
    with pytest.raises(PeopleError, match="teacher"):
        act_on_queue(ana, HOLD)
    assert not engine_here.queue.held
    act_on_queue(rui, HOLD)
    assert engine_here.queue.held


def test_a_run_is_deleted_after_a_question_and_its_page_is_left(open_page, come_as, ana, make_own):
    come_as(ANA)
    run = make_own(ana)
    list(worker.carry_out(run))
    app = open_page("watch", run=run.id)
    app.button(key="delete").click().run()
    app.button(key="delete_no").click().run()
    assert open_run(run.id) and "delete_yes" not in keys(app)
    app.button(key="delete").click().run()
    app.button(key="delete_yes").click().run()
    assert not app.exception and not list(list_runs())
    assert app.query_params.get("run", "") in ("", [""])


def test_a_failed_run_is_begun_again_by_its_owner(open_page, come_as, ana, make_own, engine_here):
    come_as(ANA)
    run = make_own(ana, strategy="last_layers:9")
    list(worker.carry_out(run))
    app = open_page("watch", run=run.id)
    app.button(key="again").click().run()
    assert not app.exception and run.state() == "queued" and engine_here.queue.order() == [run.id]


def test_settings_of_anothers_run_fill_the_form(open_page, come_as, ana, bia, make_own, tiny_checkpoint):
    run = make_own(ana, strategy="last_layers:3", head_learning_rate=2e-3, learning_rate=4e-5, epochs=7, dropout=0.25, head="mlp", train_examples=3, measure_training=True)
    come_as(BIA)
    app = open_page("watch", run=run.id)
    app.button(key="alike").click().run()
    assert not app.exception and app.query_params["data"] in ("sample-sentiment-en", ["sample-sentiment-en"])
    assert app.radio(key="strategy").value == "last_layers" and app.slider(key="last_layers").value == 3
    assert app.text_input(key="typed_head_learning_rate_last_layers").value == "0.002"
    assert app.text_input(key="typed_learning_rate_last_layers").value == "4e-05"
    assert app.number_input(key="epochs").value == 7 and app.number_input(key="dropout").value == 0.25
    assert app.text_input(key="checkpoint_folder").value == tiny_checkpoint
    assert app.selectbox(key="head").value == "mlp" and app.number_input(key="train_examples").value == 3 and app.toggle(key="measure_training").value


@pytest.mark.parametrize("page", ["data", "train"])
def test_the_link_of_anothers_upload_shows_nothing_of_it(open_page, come_as, ana, bia, page):
    data_id = save_upload("secret-name.tsv", CSV.encode(), ana.id)
    come_as(BIA)
    app = open_page(page, data=data_id)
    assert "somebody else" in app.error[0].value and "start" not in keys(app) and "rename_label" not in keys(app)
    assert "secret-name" not in texts(app) and not app.metric and not app.dataframe
    come_as(ANA)
    assert not open_page(page, data=data_id).error


def test_an_upload_and_its_changes_belong_to_who_made_them(open_page, come_as, ana, bia):
    come_as(ANA)
    app = open_page("data")
    app.text_area(key="upload_pasted_0").set_value(CSV).run()
    app.button(key="upload_use_pasted").click().run()
    data_id = app.query_params["data"]
    data_id = data_id[0] if isinstance(data_id, list) else data_id
    app.text_input(key=f"new_label_{data_id}_0").set_value("c").run()
    app.button(key="rename_label").click().run()
    assert not app.exception and not app.error and len(load_edits(data_id)) == 1
    come_as(BIA)
    assert "somebody else" in open_page("data", data=data_id).error[0].value


def test_start_says_that_too_many_wait_before_it_is_pressed(
    open_page, come_as, ana, make_own, engine_here, monkeypatch
):
    come_as(ANA)
    monkeypatch.setenv("MLMTUNE_KEEP_DAYS", "14")
    app = open_page("train", data="sample-sentiment-en")
    assert "waiting: 0 of 3 runs; kept: 0 of 50 runs; each for 14 days" in texts(app)
    runs = [make_own(ana) for _ in range(3)]
    for run in runs:
        engine_here.queue.submit(run)
    app.run()
    assert app.button(key="start").disabled and "in the queue\\: 3" in app.error[0].value
    engine_here.queue.begin(runs[0])
    app.run()
    assert not app.button(key="start").disabled and "waiting: 2 of 3" in texts(app)


def test_near_a_limit_the_line_is_a_warning_with_ones_own_runs(open_page, come_as, ana, bia, make_own, monkeypatch):
    monkeypatch.setenv("MLMTUNE_RUNS_KEPT", "2")
    mine, _ = [make_own(ana), make_own(ana)], make_own(bia)
    come_as(ANA)
    app = open_page("train", "pt-BR", data="sample-sentiment-en")
    assert "guardados: 2 de 2" in app.warning[0].value and app.button(key="start").disabled
    assert (
        app.selectbox(key="own_run").value in [run.id for run in mine]
        and len(app.selectbox(key="own_run").options) == 2
    )
    app.button(key="open_own_run").click().run()
    assert not app.exception and "delete" in keys(app)


def test_an_ended_run_says_until_when_it_is_kept(open_page, make_run, monkeypatch):
    run = make_run()
    list(worker.carry_out(run))
    assert "Kept until" not in texts(open_page("watch", run=run.id))
    monkeypatch.setenv("MLMTUNE_KEEP_DAYS", "3")
    assert re.search(r"Kept until \w+ \d+, 20\d\d", texts(open_page("watch", run=run.id)))
    assert re.search(r"Guardado até \d+ de .+ de 20\d\d", texts(open_page("watch", "pt-BR", run=run.id)))


def test_the_upload_limit_stands_beside_the_uploader(open_page, monkeypatch):
    monkeypatch.setenv("MLMTUNE_UPLOAD_MB", "7")
    app = open_page("data")
    assert "up to 7 MB" in app.file_uploader[0].label and "20,000 rows" in app.file_uploader[0].label


def test_the_teachers_page_is_refused_to_others_and_opens_by_the_code(open_page, come_as, ana, bia, make_own):
    make_own(bia)
    come_as(ANA)
    app = open_page("teacher")
    assert (
        "for teachers" in app.error[0].value and not app.dataframe and "class_run" not in [s.key for s in app.selectbox]
    )
    app.text_input(key="teacher_code_typed").set_value("chalk")
    app.button[-1].click().run()
    assert not find_person(ANA).is_teacher
    app.text_input(key="teacher_code_typed").set_value("slate")
    app.button[-1].click().run()
    assert find_person(ANA).is_teacher and "Bia" in list(app.dataframe[0].value["Person"])


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_the_teacher_sees_orders_stops_and_deletes(open_page, come_as, ana, bia, rui, make_own, engine_here, language):
    come_as(RUI)
    done, going, first, second = make_own(ana), make_own(ana), make_own(bia), make_own(ana)
    list(worker.carry_out(done))
    for run in (going, first, second):
        engine_here.queue.submit(run)
    engine_here.queue.begin(going)
    app = open_page("teacher", language)
    table = app.dataframe[0].value
    assert list(table.iloc[:, 0]) == ["▶", "1", "2", "–"] and list(table.iloc[:, 2]) == [
        "Ana *Sá*",
        "Bia",
        "Ana *Sá*",
        "Ana *Sá*",
    ]
    assert re.fullmatch(r"\d+[.,]\d%", table.iloc[3, 5]) and table.iloc[1, 5] == "–"
    assert ("Under way: **1** · waiting: **2**", "Em andamento: **1** · esperando: **2**")[
        language == "pt-BR"
    ] in texts(app)
    app.selectbox(key="class_run").set_value(second.id).run()
    app.button(key="move_up").click().run()
    assert engine_here.queue.order() == [second.id, first.id]
    app.selectbox(key="class_run").set_value(going.id).run()
    assert "delete" not in keys(app)
    app.button(key="stop").click().run()
    assert going.control() == "stop"
    app.button(key="hold").click().run()
    assert engine_here.queue.held and app.warning
    app.button(key="release").click().run()
    assert not engine_here.queue.held
    app.selectbox(key="class_run").set_value(first.id).run()
    app.button(key="delete").click().run()
    app.button(key="delete_yes").click().run()
    assert not app.exception and engine_here.queue.order() == [second.id] and len(list(list_runs())) == 3


def test_results_are_shown_with_their_scores(open_page, come_as, ana, rui, make_own):
    come_as(RUI)
    app = open_page("teacher")
    app.segmented_control(key="class_way").set_value("results").run()
    assert "No run has a score yet" in app.info[0].value
    run = make_own(ana, strategy="full")
    list(worker.carry_out(run))
    app.run()
    row = app.dataframe[0].value.iloc[0]
    assert row["Person"] == "Ana *Sá*" and row["Rates"] == "1e-03 / 1e-04"
    assert re.fullmatch(r"\d+\.\d%", row["Score"]) and row["Epoch"].endswith(" / 2")


def test_cleaning_up_counts_asks_and_leaves_what_waits(open_page, come_as, ana, bia, rui, make_own, engine_here):
    come_as(RUI)
    old, waiting, others = make_own(ana), make_own(ana), make_own(bia)
    engine_here.queue.submit(waiting)
    app = open_page("teacher")
    app.segmented_control(key="class_way").set_value("clean_up").run()
    assert "Runs: **0**" in texts(app) and app.button(key="clean").disabled
    app.radio(key="clean_kind").set_value("person").run()
    app.selectbox(key="clean_person").set_value(find_person(ANA).id).run()
    assert "Runs: **1**" in texts(app)
    app.button(key="clean").click().run()
    assert "Ana \\*Sá\\*" in texts(app) and len(list(list_runs())) == 3
    app.button(key="clean_yes").click().run()
    assert not app.exception and {run.id for run in list_runs()} == {waiting.id, others.id} and old.id


@pytest.fixture
def client():
    """The routes and the cookie as the server has them, with a page that stands for Streamlit's."""
    page = Route("/watch", lambda _: HTMLResponse("<html>"))
    script = Route("/a.json", lambda _: JSONResponse({}))
    app = Starlette(routes=[*ROUTES, page, script], middleware=[Middleware(PersonCookie)])
    return lambda base="http://lab": TestClient(app, base_url=base)


def test_the_first_page_gives_a_cookie_and_later_ones_do_not(client):
    here = client()
    assert "set-cookie" not in here.get("/a.json").headers
    said = here.get("/watch").headers["set-cookie"]
    token = re.fullmatch(rf"{COOKIE}=([\w-]{{43}}); Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax", said)[1]
    assert "set-cookie" not in here.get("/watch").headers
    assert token not in client().get("/watch").headers["set-cookie"], "everybody has their own"
    assert client("https://lab").get("/watch").headers["set-cookie"].endswith("; Secure")
    assert client().get("/watch", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"].endswith("; Secure")
    for bad in ("short", '"', "a;b=" + "c" * 50, "../" * 20):
        assert "set-cookie" in client().get("/watch", headers={"cookie": f"{COOKIE}={bad}"}).headers


def test_events_are_for_who_was_let_in_and_tell_others_nothing(client, ana, make_own):
    here, run = client(), make_own(ana)
    refused = [here.get(f"/runs/{run_id}/events") for run_id in (run.id, "nowhere", "..")]
    assert {(each.status_code, each.text) for each in refused[:2]} == {(403, '{"error":"not admitted"}')}
    stranger = {"cookie": f"{COOKIE}={BIA}"}
    assert here.get(f"/runs/{run.id}/events", headers=stranger).status_code == 403
    known = {"cookie": f"{COOKIE}={ANA}"}
    assert here.get(f"/runs/{run.id}/events", headers=known).json()["state"] == "queued"
    assert here.get("/runs/nowhere/events", headers=known).status_code == 404


def test_without_a_class_events_are_for_who_has_the_link(client, make_run):
    assert client().get(f"/runs/{make_run().id}/events").status_code == 200


def test_a_name_can_be_corrected_and_stands_beside_the_runs_from_then_on(open_page, come_as, ana, make_own):
    make_own(ana)
    come_as(ANA)
    app = open_page("home")
    app.text_input(key="new_name").set_value("  Ana  Souza ")
    app.button[0].click().run()
    assert find_person(ANA).name == "Ana Souza" == find_person_name(ana.id) and not app.error
    app.text_input(key="new_name").set_value(" ")
    app.button[0].click().run()
    assert app.error and find_person(ANA).name == "Ana Souza"
    with pytest.raises(PeopleError):
        rename("n" * 40, "Nobody")
