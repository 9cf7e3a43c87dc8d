"""The slider over training: from the checkpoint over each evaluation to the best model."""

import streamlit as st

from mlmtune_core.config import RANKED_BY
from mlmtune_core.names import axis_names, format_metric
from mlmtune_core.runs.kept_weights import BEST, START, KeptWeights, list_kept_weights
from mlmtune_core.runs.run import Run
from pages.shared.choice import choice
from pages.shared.visit import Visit


def ask_moment(visit: Visit, run: Run, width: int) -> str:
    """Asks which moment of `run` to look at, for the whole page; returns it with what was measured then. `width`: of the slider, in pixels."""
    moments = {moment.name: moment for moment in list_kept_weights(run)}
    if not moments:
        return BEST  # opening the model will say that nothing is kept yet
    tr = visit.tr
    labels = {name: _name(visit, moment) for name, moment in moments.items()}
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        chosen = choice(st.select_slider, tr("Moment of training"), labels, f"moment_{run.id}", default=BEST, persist_state="session", width=width)
        st.caption(_say(visit, run, moments[chosen]), width="content")
    return chosen


def _say(visit: Visit, run: Run, moment: KeptWeights) -> str:
    """Says what was measured then."""
    tr, said = visit.tr, []
    if moment.metric is not None:
        metric = RANKED_BY[run.config().task]
        said.append(f"{axis_names(tr)[metric]}: {format_metric(visit.language, metric, moment.metric)}")
    if moment.validation_loss is not None:
        loss = tr("validation loss: {loss}").format(loss=visit.number(moment.validation_loss, 3))
        said.append(loss)
    return " · ".join(said)


def _name(visit: Visit, moment: KeptWeights) -> str:
    tr = visit.tr
    if moment.name == START:
        return tr("before training")
    if moment.name == BEST:
        return tr("best (epoch {epoch})").format(epoch=moment.epoch) if moment.epoch else tr("best")
    return tr("epoch {epoch}").format(epoch=moment.epoch)
