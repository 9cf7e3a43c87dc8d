"""How long the run would take here, said before Start; and what would fit into a minute."""

import pandas as pd
import streamlit as st

from mlmtune_core import engine
from mlmtune_core.config import RunConfig
from mlmtune_core.data.splitting import sample_examples
from mlmtune_core.errors import UserError
from mlmtune_core.estimating import MINUTE, Costs, as_head_only, estimate, expect_sizes, fit_rows
from pages.parts.visit import Visit

LOOK_SECONDS = 0.5
SAMPLE = 200
REHEARSED = ("checkpoint", "task", "strategy", "head", "batch_size", "max_length", "label_all_pieces")


def draw_estimate(visit: Visit, config: RunConfig, examples: pd.DataFrame, fingerprint: str, used: str) -> None:
    """A line under Start: measuring, then seconds and a suggestion where they are many; `used` is the key of its number."""
    waiting = not begin_rehearsal(config, examples, fingerprint).done()
    st.fragment(_draw, run_every=LOOK_SECONDS if waiting else None)(visit, config, examples, fingerprint, used, waiting)


def find_estimate(config: RunConfig, examples: pd.DataFrame, fingerprint: str) -> float | None:
    """The seconds that were announced; None while they are being measured, or where they cannot be."""
    costs = _find_costs(config, examples, fingerprint)
    return costs and estimate(costs, config, expect_sizes(examples, config.validation_share))


def begin_rehearsal(config: RunConfig, examples: pd.DataFrame, fingerprint: str) -> engine.Question:
    """Asks for the costs of a run; settings that change only how often its pieces are due ask nothing new."""
    values = config.model_dump(include=set(REHEARSED))
    return _rehearse(tuple(values.items()), fingerprint, engine.current().expect_threads(), examples)


@st.cache_resource(max_entries=256, ttl=3600, show_spinner=False)
def _rehearse(
    settings: tuple[tuple[str, object], ...], fingerprint: str, threads: int, _examples: pd.DataFrame
) -> engine.Question:
    sample = sample_examples(_examples.drop(columns="split", errors="ignore"), SAMPLE, 0)
    return engine.current().begin("mlmtune_core.rehearsing:rehearse", dict(settings), sample, threads)


def _find_costs(config: RunConfig, examples: pd.DataFrame, fingerprint: str) -> Costs | None:
    question = begin_rehearsal(config, examples, fingerprint)
    try:
        return question.result() if question.done() else None
    except UserError:
        return None  # Start itself will say what is wrong


def _draw(visit: Visit, config: RunConfig, examples: pd.DataFrame, fingerprint: str, used: str, waiting: bool) -> None:
    tr = visit.tr
    question = begin_rehearsal(config, examples, fingerprint)
    if not question.done():
        st.caption(tr("Trying out on a few examples how long this will take…"))
        return
    if waiting:
        st.rerun()
    costs, sizes = _find_costs(config, examples, fingerprint), expect_sizes(examples, config.validation_share)
    if costs is None:
        return
    seconds = estimate(costs, config, sizes)
    st.markdown(tr("About **{time}** on this machine, if no run is ahead.").format(time=visit.seconds(max(1, seconds))))
    if seconds <= MINUTE:
        return
    rows = fit_rows(costs, config, sizes)
    if rows:
        st.button(
            tr("{count} examples would fit into a minute: use so many").format(count=visit.number(rows)),
            key="fit_minute",
            icon=":material/timer:",
            on_click=st.session_state.__setitem__,
            args=(used, rows),
        )
    if config.strategy != "head_only":
        alone = estimate(as_head_only(costs), config, sizes)
        st.caption(tr("With the head only, all of them: about {time}.").format(time=visit.seconds(max(1, alone))))
