"""The page of training: task, checkpoint, what to freeze, settings, start."""

import pandas as pd
import streamlit as st

from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.preparation import Prepared
from mlmtune_core.data.splitting import sample_examples, split_examples
from mlmtune_core.errors import ConfigError
from mlmtune_core.names import task_names
from mlmtune_core.runs.limits import find_problems
from mlmtune_core.runs.owned_runs import start_run
from mlmtune_core.workers import engine
from pages.components.live_chart import load_ahead
from pages.serving.addresses import PLOTLY_ROUTE
from pages.settings.estimate import draw_estimate, find_estimate, find_want_of_memory
from pages.settings.form import ask_examples, ask_settings
from pages.settings.limits import draw_limits, find_use_of
from pages.shared.dataset import open_dataset
from pages.shared.visit import Visit, go_to, literal, remembered, this_visit
from pages.train.model_drawing import draw_model
from pages.train.stage import ask_stage


def draw(visit: Visit) -> None:
    """Draws the form on the left, the model as it will be trained on the right. Start says what is missing."""
    tr = visit.tr
    if not remembered("data"):
        st.info(tr("There are no data yet. Choose a sample or upload a file first."), icon=":material/arrow_back:")
        if st.button(tr("Choose data"), key="choose_data", type="primary"):
            go_to("data")
        return
    data = open_dataset(visit, remembered("data"))
    if data.report is None:
        raise data.error
    data = ask_stage(visit, data)
    missing = [problem.translate(tr) for problem in data.report.errors]
    examples = data.report.examples
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.markdown(
            tr("**Data:** {name}, {count} examples. **Task:** {task}.").format(
                name=literal(data.name),
                count=visit.number(data.report.rows_kept),
                task=task_names(tr)[data.task],
            )
        )
        settings = ask_settings(visit, data.task, data.report.rows_kept)
        used = f"examples_{remembered('data')}"
        examples = sample_examples(examples, ask_examples(visit, len(examples), used), settings["seed"])
    config = _validate(visit, settings, missing)
    with right:
        outputs = {"masked_words": 0, "regression": 1, "question_answering": 2}.get(data.task, len(data.report.labels))
        use = find_use_of(visit)
        missing += [problem.translate(tr) for problem in find_problems(use)]
        if not draw_model(visit, settings, outputs):
            missing.append(tr("The model cannot be drawn yet: see the message beside."))
        if config and not missing:
            missing += find_want_of_memory(visit, config, data)
        _draw_start(visit, data, examples, config, missing)
        draw_limits(visit, use)
        if config and not missing:
            draw_estimate(visit, config, data, examples, used)
    load_ahead(PLOTLY_ROUTE)


def _validate(visit: Visit, settings: dict[str, object], missing: list[str]) -> RunConfig | None:
    """Returns the settings as a run takes them; or None, and adds to `missing` what is wrong with them."""
    try:
        return validate(settings)
    except ConfigError as error:
        missing += [problem.translate(visit.tr) for problem in error.problems]
        return None


def _draw_start(
    visit: Visit, data: Prepared, examples: pd.DataFrame, config: RunConfig | None, missing: list[str]
) -> None:
    tr = visit.tr
    for sentence in missing:
        st.error(literal(sentence), icon=":material/error:")
    if st.button(
        tr("Start") if not missing else tr("Start (something is missing)"),
        key="start",
        type="primary",
        disabled=bool(missing) or config is None,
        icon=":material/play_arrow:",
        width="stretch",
    ):
        report = data.report
        expected = find_estimate(config, data, examples)
        about = {
            "name": data.name,
            "id": remembered("data"),
            "fingerprint": report.fingerprint,
            "columns": report.columns,
            "edits": data.edits,
        }
        sides = split_examples(examples, config.validation_share, config.seed)
        run = start_run(visit.person, engine.current().queue, config, sides, about, expected)
        go_to("watch", run=run.id)


draw(this_visit())
