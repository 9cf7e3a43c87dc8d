"""The scores of a sweep over what was varied, and every run as a row of a table with a download."""

import pandas as pd
import streamlit as st

from mlmtune_core.config import RANKED_BY
from mlmtune_core.names import baseline_names, diagnosis_names, metric_names, state_names
from mlmtune_core.runs.results import Result, read_results
from mlmtune_core.runs.sweep_charts import Mark, plot_arms, plot_by_x
from mlmtune_core.runs.sweeps import Sweep
from pages.settings.values import say_settings, setting_title
from pages.shared.choice import choice
from pages.shared.figures import draw_figure
from pages.shared.tables import number_columns, rate_columns
from pages.shared.visit import Visit, go_to


def draw_scores(visit: Visit, sweep: Sweep) -> None:
    """Draws the score over what was varied, and every run as a row."""
    tr, results = visit.tr, read_results(sweep)
    scored = [result for result in results if result.score is not None]
    if scored:
        _plot(visit, scored)
    st.subheader(tr("All runs as a table"))
    table = _make_table(visit, results)
    rates = [setting_title(visit, name) for name in (results[0].settings if results else ()) if name.endswith("learning_rate")]
    columns = number_columns(table, others={tr("Seconds"): 1, tr("Best epoch"): 0}) | rate_columns(*rates)
    event = st.dataframe(table, hide_index=True, key="sweep_table", column_config=columns, placeholder="–", on_select="rerun", selection_mode="single-row")
    if any(run.about().get("together") for run in sweep.runs()):
        st.caption(tr("Heads alone are trained together: each row has the seconds of all."))
    chosen = event["selection"]["rows"] if event else []
    with st.container(horizontal=True):
        st.download_button(tr("Download as CSV"), table.to_csv(index=False).encode("utf-8-sig"), f"sweep-{sweep.id[:8]}.csv", "text/csv", key="sweep_csv", icon=":material/download:")
        if chosen and chosen[0] < len(results):
            if st.button(tr("Watch this run"), key="sweep_to_watch", icon=":material/visibility:"):
                go_to("watch", run=results[chosen[0]].run)
            if st.button(tr("Open the model"), key="sweep_to_inspect", icon=":material/search:", disabled=results[chosen[0]].score is None):
                go_to("inspect", run=results[chosen[0]].run)
        else:
            st.caption(tr("Choose a row to open its run."))


def _plot(visit: Visit, results: list[Result]) -> None:
    tr, names = visit.tr, list(results[0].settings)
    metric = metric_names(tr)[results[0].metric]
    baseline = (baseline_names(tr)[_task_of(results[0].metric)], results[0].baseline) if results[0].baseline is not None else None
    numeric = [name for name in names if all(isinstance(result.settings[name], int | float) and not isinstance(result.settings[name], bool) for result in results)]
    titles = {name: setting_title(visit, name) for name in numeric}
    st.subheader(tr("Score by what was swept"))
    if not numeric:
        marks = [Mark("", say_settings(visit, each.settings), each.score, each.seed, each.kind) for each in results]
        figure = plot_arms(marks, metric, visit.separators, baseline, tr("seed"))
    else:
        by = choice(st.segmented_control, tr("Over"), titles, "sweep_by", required=True) if len(titles) > 1 else numeric[0]
        marks = [
            Mark(say_settings(visit, {name: value for name, value in each.settings.items() if name != by}) if len(names) > 1 else metric, each.settings[by], each.score, each.seed, each.kind)
            for each in results
        ]
        values = [mark.x for mark in marks]
        log = min(values) > 0 and max(values) >= 10 * min(values)
        figure = plot_by_x(marks, titles[by], tr("{metric} on the validation set, best epoch").format(metric=metric), visit.separators, baseline, log, diagnosis_names(tr), tr("seed"))
    alt = tr("The best validation score of every run over what was swept; every seed is a mark, lines join the means.")
    draw_figure(figure, key="sweep_scores", name="sweep-scores", alt=alt)


def _task_of(metric: str) -> str:
    return next(task for task, name in RANKED_BY.items() if name == metric)


def _make_table(visit: Visit, results: list[Result]) -> pd.DataFrame:
    tr, kinds, states = visit.tr, diagnosis_names(visit.tr), state_names(visit.tr)
    rows = [
        {
            **{setting_title(visit, name): value for name, value in result.settings.items()},
            tr("Seed"): result.seed,
            tr("State"): states[result.state],
            tr("Diagnosis"): kinds.get(result.kind, ""),
            metric_names(tr)[result.metric]: result.score,
            tr("Validation loss"): result.validation_loss,
            tr("Best epoch"): result.epoch,
            tr("On the test set"): result.test,
            tr("Weights that learn"): result.trainable,
            tr("Seconds"): result.seconds,
        }
        for result in results
    ]
    table = pd.DataFrame(rows)
    return table.drop(columns=[tr("On the test set")]) if len(table) and table[tr("On the test set")].isna().all() else table
