"""Settings for experiments: initial weights, head and pooling, fewer or wrong labels, extra measurements."""

import streamlit as st

from mlmtune_core.config import TEXT_SETTINGS, TOKEN_TASKS, RunConfig, setting_limits
from mlmtune_core.names import choice_names
from pages.shared.choice import choice
from pages.shared.visit import Visit

NAMES = ("initial_weights", "head", "pooling", "truncation", "train_examples", "label_noise", "measure_training")


def ask_experiment(visit: Visit, task: str) -> dict[str, object]:
    """Asks for those settings that the task has; returns them by name."""
    asked = [name for name in NAMES if not (task in TOKEN_TASKS and name in TEXT_SETTINGS)]
    chosen: dict[str, object] = {}
    with st.expander(visit.tr("For experiments"), icon=":material/science:"):
        columns = st.columns(2)
        for i, name in enumerate(asked):
            with columns[i % 2]:
                chosen[name] = _ask(visit, name)
    return chosen


def fill_experiment(config: RunConfig) -> dict[str, object]:
    """Returns what the session must hold for the settings of a run, by key."""
    return {name: getattr(config, name) for name in NAMES}


def _ask(visit: Visit, name: str) -> object:
    info, help_text = RunConfig.model_fields[name], visit.help(name)
    title, default = visit.tr(info.title), info.default
    names = choice_names(visit.tr).get(name)
    if names:
        return choice(st.selectbox, title, names, name, default=default, help=help_text, persist_state="session")
    if isinstance(default, bool):
        return st.toggle(title, default, key=name, help=help_text, persist_state="session")
    low, high = (type(default)(limit) for limit in setting_limits(name))
    step = 0.05 if isinstance(default, float) else 10
    return st.number_input(title, low, high, default, step=step, key=name, help=help_text, persist_state="session")
