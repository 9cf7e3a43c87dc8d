"""The runs of a lesson: its recording, replayed at a chosen speed, or the same live on this machine."""

from typing import Any

import streamlit as st

from mlmtune_core.config import RANKED_BY
from mlmtune_core.errors import UserError
from mlmtune_core.lessons.figures import name_arm
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.planning import VERDICTS, find_seconds_per_seed, list_seeds
from mlmtune_core.lessons.records import has_recorded, read_recorded
from mlmtune_core.names import axis_names, baseline_names
from mlmtune_core.runs.limits import find_problems
from mlmtune_core.runs.sweeps import Sweep, find_sweep
from mlmtune_core.workers import engine
from pages.compare.state import draw_state
from pages.components.sweep_chart import sweep_chart
from pages.lessons.link import MOST_SEEDS, read_fixed
from pages.serving.addresses import BASE, PLOTLY_ROUTE
from pages.settings.limits import find_use_of
from pages.shared.choice import choice
from pages.shared.visit import Visit, literal, remember, remembered, show_error

LOOK_SECONDS, REFRESH_SECONDS = 0.7, 2
ALL = "all"

Report = dict[str, Any]


def draw_run(visit: Visit, lesson: Lesson, shown: bool) -> Report | None:
    """Draws the recording or the live runs; returns the outcome of the one that is shown, once it is there."""
    tr, fixed = visit.tr, read_fixed()
    ways = {"recorded": tr("The recording"), "live": tr("Live, on this machine")}
    offered = {way: name for way, name in ways.items() if way not in fixed.hide and (way != "recorded" or has_recorded(lesson.id))}
    if not shown:
        st.caption(literal(tr("First say what you expect: then the runs are shown.")))
        return None
    if not offered:
        st.caption(literal(tr("Your teacher shows the runs of this lesson.")))
        return None
    running = _find_live(lesson)
    way = choice(st.segmented_control, tr("Which runs"), offered, f"way_{lesson.id}", default="live" if running else None, required=True, label_visibility="collapsed")
    if way == "recorded":
        return _draw_recorded(visit, lesson)
    return _draw_live(visit, lesson, running) if running else _offer_live(visit, lesson)


def _draw_recorded(visit: Visit, lesson: Lesson) -> Report:
    tr, report = visit.tr, read_recorded(lesson.id)
    about = report["about"]
    seeds = len({outcome["seed"] for outcome in report["outcomes"]})
    sentence = tr("Recorded: {runs} real runs with {seeds} seeds, {time} of training ({device}, cores used: {cores}), {day}, torch {torch}.")
    told = sentence.format(
        runs=visit.number(len(report["outcomes"])),
        seeds=visit.number(seeds),
        time=visit.seconds(about["seconds"]),
        cores=about["cores"],
        device=about["device"],
        day=visit.day(about["created"]),
        torch=about["versions"]["torch"],
    )
    st.caption(f":material/radio_button_checked: {literal(told)}")
    _draw_chart(visit, lesson, {"kind": "recorded", "id": lesson.id}, [(outcome["arm"], outcome["seed"]) for outcome in report["outcomes"]])
    return report


def _draw_live(visit: Visit, lesson: Lesson, sweep: Sweep) -> Report | None:
    """Draws state and curves while they run; their report once all have ended and were measured."""
    tr, living = visit.tr, sweep.state() != "finished"
    here = tr("Live on this machine.")
    st.caption(f":material/sensors: {literal(here)}")
    st.fragment(draw_state, run_every=REFRESH_SECONDS if living else None)(visit, sweep, living)
    arms = sweep.arms()
    _draw_chart(visit, lesson, {"kind": "sweep", "id": sweep.id}, [(arms[run.id], run.config().seed) for run in sweep.runs()])
    if st.button(tr("Other live runs"), key="lesson_again", icon=":material/replay:"):
        remember("sweep", "")
        st.rerun()
    return None if living else _read_report(visit, sweep)


def _draw_chart(visit: Visit, lesson: Lesson, source: dict[str, str], runs: list[tuple[str, int]]) -> None:
    tr = visit.tr
    task = lesson.config(lesson.arm(runs[0][0]), 0).task
    names = list(dict.fromkeys(arm for arm, _ in runs))
    axes = {"score": axis_names(tr)[RANKED_BY[task]], "validation_loss": tr("Validation loss"), "train_loss": tr("Training loss, smoothed")}
    views = {"overlay": tr("All in one"), "grid": tr("Small charts")}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        y = choice(st.segmented_control, tr("What is drawn"), axes, "lesson_y", required=True, label_visibility="collapsed")
        view = choice(st.segmented_control, tr("Curves"), views, "lesson_view", required=True, label_visibility="collapsed")
    texts = {
        "alt": tr("The curves of all runs of this lesson; their numbers stand in the table below."),
        "axis_x": tr("Step"),
        "axis_y": axes[y],
        "baseline": baseline_names(tr)[task],
        "seed": tr("seed"),
        "offline": tr("The server cannot be reached. Trying again…"),
        "play": tr("Play"),
        "pause": tr("Pause"),
        "time": tr("Time of the recording"),
        "speed": tr("Speed"),
    }
    told = [{"arm": names.index(arm), "seed": seed} for arm, seed in runs]
    titles = [name_arm(lesson, name, tr, visit.separators) for name in names]
    sweep_chart(source, told, titles, texts, key=f"lesson_{lesson.id}_{source['kind']}", plotly=PLOTLY_ROUTE, base=BASE, separators=visit.separators, view=view, y=y)


def _offer_live(visit: Visit, lesson: Lesson) -> None:
    """Offers all of its runs, or those of one arm, with the time they will take according to the recording."""
    tr, fixed = visit.tr, read_fixed()
    arms = {ALL: tr("All of them")} | {arm.id: name_arm(lesson, arm.id, tr, visit.separators) for arm in lesson.arms}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        arm = choice(st.selectbox, tr("Which runs"), arms, f"arm_{lesson.id}", disabled=fixed.locked)
        seeds = st.slider(tr("Seeds"), 1, MOST_SEEDS, fixed.seeds, key=f"seeds_{lesson.id}", disabled=fixed.locked)
    chosen = "" if arm == ALL else arm
    count = seeds * (1 if chosen else len(lesson.arms))
    estimate = find_seconds_per_seed(read_recorded(lesson.id), chosen) * seeds if has_recorded(lesson.id) else None
    with right:
        told = tr("{count} runs, about {time} if no run is ahead") if estimate else tr("{count} runs")
        st.markdown(told.format(count=visit.number(count), time=visit.seconds(max(1, estimate or 0))))
        problems = [problem.translate(tr) for problem in find_problems(find_use_of(visit))]
        for sentence in problems:
            st.error(literal(sentence), icon=":material/error:")
        if st.button(tr("Start"), key="lesson_start", type="primary", icon=":material/play_arrow:", width="stretch", disabled=bool(problems)):
            _start(visit, lesson, list_seeds(fixed.seed, seeds), chosen, estimate)


def _start(visit: Visit, lesson: Lesson, seeds: list[int], arm: str, estimate: float | None) -> None:
    on = f"data:{read_fixed().on}" if read_fixed().on else ""
    with st.spinner(visit.tr("Preparing the runs…")):
        made = engine.current().ask("mlmtune_core.lessons.planning:prepare_lesson", lesson.id, seeds, visit.person, arm, on, estimate, role="data", seconds=120.0)
    find_sweep(made).start(engine.current().queue)
    remember("sweep", made)
    st.rerun()


def _find_live(lesson: Lesson) -> Sweep | None:
    """Returns the sweep of the address, if it is one of this lesson."""
    try:
        sweep = find_sweep(remembered("sweep")) if remembered("sweep") else None
    except UserError:
        return None
    return sweep if sweep and sweep.about()["lesson"] == lesson.id else None


def _read_report(visit: Visit, sweep: Sweep) -> Report | None:
    """Returns what was made of the runs; if nothing was yet, asks a worker and draws a line in the meantime."""
    report = sweep.load(VERDICTS)
    if report:
        return report
    question = _judge(sweep.id)
    if not question.done():
        st.fragment(_wait, run_every=LOOK_SECONDS)(visit, sweep)
        return None
    try:
        question.result()
    except UserError as error:
        _judge.clear(sweep.id)
        show_error(error)
    return sweep.load(VERDICTS)


def _wait(visit: Visit, sweep: Sweep) -> None:
    st.caption(visit.tr("Measuring and judging…"))
    if _judge(sweep.id).done():
        st.rerun()


@st.cache_resource(max_entries=64, show_spinner=False)
def _judge(sweep_id: str) -> engine.Question:
    return engine.current().begin("mlmtune_core.lessons.running:judge_sweep", sweep_id)
