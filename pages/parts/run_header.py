"""Which run a page is about: opened from the address, named in one line; or what to do where there is none."""

import streamlit as st

from mlmtune_core.run_store import Run, find_run
from pages.parts.names import strategy_name, task_names
from pages.parts.visit import Visit, go_to, literal, remembered


def open_run_or_ask(visit: Visit, without: str) -> Run | None:
    """The run of this visit; without one, the sentence `without` and a way on. Raises RunError for an unknown one."""
    tr = visit.tr
    if not remembered("run"):
        st.info(without, icon=":material/arrow_back:")
        if st.button(tr("Set up a run"), key="set_up", type="primary"):
            go_to("train")
        return None
    run = find_run(remembered("run"))
    about = run.about()
    config = run.config()
    told = [about["data"]["name"], task_names(tr)[config.task], strategy_name(tr, config.strategy)]
    if config.first_layers:
        told.append(tr("first {count} layers of the checkpoint").format(count=config.first_layers))
    st.caption(literal(" · ".join(told)))
    return run
