"""For teachers: a link that fixes a lesson, its worksheet, and the runs of the whole class in one figure."""

from urllib.parse import urlencode

import streamlit as st

from mlmtune_core.data.uploads import SAMPLES
from mlmtune_core.lessons.figures import plot_lesson
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.outcomes import Outcome, read_outcomes
from mlmtune_core.lessons.planning import VERDICTS
from mlmtune_core.lessons.worksheet import write_worksheet
from mlmtune_core.people import find_person_name, is_class
from mlmtune_core.runs.sweeps import list_sweeps
from pages.lessons.link import HIDABLE, MOST_SEEDS, Fixed, read_fixed, write_fixed
from pages.shared.choice import choice
from pages.shared.figures import draw_figure
from pages.shared.visit import Visit, literal, remembered

MOST_SWEEPS = 200


def draw_teacher(visit: Visit, lesson: Lesson) -> None:
    """Draws the worksheet for everybody; link and picture for teachers, closed until wanted."""
    tr, fixed = visit.tr, read_fixed()
    st.download_button(
        tr("Worksheet to print (HTML)"), write_worksheet(lesson, visit.language), f"mlmtune-{lesson.id}.{visit.language}.html", "text/html", key="worksheet", icon=":material/print:"
    )
    if fixed.locked or not visit.person.may_act_as_teacher():
        return
    with st.expander(tr("For the teacher: a link to this lesson"), key="teacher_link", icon=":material/link:"):
        _draw_link(visit, lesson)
    with st.expander(tr("For the teacher: the runs of the class"), key="class_picture", icon=":material/groups:", on_change="rerun") as opened:
        if opened.open:
            _draw_picture(visit, lesson)


def _draw_link(visit: Visit, lesson: Lesson) -> None:
    """Draws what the link fixes, and the link to copy."""
    tr = visit.tr
    names = {
        "recorded": tr("the recording"),
        "live": tr("live runs"),
        "tasks": tr("what to do"),
        "anchors": tr("what others measured"),
        "what_if": tr("and what if?"),
    }
    left, right = st.columns(2)
    with left:
        seeds = st.slider(tr("Seeds of a live run"), 1, MOST_SEEDS, 3, key="link_seeds")
        seed = st.number_input(tr("First seed"), 0, 9999, 0, key="link_seed")
        same = {"": tr("the lesson's own")} | {name: sample.file for name, sample in SAMPLES.items() if sample.task == lesson.config(lesson.arms[0], 0).task}
        own = remembered("data")
        if own and own not in same:
            same[own] = tr("the data of this visit")
        on = choice(st.selectbox, tr("Data"), same, "link_on")
    with right:
        hide = st.multiselect(tr("Leave out"), HIDABLE, key="link_hide", format_func=names.__getitem__, placeholder=tr("nothing"))
        locked = st.toggle(tr("Lock: no other pages, nothing to choose but the prediction"), key="link_locked")
    told = {"lesson": lesson.id, "lang": visit.language} | write_fixed(Fixed(int(seed), seeds, on, tuple(hide), locked))
    st.code(f"{st.context.url.split('?')[0] if st.context.url else '/lessons'}?{urlencode(told)}", language=None, wrap_lines=True)
    st.caption(literal(tr("Whoever opens it sees the lesson like this. It hides what would distract; it is no examination.")))


def _draw_picture(visit: Visit, lesson: Lesson) -> None:
    """Draws every judged live run of this lesson on this server, whoever started it."""
    tr = visit.tr
    found: list[Outcome] = []
    who: dict[str, int] = {}
    for sweep in list_sweeps()[:MOST_SWEEPS]:
        about = sweep.about()
        report = sweep.load(VERDICTS) if about["lesson"] == lesson.id else None
        if report:
            found += read_outcomes(report).runs
            name = find_person_name(about["owner"]) if is_class() else ""
            who[name or tr("somebody")] = who.get(name or tr("somebody"), 0) + len(report["outcomes"])
    if not found:
        st.caption(literal(tr("Nobody has finished a live run of this lesson yet.")))
        return
    figure = plot_lesson(lesson, found, tr, visit.separators)
    draw_figure(figure, key="class_figure", name=f"class-{lesson.id}", alt=tr("All live runs of this lesson on this server in one figure; how many each person made stands below."))
    st.caption(literal(", ".join(f"{name}: {visit.number(count)}" for name, count in who.items())))
