"""How long the run will take here, said before Start, and what would fit into a minute."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mlmtune_core.config import RunConfig
from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.splitting import sample_examples
from mlmtune_core.errors import UserError
from mlmtune_core.runs.sweeps import group
from mlmtune_core.workers import engine
from mlmtune_core.workers.costs.estimate import (
    MINUTE,
    Costs,
    as_head_only,
    estimate,
    estimate_more,
    expect_sizes,
    fit_layers,
    fit_rows,
)
from mlmtune_core.workers.costs.memory import GIGABYTE, needed_bytes
from pages.shared.visit import Visit

LOOK_SECONDS = 1.0
SAMPLE = 200
REHEARSED = ("checkpoint", "first_layers", "task", "strategy", "head", "pooling", "truncation", "batch_size", "max_length", "label_all_pieces")


def draw_cost(visit: Visit, config: RunConfig, examples: pd.DataFrame, fingerprint: str) -> None:
    """Draws only the seconds, for examples without a page of their own; measures first, without blocking the page."""
    waiting = not begin_rehearsal(config, fingerprint, examples).done()
    st.fragment(_draw_cost, run_every=LOOK_SECONDS if waiting else None)(visit, config, examples, fingerprint, waiting)


def find_cost(config: RunConfig, examples: pd.DataFrame, fingerprint: str) -> float | None:
    """Returns the seconds that `draw_cost` shows; None while they are being measured, or if they cannot be."""
    costs = _read_costs(begin_rehearsal(config, fingerprint, examples))
    return costs and estimate(costs, config, expect_sizes(examples, config.validation_share))


def draw_estimate(visit: Visit, config: RunConfig, data: Prepared, examples: pd.DataFrame, used: str) -> None:
    """Draws a line under Start: measuring, then the seconds for the used examples, and a suggestion if they are many.

    `used` is the session key for the number of examples used.
    """
    waiting = not _rehearse(config, data).done()
    st.fragment(_draw, run_every=LOOK_SECONDS if waiting else None)(visit, config, data, examples, used, waiting)


def find_estimate(config: RunConfig, data: Prepared, examples: pd.DataFrame) -> float | None:
    """Returns the announced seconds; None while they are being measured, or if they cannot be."""
    costs = _find_costs(config, data)
    return costs and estimate(costs, config, expect_sizes(examples, config.validation_share))


def find_sweep_estimate(configs: Sequence[RunConfig], data: Prepared) -> float | None:
    """Returns the seconds of all runs of a grid on these data, runs trained together counted once; None while they are being measured."""
    seconds, sizes = 0.0, {}
    for alike in group(configs):
        config = configs[alike[0]]
        costs = _find_costs(config, data)
        if costs is None:
            return None
        sizes = sizes or expect_sizes(data.report.examples, config.validation_share)
        seconds += estimate(costs, config, sizes) + (len(alike) - 1) * estimate_more(costs, config, sizes)
    return seconds / max(1, engine.current().queue.workers)


def is_measuring(configs: Sequence[RunConfig], data: Prepared) -> bool:
    """Returns whether what `find_sweep_estimate` needs is still being measured."""
    return not all([_rehearse(configs[alike[0]], data).done() for alike in group(configs)])  # a list, so that all are asked at once


def find_want_of_memory(visit: Visit, config: RunConfig, data: Prepared) -> list[str]:
    """Returns the message that a run would not fit into memory, if that is known by now."""
    costs, limit = _find_costs(config, data), engine.current().worker_memory
    needed = costs and needed_bytes(costs, config)
    if not needed or needed <= limit:
        return []
    sentence = visit.tr(
        "This run would need about {needed} GB of memory; here one run may take {limit} GB. Take a smaller batch size or maximum "
        "length, fewer layers that learn, or a smaller checkpoint."
    )
    return [sentence.format(needed=visit.number(needed / GIGABYTE, 1), limit=visit.number(limit / GIGABYTE, 1))]


def begin_rehearsal(config: RunConfig, fingerprint: str, examples: pd.DataFrame) -> engine.Question:
    """Returns the question for the costs of a run; settings that only change how often its pieces are due ask nothing new."""
    values = tuple((config.model_dump(include=set(REHEARSED)) | config.encoder_settings).items())
    return _ask(values, fingerprint, engine.current().expect_threads(), examples)


def _rehearse(config: RunConfig, data: Prepared) -> engine.Question:
    return begin_rehearsal(config, data.report.fingerprint, data.report.examples)


@st.cache_resource(max_entries=256, ttl=3600, show_spinner=False)
def _ask(
    settings: tuple[tuple[str, object], ...], fingerprint: str, threads: int, _examples: pd.DataFrame
) -> engine.Question:
    sample = sample_examples(_examples.drop(columns="split", errors="ignore"), SAMPLE, 0)
    rehearsal = "mlmtune_core.workers.costs.rehearsal:rehearse", dict(settings), sample, threads
    return engine.current().begin(*rehearsal, role="rehearse")


def _find_costs(config: RunConfig, data: Prepared) -> Costs | None:
    return _read_costs(_rehearse(config, data))


def _read_costs(question: engine.Question) -> Costs | None:
    try:
        return question.result() if question.done() else None
    except UserError:
        return None  # Start will say what is wrong


def _draw_cost(visit: Visit, config: RunConfig, examples: pd.DataFrame, fingerprint: str, waiting: bool) -> None:
    tr, seconds = visit.tr, find_cost(config, examples, fingerprint)
    if seconds is not None:
        st.markdown(tr("About **{time}** on this machine, if no run is ahead.").format(time=visit.seconds(max(1, seconds))))
        if waiting:
            st.rerun()  # nothing else to suggest
    elif not begin_rehearsal(config, fingerprint, examples).done():
        st.caption(tr("Trying out on a few examples how long this will take…"))


def _draw(visit: Visit, config: RunConfig, data: Prepared, examples: pd.DataFrame, used: str, waiting: bool) -> None:
    tr = visit.tr
    if not _rehearse(config, data).done():
        st.caption(tr("Trying out on a few examples how long this will take…"))
        return
    if waiting:
        st.rerun()
    costs, sizes = _find_costs(config, data), expect_sizes(examples, config.validation_share)
    if costs is None:
        return
    seconds = estimate(costs, config, sizes)
    st.markdown(tr("About **{time}** on this machine, if no run is ahead.").format(time=visit.seconds(max(1, seconds))))
    if seconds <= MINUTE:
        return
    rows, layers = fit_rows(costs, config, sizes), fit_layers(costs, config, sizes)
    if rows:
        sentence = tr("{count} examples would fit into a minute: use so many").format(count=visit.number(rows))
        _offer(sentence, "fit_minute", used, rows)
    if layers:
        sentence = tr("The first {count} layers would fit into a minute: use only these").format(count=layers)
        _offer(sentence, "fit_layers", "first_layers", layers)
    if config.strategy != "head_only":
        alone = estimate(as_head_only(costs), config, sizes)
        st.caption(tr("With the head only, all of them: about {time}.").format(time=visit.seconds(max(1, alone))))


def _offer(sentence: str, key: str, setting: str, value: int) -> None:
    """Draws a button that writes a value into the session, where a field of the form has the key `setting`."""
    if st.button(
        sentence, key=key, icon=":material/timer:", on_click=st.session_state.__setitem__, args=(setting, value)
    ):
        st.rerun()  # reruns the whole page, which holds the number, not only this line
