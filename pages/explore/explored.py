"""The data that are explored, what the inspect worker is asked about them, and the run that follows."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.config import BUNDLED, validate
from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.subsets import sample_for_exploring
from mlmtune_core.names import strategy_name, task_names
from mlmtune_core.runs.owned_runs import start_run
from mlmtune_core.workers import engine
from pages.shared.asking import SOON_SECONDS, Shared, follow
from pages.shared.choice import choice
from pages.shared.dataset import open_dataset
from pages.shared.visit import Visit, go_to, literal, remembered

CHECKPOINT = BUNDLED
TASKS = ("sequence_classification", "sentence_pair")
FEWEST = 16
PATIENT_SECONDS = 6.0  # seconds before a bar replaces the curves that somebody is looking at
STRATEGIES = ("head_only", "last_layers:2", "full")


@dataclass(frozen=True)
class Explored:
    """The data of the visit, those of their examples that take part, and the settings that no explorer changes."""

    data: Prepared
    examples: pd.DataFrame
    settings: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """Identifies the examples."""
        return self.data.report.fingerprint


def open_explored(visit: Visit) -> Explored | None:
    """Returns the data of this visit; None if none can be explored, and draws what to do instead."""
    tr = visit.tr
    if not remembered("data"):
        return _refuse(tr("There are no data yet. Choose a sample or upload a file first."), tr("Choose data"))
    data = open_dataset(visit, remembered("data"))
    if data.report is None:
        raise data.error
    if data.task not in TASKS:
        sentence = tr("The explorers need one label per text, or per pair of texts. These data are for another task: {task}. Choose others, the sentiment sample for example.")  # fmt: skip
        return _refuse(sentence.format(task=task_names(tr)[data.task]), tr("Choose other data"))
    examples = sample_for_exploring(data.report.examples)
    if data.report.errors:
        return _refuse(
            " ".join(literal(problem.translate(tr)) for problem in data.report.errors), tr("See the report on the data")
        )
    if len(examples) < FEWEST:
        return _refuse(
            tr("These are too few examples: bring at least {count}.").format(count=FEWEST), tr("Choose other data")
        )
    return Explored(data, examples, {"task": data.task, "checkpoint": CHECKPOINT})


def say_data(visit: Visit, explored: Explored) -> str:
    """Returns what is explored, as a line of Markdown."""
    tr, every = visit.tr, len(explored.data.report.examples)
    told = tr("**Data:** {name}, {count} examples. **Task:** {task}.")
    line = told.format(
        name=literal(explored.data.name), count=visit.number(every), task=task_names(tr)[explored.data.task]
    )
    if len(explored.examples) < every:
        line += " " + tr("{count} of them take part here.").format(count=visit.number(len(explored.examples)))
    return line


def ask_explored(visit: Visit, explored: Explored, function: str, *question: Any, patient: bool = False) -> Any | None:
    """Returns what `function` ("package.module:name") answers to (examples, *question); None while a bar is shown. Raises its UserError.

    patient: once features are known, leaves the page as it is for some seconds before there is a bar.
    """
    asked, known = (explored.fingerprint, function, question), "explored"
    soon = PATIENT_SECONDS if patient and st.session_state.get(known) == explored.fingerprint else SOON_SECONDS
    begun = *asked, explored.examples
    answer = follow(visit, asked, lambda: _begin(*begun), lambda: _begin.clear(*begun), soon)
    if answer is not None:
        st.session_state[known] = explored.fingerprint
    return answer


def offer_run(visit: Visit, explored: Explored, settings: dict[str, Any], examples: pd.DataFrame, key: str) -> None:
    """Draws a choice of what to train, and the button that starts a run with these settings on these split examples.

    The rate in `settings` is the head's; if more is trained, all of it has this rate.
    """
    tr = visit.tr
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {name: strategy_name(tr, name) for name in STRATEGIES}
        strategy = choice(
            st.segmented_control, tr("What may learn?"), names, f"{key}_strategy", required=True, width="content"
        )
        pressed = st.button(tr("Run it for real"), key=f"{key}_run", type="primary", icon=":material/play_arrow:")
    if strategy != "head_only":
        st.caption(
            tr(
                "Head and body then have the same rate. What is best for a head alone is often far too high for a body: see what happens."
            )
        )
    if pressed:
        config = validate({**settings, "strategy": strategy, "learning_rate": settings["head_learning_rate"]})
        report = explored.data.report
        about = {
            "name": explored.data.name,
            "id": remembered("data"),
            "fingerprint": report.fingerprint,
            "columns": report.columns,
            "edits": explored.data.edits,
        }
        go_to("watch", run=start_run(visit.person, engine.current().queue, config, examples, about).id)


def _refuse(sentence: str, button: str) -> None:
    st.info(sentence, icon=":material/arrow_back:")
    if st.button(button, key="choose_data", type="primary"):
        go_to("data")


@st.cache_resource(max_entries=128, ttl=3600, show_spinner=False)
def _begin(fingerprint: str, function: str, question: tuple[Any, ...], _examples: pd.DataFrame) -> Shared:
    return Shared(engine.current().begin(function, _examples, *question))
