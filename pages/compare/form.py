"""The form of a new sweep: settings, values, seeds; how many runs that makes and how long they take."""

from math import prod
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.config import RunConfig
from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.errors import ConfigError
from mlmtune_core.runs.limits import find_problems
from mlmtune_core.runs.sweeps import Member, create_sweep, make_grid
from mlmtune_core.workers import engine
from pages.settings.estimate import find_sweep_estimate, is_measuring
from pages.settings.form import ask_settings
from pages.settings.limits import find_use_of
from pages.settings.values import say_setting
from pages.shared.visit import Visit, go_to, literal

SUGGESTED: dict[str, tuple[Any, ...]] = {  # setting -> values to choose from; others can be typed
    "head_learning_rate": (1e-5, 1e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1),
    "learning_rate": (1e-6, 3e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 3e-3, 1e-2),
    "strategy": ("head_only", "last_layers:1", "last_layers:2", "full", "gradual", "lora:8"),
    "train_examples": (16, 32, 64, 128, 256, 512, 1024),
    "initial_weights": ("pretrained", "shuffled", "random"),
    "epochs": (1, 2, 3, 5, 10, 20),
    "dropout": (0.0, 0.1, 0.3, 0.5),
    "weight_decay": (0.0, 0.01, 0.1, 1.0),
    "head": ("linear", "pooler", "mlp"),
    "pooling": ("cls", "mean", "max", "last4"),
    "first_layers": (1, 2, 3, 4, 6),
    "label_noise": (0.0, 0.1, 0.2, 0.4),
    "layer_decay": (1.0, 0.95, 0.85, 0.7),
    "warmup_ratio": (0.0, 0.1, 0.3),
    "schedule": ("linear", "constant"),
    "batch_size": (4, 8, 16, 32, 64),
    "max_length": (16, 32, 64, 128),
    "decay_towards": ("zero", "pretrained"),
    "max_grad_norm": (0.0, 0.1, 1.0),
    "patience": (0, 1, 3, 5),
}
AT_FIRST = {"head_learning_rate": (1e-4, 1e-3, 1e-2), "learning_rate": (1e-5, 1e-4, 1e-3)}
MOST_SEEDS = 10
LOOK_SECONDS = 1.0


def draw_form(visit: Visit, data: Prepared) -> None:
    """Draws what varies on the left; how many runs that makes, and Start, on the right."""
    tr = visit.tr
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.markdown(tr("**Data:** {name}, {count} examples.").format(name=literal(data.name), count=visit.number(data.report.rows_kept)))
        choices = _ask_choices(visit)
        seeds = st.slider(tr("Seeds for each combination"), 1, MOST_SEEDS, 3, key="sweep_seeds", persist_state="session",
                          help=tr("The same settings, begun anew by chance: what differs between them is luck."))  # fmt: skip
        with st.expander(tr("All other settings"), icon=":material/tune:"):
            settings = ask_settings(visit, data.task, data.report.rows_kept)
    first = int(settings["seed"])
    choices["seed"] = tuple(range(first, first + seeds))
    with right:
        waiting = _draw_start(visit, data, settings, choices)
    if waiting:
        st.fragment(_wait, run_every=LOOK_SECONDS)(data, settings, choices)


def fill_form(config: RunConfig, choices: dict[str, list[Any]]) -> None:
    """Writes a sweep's choices into the form that is drawn next; the other settings are those of a run (see settings/form.fill_settings)."""
    swept = {name: values for name, values in choices.items() if name != "seed"}
    st.session_state["swept"] = list(swept)
    st.session_state["sweep_seeds"] = len(choices.get("seed", [0]))
    st.session_state["seed"] = min(choices.get("seed", [config.seed]))
    for name, values in swept.items():
        st.session_state[f"values_{name}"] = [_write(value) for value in values]


def _ask_choices(visit: Visit) -> dict[str, tuple[Any, ...]]:
    tr = visit.tr
    titles = {name: tr(RunConfig.model_fields[name].title) for name in SUGGESTED}
    st.session_state["swept"] = st.session_state.get("swept", ["head_learning_rate"])
    swept = st.multiselect(tr("What is to vary?"), list(titles), key="swept", format_func=titles.__getitem__, max_selections=3,
                           placeholder=tr("Choose a setting"))  # fmt: skip
    chosen: dict[str, tuple[Any, ...]] = {}
    for name in swept:
        key = f"values_{name}"
        st.session_state[key] = st.session_state.get(key, [_write(value) for value in AT_FIRST.get(name, SUGGESTED[name][:3])])
        options = list(dict.fromkeys([*(_write(value) for value in SUGGESTED[name]), *st.session_state[key]]))
        values = st.multiselect(titles[name], options, key=key, accept_new_options=True, help=visit.help(name), placeholder=tr("Choose values, or type others"),
                                format_func=lambda value, name=name: say_setting(visit, name, _read(value)))  # fmt: skip
        chosen[name] = tuple(dict.fromkeys(_read(value) for value in values))  # 1e-3 typed beside 0.001 is one value
    return chosen


def _draw_start(visit: Visit, data: Prepared, settings: dict[str, Any], choices: dict[str, tuple[Any, ...]]) -> bool:
    """Draws what the choices make, and the button; returns True while the time is still being estimated."""
    tr, missing, configs = visit.tr, [], []
    told = " × ".join(visit.number(len(values)) for values in choices.values())
    count = prod(len(values) for values in choices.values())
    if len(choices) < 2:
        missing.append(tr("Choose at least one setting that varies."))
    elif not count:
        missing.append(tr("Give each of them at least one value."))
    else:
        try:
            configs = make_grid(settings, choices)
        except ConfigError as error:
            missing += list(dict.fromkeys(problem.translate(tr) for problem in error.problems or [error]))
    missing += [problem.translate(tr) for problem in find_problems(find_use_of(visit))]
    estimate, measuring = None, False
    if configs:
        estimate, measuring = find_sweep_estimate(configs, data), is_measuring(configs, data)
        time = "…" if estimate is None else visit.seconds(max(1, estimate))
        st.metric(tr("Runs ({product})").format(product=told), visit.number(count), border=True)
        st.metric(tr("Time for all of them, if no run is ahead"), time, border=True)
        if all(config.strategy == "head_only" for config in configs):
            st.caption(tr("Heads alone share one pass through the frozen layers: many cost little more than one."))
    for sentence in missing:
        st.error(literal(sentence), icon=":material/error:")
    if st.button(tr("Start all runs"), key="start_sweep", type="primary", icon=":material/play_arrow:", width="stretch", disabled=bool(missing)):
        _start(visit, data, configs, choices, estimate)
    return measuring


def _wait(data: Prepared, settings: dict[str, Any], choices: dict[str, tuple[Any, ...]]) -> None:
    try:
        configs = make_grid(settings, choices)
    except ConfigError:
        return
    if not is_measuring(configs, data):
        st.rerun()


def _start(visit: Visit, data: Prepared, configs: list[RunConfig], choices: dict[str, tuple[Any, ...]], estimate: float | None) -> None:
    """Starts all runs on one split, that of the first seed: they differ in the choices, and in luck."""
    report = data.report
    about = {"name": data.name, "id": st.session_state["link_data"], "fingerprint": report.fingerprint, "columns": report.columns, "edits": data.edits}
    sides: pd.DataFrame = split_examples(report.examples, configs[0].validation_share, configs[0].seed)
    sweep = create_sweep([Member(config, sides) for config in configs], about, choices, visit.person, estimate)
    sweep.start(engine.current().queue)
    go_to("compare", sweep=sweep.id)


def _write(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _read(text: str) -> Any:
    """Returns what was chosen or typed, as a number if it is one; RunConfig checks it."""
    written = text.strip().replace(",", ".")
    for kind in (int, float):
        try:
            return kind(written)
        except ValueError:
            continue
    return written
