"""The lessons: every statement of the chapter has one, each is whole, and what is shipped is judged again to the same verdicts."""

import json
import re
from dataclasses import replace

import pytest

from mlmtune_core import __main__ as command
from mlmtune_core.language import LANGUAGES, number_separators, translator
from mlmtune_core.lessons import LESSONS, data, records, running
from mlmtune_core.lessons.chapter import BEYOND, STATEMENTS
from mlmtune_core.lessons.figures import TITLES, plot_lesson, tabulate
from mlmtune_core.lessons.lesson import Arm, Claim
from mlmtune_core.lessons.measures import MEASURES
from mlmtune_core.lessons.outcomes import read_outcomes
from mlmtune_core.lessons.records import has_recorded, read_recorded
from mlmtune_core.lessons.running import carry_out_lesson, compact_report, judge_claims
from mlmtune_core.lessons.votes import clear_votes, count_votes, find_vote, vote
from mlmtune_core.lessons.worksheet import write_worksheet
from mlmtune_core.people import Person
from mlmtune_core.runs.sweeps import make_grid

KINDS = ("supported", "not_supported", "inconclusive")
every_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS.keys())


def test_every_statement_of_the_chapter_has_a_lesson():
    covered = {name for lesson in LESSONS.values() for name in lesson.statements}
    assert set(STATEMENTS) <= covered <= {*STATEMENTS, *BEYOND}


def test_the_statements_are_those_that_the_chapter_prints():
    """Twelve, under its own numbers, in Portuguese as in the book: lemma 5.2 and theorem 5.2 are two."""
    tr = translator("pt-BR")
    numbers = [re.match(r"(Lema|Teorema|Corolário) [\d.]+", tr(statement.name)).group() for statement in STATEMENTS.values()]
    assert numbers == [
        "Lema 5", "Lema 5.1", "Lema 5.2", "Teorema 4", "Teorema 4.1", "Teorema 4.2",
        "Corolário 5", "Teorema 5", "Teorema 5.1", "Teorema 5.2", "Corolário 6", "Corolário 6.1",
    ]  # fmt: skip
    assert "reduz drasticamente a quantidade de dados anotados" in tr(STATEMENTS["L5"].sentence)


@every_lesson
def test_a_lesson_is_whole(lesson):
    assert LESSONS[lesson.id] is lesson and 2 <= lesson.minutes <= 15 and len(lesson.tasks) == 3
    assert {kind for option in lesson.options for kind in option.kinds} == set(KINDS), "every verdict is foreseen by somebody"
    assert len({option.id for option in lesson.options}) == len(lesson.options) >= 2
    assert len({arm.id for arm in lesson.arms}) == len(lesson.arms)
    assert {arm.data or lesson.data for arm in lesson.arms} <= set(data.DATASETS)
    assert set(lesson.measures) <= set(MEASURES)
    for arm in lesson.arms:
        assert lesson.config(arm, 0).seed == 0
    for claim in lesson.claims:
        assert set(re.findall(r"{(\w+)}", claim.rule)) <= {"minimum", "margin"}
    runs = make_grid({**lesson.settings, **lesson.what_if.settings}, lesson.what_if.choices)
    assert 2 <= len(runs) <= 30
    measured = {*lesson.measures, "score", "validation_loss", "train_eval_loss", "train_loss"}
    assert lesson.figure.measure in measured and set(lesson.figure.names) <= set(lesson.measures)
    assert lesson.figure.y_title and (lesson.figure.x_title or lesson.figure.kind in ("arms", "measures", "heat"))


@every_lesson
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_worksheet_asks_for_all_that_the_page_asks(lesson, language):
    page, tr = write_worksheet(lesson, language), translator(language)
    shown = re.sub(r"<[^>]*>", " ", page.replace("&#x27;", "'").replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    for text in (lesson.question, lesson.limits, *lesson.tasks, *(option.text for option in lesson.options)):
        assert tr(text) in shown
    assert "{" not in page.split("</style>")[1] and "src=" not in page and "http" not in page


@pytest.mark.parametrize("name", [name for name in LESSONS if has_recorded(name)])
def test_what_is_shipped_is_judged_to_the_same_verdicts(name):
    report, lesson = read_recorded(name), LESSONS[name]
    outcomes = read_outcomes(report)
    again = json.loads(json.dumps(judge_claims(lesson, outcomes)))
    numbers = ("effect", "low", "high", "sides")  # processors differ in the last digit of a sum, and in nothing else
    for here, there in zip(again, report["verdicts"], strict=True):
        for name in numbers:
            assert here[name] == (there[name] and pytest.approx(there[name], rel=1e-9, abs=1e-12))
        assert here | dict.fromkeys(numbers) == there | dict.fromkeys(numbers)
    assert set(outcomes.arms()) == {arm.id for arm in lesson.arms} and len(outcomes.seeds) >= 3
    for claim, verdict in zip(lesson.claims, report["verdicts"], strict=True):
        assert (claim.id, claim.minimum, claim.margin) == (verdict["claim"], verdict["minimum"], verdict["margin"])
    for outcome in outcomes.runs:
        recorded, planned = outcome.config, lesson.config(lesson.arm(outcome.arm), outcome.seed).model_dump()
        assert recorded == planned, "recorded with other settings than the lesson has now: record it again"


def test_every_lesson_is_recorded():
    assert [name for name in LESSONS if not has_recorded(name)] == []


@pytest.mark.parametrize(("name", "language"), [(name, list(LANGUAGES)[i % 2]) for i, name in enumerate(LESSONS) if has_recorded(name)])
def test_a_figure_says_what_its_axes_are_and_stands_in_a_table_as_well(name, language):
    lesson, runs, tr = LESSONS[name], list(read_outcomes(read_recorded(name)).runs), translator(language)
    figure = plot_lesson(lesson, runs, tr, number_separators(language))
    titles = [axis.title.text for axis in (figure.layout.xaxis, figure.layout.yaxis)]
    assert sum(bool(title) for title in titles) >= (1 if lesson.figure.kind in ("arms", "measures") else 2), titles
    assert any(len(trace.x) for trace in figure.data)
    table = tabulate(lesson, runs, tr, number_separators(language))
    assert len(table) == len(runs) and len(set(table[tr("Arm")])) == len(lesson.arms)
    assert {*lesson.measures} <= {*TITLES, *lesson.figure.names}, "a measure without a name would be shown as the program calls it"


def judge_rates(outcomes):
    return outcomes.compare("quick", "slow", minimum=0.05)


@pytest.fixture
def small_lesson(monkeypatch, text_frame, tiny_checkpoint, tmp_path):
    """Lesson 6 with two arms on eight texts, known to the registry and the data, recorded into a folder of its own."""
    import pandas as pd

    frame = pd.concat([text_frame, text_frame[text_frame["split"] == "validation"].assign(split="test", row=[30, 31])], ignore_index=True)
    arms = (Arm("slow", "slow", {"head_learning_rate": 1e-6}), Arm("quick", "quick", {"head_learning_rate": 1e-2}))
    claims = (Claim("rates", ("T5.2",), "quick is better", "by {minimum}", "points", judge_rates, minimum=0.05),)
    settings = {"checkpoint": tiny_checkpoint, "epochs": 2, "batch_size": 4, "strategy": "head_only"}
    figure = replace(LESSONS["6"].figure, log_x=False)  # its arms are names
    lesson = replace(LESSONS["6"], id="x", arms=arms, claims=claims, settings=settings, data="eight", measures=("half",), figure=figure)
    monkeypatch.setitem(LESSONS, "x", lesson)
    monkeypatch.setitem(data.DATASETS, "eight", lambda: frame)
    monkeypatch.setitem(MEASURES, "half", lambda run: 0.5)
    monkeypatch.setattr(records, "FOLDER", tmp_path / "recorded")
    data.open_lesson_data.cache_clear()
    records.read_recorded.cache_clear()
    records.read_verdict_kinds.cache_clear()
    yield lesson
    data.open_lesson_data.cache_clear()
    records.read_recorded.cache_clear()
    records.read_verdict_kinds.cache_clear()


@pytest.mark.thorough
def test_a_lesson_is_carried_out_judged_and_leaves_nothing_behind(small_lesson, home):
    seen = []
    report = carry_out_lesson(small_lesson, range(2), lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4, 4) and not list((home / "runs").iterdir()) and not list((home / "sweeps").iterdir())
    outcomes = read_outcomes(report)
    assert outcomes.seeds == [0, 1] and outcomes.arms() == ["slow", "quick"]
    assert [len(outcome.counts) for outcome in outcomes.runs] == [2] * 4 and all(outcome.measured == {"half": 0.5} for outcome in outcomes.runs)
    assert report["verdicts"][0]["claim"] == "rates" and report["verdicts"][0]["kind"] in KINDS
    shipped = compact_report(report)
    assert judge_claims(small_lesson, read_outcomes(shipped))[0]["kind"] == report["verdicts"][0]["kind"]
    assert {row["kind"] for row in shipped["outcomes"][0]["rows"]} <= set(records.RECORDED_EVENTS)


@pytest.mark.thorough
def test_a_lesson_from_the_command_line_and_its_recording(small_lesson, capsys):
    assert command.main(["lesson", "x", "--seeds", "2", "--record", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["lesson"] == "x" and set(printed["scores"]) == {"slow", "quick"} and printed["about"]["seconds"] > 0
    report = records.read_recorded("x")
    assert json.loads(json.dumps(judge_claims(small_lesson, read_outcomes(report)))) == report["verdicts"] == printed["verdicts"]
    assert command.main(["lesson", "66"]) == 2 and "no lesson" in capsys.readouterr().err
    assert command.main(["lessons", "--json"]) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == list(LESSONS)


@pytest.mark.thorough
def test_a_run_that_broke_off_is_right_about_nothing(small_lesson, home):
    from mlmtune_core.lessons.planning import create_lesson_sweep
    from mlmtune_core.people import PROGRAM

    sweep = create_lesson_sweep(small_lesson, [0], PROGRAM)
    run = sweep.runs()[0]
    run.fail(ValueError("planted"))
    outcome = running.read_outcome(small_lesson, run, "slow")
    assert (outcome.ended, outcome.score, len(outcome.counts)) == ("failed", 0.0, 2)


@pytest.mark.thorough
def test_a_sweep_from_a_file(tiny_checkpoint, tmp_path, capsys, home):
    rows = "\n".join(f"{'good' if n % 2 else 'bad'} film {n},{'pos' if n % 2 else 'neg'}" for n in range(20))
    (tmp_path / "films.csv").write_text(f"text,label\n{rows}\n", encoding="utf-8")
    plan = {"file": "films.csv", "settings": {"checkpoint": tiny_checkpoint, "epochs": 1}, "choices": {"head_learning_rate": [0.001, 0.01], "seed": [0, 1]}}
    (tmp_path / "sweep.yaml").write_text(json.dumps(plan), encoding="utf-8")
    assert command.main(["sweep", str(tmp_path / "sweep.yaml"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["settings"] for row in rows] == [{"head_learning_rate": rate, "seed": seed} for rate in (0.001, 0.01) for seed in (0, 1)]
    assert all(row["state"] == "finished" and 0 <= row["score"] <= 1 for row in rows)
    (tmp_path / "bad.yaml").write_text("file: films.csv\nchoice: {}\n", encoding="utf-8")
    assert command.main(["sweep", str(tmp_path / "bad.yaml")]) == 2 and "choice" in capsys.readouterr().err


def test_one_vote_a_person_and_the_last_one_counts(home):
    lesson = LESSONS["6"]
    anna, bob = Person(id="anna"), Person(id="bob")
    vote(lesson, anna, "valley")
    vote(lesson, bob, "higher")
    vote(lesson, anna, "same")
    assert count_votes(lesson) == {"valley": 0, "higher": 1, "same": 1} and find_vote(lesson, anna) == "same"
    with pytest.raises(ValueError, match="elsewhere"):
        vote(lesson, anna, "elsewhere")
    clear_votes(lesson)
    assert sum(count_votes(lesson).values()) == 0 and find_vote(lesson, bob) == ""


def test_the_three_sides_of_lesson_data_never_mix():
    for name in ("sentiment", "word_order", "nli", "entities", "similarity", "questions"):
        frame = data.open_lesson_data(name)
        assert set(frame["split"]) == {"train", "validation", "test"}
        from mlmtune_core.data.splitting import find_groups

        groups = find_groups(frame)
        sides = {side: {group for group, each in zip(groups, frame["split"], strict=True) if each == side} for side in ("train", "validation", "test")}
        assert not sides["train"] & sides["test"] and not sides["validation"] & sides["test"] and not sides["train"] & sides["validation"]
