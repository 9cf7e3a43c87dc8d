"""Two runs side by side: settings, scores, answers to one input, and where only one is right."""

from datetime import datetime

import pandas as pd
import streamlit as st

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import UserError
from mlmtune_core.names import format_metric, metric_names, split_names, strategy_name
from mlmtune_core.people import find_person_name, is_class
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.runs.owned_runs import runs_of
from mlmtune_core.runs.results import check_comparable, find_comparable, find_differences, find_named_run, share_data
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import list_runs
from pages.inspecting.question import ANSWERS, ask_input
from pages.inspecting.whole_model.agreement import draw_agreement
from pages.inspecting.whole_model.two_answers import draw_two_answers
from pages.settings.values import say_setting
from pages.shared.asking import ask, ask_slowly
from pages.shared.choice import choice
from pages.shared.visit import Visit, literal, show_error

OFFERED = 60


def draw_compare(visit: Visit, run: Run) -> None:
    """Draws this run (A) and another one (B) of the same task and labels."""
    tr = visit.tr
    other = _ask_other(visit, run)
    if other is None:
        return
    _draw_differences(visit, run, other)
    views = {"input": tr("One input"), "examples": tr("All examples")}
    seen = choice(st.segmented_control, tr("Compare by"), views, "compare_seen", required=True, label_visibility="collapsed")
    if seen == "input":
        _draw_input(visit, run, other)
        return
    found = ask_slowly(visit, run, "mlmtune_core.inspecting.review:compare_measured", other.id)
    if found is not None:
        draw_agreement(visit, run, found)


def _ask_other(visit: Visit, run: Run) -> Run | None:
    """Asks for one of the runs listed for this person, or any by its link."""
    tr = visit.tr
    nobodys = [] if is_class() else runs_of("")  # runs of the command line
    runs = list_runs() if visit.person.is_teacher else [*(runs_of(visit.person.id) if visit.person.id else []), *nobodys]
    found = find_comparable(run, runs, OFFERED)
    left, right = st.columns(2)
    link = right.text_input(tr("Or the link or the id of another run"), key="compare_link", persist_state="session")
    if found:
        names = {each.id: _name_run(visit, each) for each in found}
        with left:
            chosen = choice(st.selectbox, tr("Compare with"), names, f"compare_{run.id}", persist_state="session", disabled=bool(link.strip()))  # fmt: skip
    else:
        left.info(tr("You have no other run of this task with these labels yet. Train one with other settings, or paste the link of one."), icon=":material/info:")  # fmt: skip
    if not link.strip():
        return next((each for each in found if each.id == chosen), None) if found else None
    try:
        other = find_named_run(link)
        check_comparable(run, other)
        return other
    except UserError as error:
        show_error(error)
        return None


def _name_run(visit: Visit, run: Run) -> str:
    """Returns data, strategy and moment; and the owner, for those who may see others'. No two names are equal."""
    about, config = run.about(), run.config()
    whose = [find_person_name(run.owner())] if visit.person.is_teacher and run.owner() != visit.person.id else []
    told = [*whose, about["data"]["name"], strategy_name(visit.tr, config.strategy), f"{datetime.fromtimestamp(about['created']):%d/%m %H:%M}", run.id[:4]]  # fmt: skip
    return " · ".join(each for each in told if each)


def _draw_differences(visit: Visit, run: Run, other: Run) -> None:
    """Draws whether the data are the same, the settings that differ, and the scores."""
    tr = visit.tr
    same, first, second = share_data(run, other)
    told = tr("A is this run, B the other one. Both were given the same data (fingerprint {first}).") if same else tr("A is this run, B the other one. They were given **different data** (fingerprints {first} and {second}).")  # fmt: skip
    st.markdown(told.format(first=literal(first), second=literal(second)))
    left, right = st.columns(2, gap="large")
    with left:
        differing = find_differences(run, other)
        st.markdown("**" + tr("Settings that differ") + "**")
        if differing:
            rows = [(tr(RunConfig.model_fields[name].title), *(say_setting(visit, name, value) for value in values)) for name, *values in differing]  # fmt: skip
            st.dataframe(pd.DataFrame(rows, columns=[tr("Setting"), "A", "B"]), hide_index=True, key="compare_settings")
        else:
            st.caption(tr("None: the two runs have the same settings."))
    with right:
        st.markdown("**" + tr("Scores") + "**")
        _draw_scores(visit, run, other)


def _draw_scores(visit: Visit, run: Run, other: Run) -> None:
    """Draws the scores of each run's best model on its own examples, the test's if both have one."""
    tr, names = visit.tr, metric_names(visit.tr)
    both = [(side, [ask(each, "mlmtune_core.inspecting.review:review", side) for each in (run, other)]) for side in ("validation", "test") if run.has_predictions(side) and other.has_predictions(side)]  # fmt: skip
    rows = []
    for side, reviews in both:
        rows.append((tr("Examples {split}").format(split=split_names(tr)[side]), *(visit.number(each["examples"]) for each in reviews)))  # fmt: skip
        rows += [(names[name], *(format_metric(visit.language, name, each["metrics"][name]) for each in reviews)) for name in reviews[0]["metrics"]]  # fmt: skip
    st.dataframe(pd.DataFrame(rows, columns=[tr("Score"), "A", "B"]), hide_index=True, key="compare_scores")


def _draw_input(visit: Visit, run: Run, other: Run) -> None:
    """Draws the same input for both."""
    asked = ask_input(visit, run)
    if asked is None:
        return
    with st.spinner(visit.tr("Asking the model…")):
        fields = ask(run, "mlmtune_core.inspecting.what_if:open_fields", BEST, *asked)["fields"]
        answers = ask(run, ANSWERS[asked[0]], BEST, *asked[1:]), ask(other, "mlmtune_core.inspecting.predicting:predict", BEST, *fields)
    draw_two_answers(visit, *answers)
