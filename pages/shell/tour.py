"""The tour of the first visit, done in the pages themselves; each step notices that it is done."""

import re

import streamlit as st

from mlmtune_core.errors import RunError
from mlmtune_core.runs.owned_runs import runs_of
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import find_run
from pages.shared.terms import explained
from pages.shared.visit import Visit, go_to, remember, remembered
from pages.shell.tour_steps import DONE, IDS, STEPS, Standing, find_step

OFF = "off"
LOOK_SECONDS = 1.0
PLACES = re.compile(r"\[([^]]+)\]\(#\w+\)")  # keys whose links lead to a step's page
LIVE = IDS[IDS.index("evaluation") : -1]  # these wait for a run or a part of a page that redraws itself
BEFORE = "tour_before"  # session key of the run that was open when the tour began, which is not the tour's


def draw_tour(visit: Visit, page: str) -> None:
    """Draws one line below the title: what to do next and why, or, on a first visit, the offer to begin. Nothing once skipped or finished."""
    reached = remembered("tour")
    if reached in IDS:
        reached = _go_on(visit, page)
        if reached == DONE and page != "inspect":
            remember("tour", OFF)
            return
        st.fragment(_draw_step, run_every=LOOK_SECONDS if reached in LIVE else None)(visit, page)
    elif page == "home" and is_first(visit):
        _offer(visit)


def is_first(visit: Visit) -> bool:
    """Returns whether an admitted visitor has no run and was not asked yet."""
    return not remembered("tour") and not runs_of(visit.person.id)


def offer_again(visit: Visit, key: str) -> None:
    """Draws a button that begins the tour, if it is not under way."""
    if remembered("tour") not in IDS and st.button(
        visit.tr("Take the tour (4 minutes)"), key=key, type="tertiary", icon=":material/signpost:"
    ):
        _begin()


def _offer(visit: Visit) -> None:
    tr = visit.tr
    with st.container(key="tour", horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(tr("**Your first visit?** In 4 minutes you train a model, pause it and ask it a question. Nothing can break."), width="stretch")
        if st.button(tr("Take the tour"), key="tour_begin", type="primary", icon=":material/signpost:"):
            _begin()
        if st.button(tr("No, thanks"), key="tour_skip", type="tertiary"):
            _end()


def _draw_step(visit: Visit, page: str) -> None:
    """Draws the bar. While a run is under way only this part is redrawn, and checks whether its step is done."""
    tr, reached = visit.tr, _go_on(visit, page)
    place = IDS.index(reached)
    with (
        st.container(key="tour"),
        st.container(key=f"tour_{reached}", horizontal=True, vertical_alignment="center", wrap=False),
    ):
        if reached == DONE:
            st.markdown(_say_done(visit), unsafe_allow_html=True, width="stretch")
        else:
            step = STEPS[place]
            count = tr("Tour: {number} of {count}").format(number=place + 1, count=len(STEPS))
            st.badge(count, width="content")
            says = tr(step.says) if step.page == page else PLACES.sub(r"\1", tr(step.says))
            says = f"**{says}** {tr(step.why)}".replace("[CLS]", r"\[CLS\]").replace("[SEP]", r"\[SEP\]")
            st.markdown(explained(visit, says, *step.terms), unsafe_allow_html=True, width="stretch")
            if step.page != page:
                _offer_page(visit, step.page)
        title = tr("Close") if reached == DONE else tr("Skip the tour")
        if st.button(title, key="tour_skip", type="tertiary", icon=":material/close:"):
            _end()


def _say_done(visit: Visit) -> str:
    tr = visit.tr
    says = tr("**That was all.** You have trained a model, paused it and asked it a question.")
    why = tr("Below stand its logits and what the softmax makes of them: probabilities. Write something else, or change a setting and train again.")
    return explained(visit, f"{says} {why}", "logit", "softmax", "probability")


def _offer_page(visit: Visit, page: str) -> None:
    """Draws the link to the page of a step."""
    title = st.session_state["pages"][page].title.lstrip("0123456789 ")
    if st.button(visit.tr("Go to: {page}").format(page=title), key="tour_go", type="primary", icon=":material/arrow_forward:"):
        go_to(page)


def _go_on(visit: Visit, page: str) -> str:
    """Returns the id of the next step, kept in the address."""
    reached = find_step(remembered("tour"), _look(visit, page))
    if reached != remembered("tour"):
        remember("tour", reached)
    return reached


def _look(visit: Visit, page: str) -> Standing:
    has_data, strategy, run = bool(remembered("data")), st.session_state.get("strategy", ""), _find_own_run(visit)
    if run is None:
        return Standing(page, has_data, strategy)
    return Standing(
        page,
        has_data,
        strategy,
        True,
        run.state(),
        run.best_folder.is_dir(),
        any(row["epoch"] > 0 for row in run.events("EvalDone")),
        bool(run.events("Resumed")),
        st.session_state.get("answered") == run.id,
    )


def _find_own_run(visit: Visit) -> Run | None:
    """Returns the run of the address, if this person began it during this tour."""
    if remembered("run") in ("", st.session_state.get(BEFORE)):
        return None
    try:
        run = find_run(remembered("run"))
    except RunError:
        return None
    return run if visit.person.may_change(run.owner()) else None


def _begin() -> None:
    st.session_state[BEFORE] = remembered("run")
    go_to("home", tour=STEPS[0].id)


def _end() -> None:
    remember("tour", OFF)
    st.rerun()
