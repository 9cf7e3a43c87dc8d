"""Which run a page is about: opened from the address, named in one line."""

import streamlit as st

from mlmtune_core.names import strategy_name, task_names
from mlmtune_core.people import find_person_name, is_class
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import find_run
from pages.shared.visit import Visit, go_to, literal, remembered
from pages.watch.buttons import train_alike


def open_run_or_ask(visit: Visit, without: str) -> Run | None:
    """Returns the run of this visit; without one, draws the sentence `without` and a link. Raises RunError for an unknown one."""
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
    if is_class() and run.owner() != visit.person.id:
        _say_whose(visit, run)
    return run


def _say_whose(visit: Visit, run: Run) -> None:
    """Says whose run this is, and how to have one like it."""
    tr, name = visit.tr, literal(find_person_name(run.owner()) or visit.tr("somebody else"))
    sentence = tr("This is a run of {name}.") if visit.person.is_teacher else tr("This is a run of {name}: you can look at it.")  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":material/person: " + sentence.format(name=f"**{name}**"), width="content")
        if st.button(tr("Train my own with these settings"), key="alike", icon=":material/content_copy:"):
            train_alike(visit, run)
