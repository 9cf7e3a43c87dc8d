"""Asks the inspect worker about a model: answers are cached, long ones show progress and can be cancelled."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.runs.kept_weights import weights_changed
from mlmtune_core.runs.run import Run
from mlmtune_core.storage import new_id
from mlmtune_core.workers import engine
from mlmtune_core.workers.progress import given_up
from pages.shared.visit import Visit

SOON_SECONDS = 0.8  # answers that are there by then show no bar
LOOK_SECONDS = 0.4
GONE_SECONDS = 3.0  # seconds after which a visit that has not looked no longer waits


@dataclass
class Shared:
    """One question, and when each waiting visit last looked."""

    question: engine.Question
    looked: dict[str, float] = field(default_factory=dict)


def ask(run: Run, function: str, *question: Any) -> Any:
    """Returns what `function` ("package.module:name") answers to (run id, *question), for short questions. Raises its UserError."""
    return _answer(run.id, weights_changed(run), function, *question)


def ask_slowly(visit: Visit, run: Run, function: str, *question: Any) -> Any | None:
    """As `ask` for long questions: returns None while it is computed, and draws a bar with a button instead. Raises its UserError.

    Visits with the same question share one computation.
    """
    asked = (run.id, weights_changed(run), function, *question)
    return follow(visit, asked, lambda: _begin(*asked), lambda: _begin.clear(*asked))


def follow(visit: Visit, asked: tuple[Any, ...], begin: Callable[[], Shared], forget: Callable[[], object], soon: float = SOON_SECONDS) -> Any | None:  # fmt: skip
    """Returns the answer to what `begin` asks (once for all visits) under the name `asked`; None while a bar is shown, after `soon` seconds. Raises its UserError."""
    if st.session_state.pop("given_up", None) == asked:
        raise given_up()
    shared = begin()
    if not _wait(shared.question, soon):
        st.fragment(_draw_progress, run_every=LOOK_SECONDS)(visit, shared, asked, forget)
        return None
    try:
        return shared.question.result()
    except UserError:
        forget()  # the next click tries again
        raise


def _draw_progress(visit: Visit, shared: Shared, asked: tuple[Any, ...], forget: Callable[[], object]) -> None:
    """Draws progress and a button to cancel; redraws the page once the answer is there."""
    tr, me = visit.tr, st.session_state.setdefault("visit_id", new_id())
    shared.looked[me] = time.monotonic()
    if shared.question.done():
        st.rerun()
    share, waiting = shared.question.share(), tr("Computing…")
    st.progress(share, f"{waiting} {visit.percent(share)}" if share else waiting)
    if st.button(tr("Cancel"), key="give_up", icon=":material/close:"):
        st.session_state["given_up"] = asked
        others = [at for who, at in shared.looked.items() if who != me and time.monotonic() - at < GONE_SECONDS]
        if not others:
            shared.question.give_up()
            forget()
        st.rerun()


def _wait(question: engine.Question, soon: float) -> bool:
    """Returns whether the answer is there, now or soon."""
    until = time.monotonic() + soon
    while not question.done() and time.monotonic() < until:
        time.sleep(0.02)
    return question.done()


@st.cache_data(max_entries=256, show_spinner=False)
def _answer(run_id: str, changed: int, function: str, *question: Any) -> Any:
    return engine.current().ask(function, run_id, *question)


@st.cache_resource(max_entries=32, show_spinner=False)
def _begin(run_id: str, changed: int, function: str, *question: Any) -> Shared:
    return Shared(engine.current().begin(function, run_id, *question))
