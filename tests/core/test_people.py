"""Who is who: tokens, names, codes, and what may be changed; what is not one's own stays out of reach."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmtune_core import people
from mlmtune_core.data import uploads
from mlmtune_core.errors import ConfigError, PeopleError
from mlmtune_core.people import PROGRAM, Person, admit, clean_name, find_person, find_person_name

ANA, BIA, TEACHER = "a" * 43, "b" * 43, "t" * 43


@pytest.fixture(autouse=True)
def forget_tries(monkeypatch):
    monkeypatch.setattr(people, "_wrong_codes", people.WrongCodes())


@pytest.fixture
def codes(monkeypatch):
    monkeypatch.setenv("MLMTUNE_CLASS_CODE", "chalk")
    monkeypatch.setenv("MLMTUNE_TEACHER_CODE", "slate")


def test_without_a_class_nobody_is_asked_and_everybody_may_change_everything(home):
    for token in ("", "short", ANA):
        person = find_person(token)
        assert person.admitted and not person.is_teacher and person.may_change("somebody") and person.may_change("")
    assert not (home / "people").exists()


def test_the_code_lets_in_and_is_asked_again_when_it_changes(codes, monkeypatch):
    assert not find_person(ANA).admitted and not find_person("").admitted
    for wrong in ("", "chalks", "CHALK"):
        with pytest.raises(PeopleError):
            admit(ANA, "Ana", wrong)
    ana = admit(ANA, "  Ana\n Sá ", " chalk ")
    assert (ana.name, ana.admitted, ana.is_teacher) == ("Ana Sá", True, False) and find_person(ANA) == ana
    assert not find_person(BIA).admitted
    monkeypatch.setenv("MLMTUNE_CLASS_CODE", "another")
    assert not find_person(ANA).admitted and find_person(ANA).name == "Ana Sá"
    monkeypatch.delenv("MLMTUNE_CLASS_CODE")
    assert not find_person(ANA).admitted, "a name given under a code does not count without one: it is asked once more"
    assert admit(ANA, "Ana").admitted


def test_a_teacher_is_let_in_by_the_teachers_code_alone(codes, monkeypatch):
    assert admit(TEACHER, "Rui", "slate").is_teacher
    admit(ANA, "Ana", "chalk")
    assert admit(ANA, "Ana", "slate").is_teacher, "who is in can become a teacher"
    monkeypatch.setenv("MLMTUNE_CLASS_CODE", "another")
    assert find_person(TEACHER).admitted
    monkeypatch.setenv("MLMTUNE_TEACHER_CODE", "chalkboard")
    assert not find_person(TEACHER).is_teacher and not find_person(TEACHER).admitted


def test_only_a_teachers_code_makes_a_class_in_which_names_are_enough(monkeypatch):
    monkeypatch.setenv("MLMTUNE_TEACHER_CODE", "slate")
    assert not find_person(ANA).admitted
    assert admit(ANA, "Ana").admitted and not find_person(ANA).is_teacher
    with pytest.raises(PeopleError, match="not right"):
        admit(BIA, "Bia", "slates")
    assert not find_person(BIA).admitted


def test_the_same_code_for_both_is_refused(codes, monkeypatch):
    people.check_codes()
    monkeypatch.setenv("MLMTUNE_TEACHER_CODE", "chalk")
    with pytest.raises(ConfigError, match="the same"):
        people.check_codes()


def test_neither_token_nor_code_stands_on_the_disk(codes, home):
    admit(ANA, "Ana", "chalk")
    admit(TEACHER, "Rui", "slate")
    written = "".join(path.name + path.read_text() for path in (home / "people").iterdir())
    assert "Rui" in written and not any(secret in written for secret in (ANA, TEACHER, "chalk", "slate"))
    ids = [path.stem for path in (home / "people").iterdir()]
    assert all(not find_person(person_id).admitted for person_id in ids), "an id is no token"


def test_marks_of_one_person_do_not_serve_another(codes, home):
    admit(TEACHER, "Rui", "slate")
    admit(ANA, "Ana", "chalk")
    theirs = json.loads((home / "people" / f"{find_person(TEACHER).id}.json").read_text())
    (home / "people" / f"{find_person(ANA).id}.json").write_text(json.dumps(theirs))
    assert not find_person(ANA).is_teacher and not find_person(ANA).admitted


def test_wrong_codes_are_slowed_down_for_a_person_and_for_an_address(codes, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(people.time, "monotonic", lambda: now[0])
    for _ in range(people.MAX_TRIES_PER_PERSON):
        with pytest.raises(PeopleError, match="not right"):
            admit(ANA, "Ana", "guess", "10.0.0.1")
    with pytest.raises(PeopleError, match="Wait 60 seconds"):
        admit(ANA, "Ana", "chalk", "10.0.0.1")
    assert admit(BIA, "Bia", "chalk", "10.0.0.1").admitted, "the others behind the same address come in"
    now[0] += 61
    assert admit(ANA, "Ana", "chalk", "10.0.0.1").admitted
    for guess in range(people.MAX_TRIES_PER_ADDRESS):
        with pytest.raises(PeopleError, match="not right"):
            admit(f"{guess:043d}", "Eve", "guess", "10.0.0.2")
    with pytest.raises(PeopleError, match="Wait"):
        admit("e" * 43, "Eve", "chalk", "10.0.0.2")
    assert admit("f" * 43, "Fay", "chalk", "10.0.0.3").admitted
    now[0] += 61
    people._wrong_codes.check({})
    assert not people._wrong_codes._times, "nobody is remembered for longer than it counts"


@given(st.text(max_size=200))
def test_names_are_one_line_of_at_most_sixty_signs(text):
    name = clean_name(text)
    assert len(name) <= 60 and name == name.strip() and "\n" not in name and clean_name(name) == name
    assert not any(sign in name for sign in "\x00\x1b\u202e\u200b\ud800")
    name.encode()


@pytest.mark.parametrize("name", ["", "   ", "\u202e\x07\n"])
def test_a_name_of_nothing_is_refused(codes, name):
    with pytest.raises(PeopleError, match="name"):
        admit(ANA, name, "chalk")


@pytest.mark.parametrize("token", ["", "short", "../" * 20, "a b" * 20])
def test_a_browser_without_a_cookie_is_told_so(codes, token):
    with pytest.raises(PeopleError, match="cookie"):
        admit(token, "Ana", "chalk")
    assert not find_person(token).admitted and find_person_name(token) == ""


def test_own_things_may_be_changed_and_ownerless_ones_only_by_a_teacher(codes):
    ana, bia, rui = admit(ANA, "Ana", "chalk"), admit(BIA, "Bia", "chalk"), admit(TEACHER, "Rui", "slate")
    assert ana.may_change(ana.id) and not ana.may_change(bia.id) and not ana.may_change("")
    assert rui.may_change(ana.id) and rui.may_change("") and rui.may_act_as_teacher() and not ana.may_act_as_teacher()
    assert not Person().may_change("") and PROGRAM.may_change(ana.id)


def test_uploads_of_others_can_neither_be_opened_nor_changed_nor_removed(codes):
    ana, bia, rui = admit(ANA, "Ana", "chalk"), admit(BIA, "Bia", "chalk"), admit(TEACHER, "Rui", "slate")
    data_id = uploads.save_upload("mine.csv", b"text,label\na,x\n", ana.id)
    attempts = {
        "open": lambda person: uploads.require_access(data_id, person),
        "copy": lambda person: uploads.copy_if_sample(data_id, person),
        "read": lambda person: uploads.save_reading(data_id, {"task": "regression"}, person),
        "edit": lambda person: uploads.save_edits(data_id, [[{"row": 2, "drop": True}]], person),
        "forget": lambda person: uploads.delete_upload(data_id, person),
    }
    for attempt in attempts.values():
        with pytest.raises(PeopleError, match="somebody else"):
            attempt(bia)
    assert uploads.load_reading(data_id) == {} and uploads.load_edits(data_id) == []
    assert uploads.open_data(data_id)[1].startswith(b"text")
    for person in (ana, rui):
        attempts["read"](person)
    attempts["forget"](ana)
    assert uploads.list_uploads() == []


def test_samples_are_everybodys_and_their_copies_are_ones_own(codes):
    ana, bia = admit(ANA, "Ana", "chalk"), admit(BIA, "Bia", "chalk")
    uploads.require_access("sample-sentiment-en", bia)
    copy = uploads.copy_if_sample("sample-sentiment-en", ana)
    uploads.save_edits(copy, [], ana)
    with pytest.raises(PeopleError):
        uploads.require_access(copy, bia)
