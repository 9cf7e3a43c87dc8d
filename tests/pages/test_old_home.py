"""What earlier versions wrote still opens: tests/old_home is a home folder of version 0.1.0 of November 2026, before modules went to rooms.

It holds a tiny checkpoint, a run that is finished, the same run paused in its second epoch, a sweep over two seeds, an upload with its
reading, a student and a teacher (codes "chalk" and "slate", tokens "sss…" and "ttt…"), two votes, and in expected.json what was true of them.
"""

import json
import shutil
from pathlib import Path

import pytest

from mlmtune_core.data.preparation import prepare
from mlmtune_core.inspecting.predicting import predict
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.records import has_recorded, read_recorded
from mlmtune_core.lessons.votes import count_votes, find_vote
from mlmtune_core.people import find_person
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.runs.shelf import find_run, list_runs
from mlmtune_core.runs.sweeps import find_sweep
from mlmtune_core.workers import worker

OLD_HOME = Path(__file__).parent.parent / "old_home"
STUDENT, TEACHER = "s" * 40, "t" * 40
FINISHED, PAUSED = "finished0run", "paused0run"


@pytest.fixture
def expected(home, monkeypatch, class_codes):
    shutil.copytree(OLD_HOME, home)
    monkeypatch.setenv("MLMTUNE_CHECKPOINTS", str(home))
    return json.loads((home / "expected.json").read_text(encoding="utf-8"))


def test_a_finished_run_says_and_answers_what_it_did(expected):
    run = find_run(FINISHED)
    assert run.state() == "finished" and run.summary() == expected["summary"] and len(run.log.read(0)[0]) == expected["events"]
    for moment in (BEST, "1", "3"):
        logits = predict(run.id, moment, "Que filme maravilhoso!")["logits"]
        assert (logits == pytest.approx(expected["logits"], abs=1e-6)) == (moment != "3")


def test_a_paused_run_goes_on_to_the_same_end(expected):
    run, whole = find_run(PAUSED), find_run(FINISHED)
    assert run.state() == "paused"
    (run.folder / "control").unlink()
    kinds = [type(event).__name__ for event in worker.carry_out(run)]
    assert "Resumed" in kinds and "Started" not in kinds and kinds[-1] == "Finished"
    assert run.summary()["best"] == whole.summary()["best"] and len(run.events("EvalDone")) == len(whole.events("EvalDone"))
    for name in ("best/weights.safetensors", "history/3.head.safetensors"):
        assert (run.folder / name).read_bytes() == (whole.folder / name).read_bytes(), name


def test_people_uploads_votes_and_sweeps_are_there(expected):
    student, teacher = find_person(STUDENT), find_person(TEACHER)
    assert (student.id, student.name, student.is_teacher, student.admitted) == (expected["student"], "Ana", False, True)
    assert (teacher.id, teacher.name, teacher.is_teacher, teacher.admitted) == (expected["teacher"], "Prof. Rui", True, True)
    assert student.may_change(find_run(FINISHED).owner()) and not student.may_change(expected["teacher"])
    prepared = prepare(expected["data"])
    assert prepared.name == "filmes.csv" and prepared.error is None and prepared.report.labels == {"bom": 4, "ruim": 4}
    lesson = LESSONS["1"]
    assert count_votes(lesson) == expected["votes"] and find_vote(lesson, student) == lesson.options[0].id
    sweep = find_sweep(expected["sweep"])
    assert [run.summary()["best"] for run in sweep.runs()] == expected["sweep_scores"] and sweep.state() == "finished"
    assert len(list(list_runs())) == 4


def test_every_recorded_lesson_opens():
    recorded = [name for name in LESSONS if has_recorded(name)]
    assert len(recorded) > 20
    for name in recorded:
        report = read_recorded(name)
        assert len(report["verdicts"]) == len(LESSONS[name].claims) and all(outcome["rows"] for outcome in report["outcomes"])


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_links_lead_where_they_did(expected, open_page, come_as, language):
    come_as(STUDENT)
    for name, ids in {
        "watch": {"run": FINISHED},
        "inspect": {"run": FINISHED},
        "compare": {"sweep": expected["sweep"]},
        "data": {"data": expected["data"]},
        "lessons": {"lesson": "1"},
    }.items():
        app = open_page(name, language, **ids)
        assert not app.error, (name, [error.value for error in app.error])
        for key, value in ids.items():
            assert app.query_params[key] in (value, [value]), name
