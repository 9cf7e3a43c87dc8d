"""The state of a run in numbers and sentences, redrawn while it lives, with its buttons."""

from typing import Any

import streamlit as st

from mlmtune_core.errors import UserError
from mlmtune_core.names import describe_unfreezing, format_metric, metric_names, state_names
from mlmtune_core.people import is_class
from mlmtune_core.runs.diagnosis import diagnose
from mlmtune_core.runs.event_log import Progress, summarise
from mlmtune_core.runs.run import ENDED, Run
from mlmtune_core.workers import engine
from pages.shared.terms import hint
from pages.shared.visit import Visit, show_error
from pages.watch.buttons import draw_buttons
from pages.watch.diagnosis import draw_diagnosis


def draw_state(visit: Visit, run: Run, living: bool) -> None:
    """Draws state, numbers and buttons: every two seconds while the run lives, and once when it ends."""
    state = run.state()
    if living and state in (*ENDED, "interrupted"):
        st.rerun()
    rows = run.events()
    progress = summarise(rows, run.about().get("estimate"))
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_numbers(visit, run, state, progress)
        with st.container(horizontal=True, width="content"):  # one piece, so that no button stands alone in a second row
            draw_buttons(visit, run, state)
    with st.container():  # a fixed place, so that nothing jumps when a sentence appears
        _draw_sentence(visit, run, state, progress)
        if progress.start and state != "failed":  # the sentence above says why, and what to try
            draw_diagnosis(visit, diagnose(rows))
        unfreezing = describe_unfreezing(visit.tr, visit.language, rows)
        if unfreezing:
            st.caption(unfreezing)


def _draw_numbers(visit: Visit, run: Run, state: str, progress: Progress) -> None:
    tr, unknown = visit.tr, "–"
    ended, patience = state in (*ENDED, "interrupted"), progress.patience_left
    seconds = (run.summary() or {}).get("seconds") if ended else progress.seconds_left
    shown = {
        tr("State"): tr("stopping") if run.control() == "stop" and not ended else state_names(tr)[state],
        tr("Epoch"): f"{visit.number(progress.epoch, 1)} / {progress.epochs}" if progress.start else unknown,
        tr("Examples per second"): visit.number(progress.examples_per_second)
        if progress.examples_per_second
        else unknown,
        tr("Time taken") if ended else tr("Time left"): unknown if seconds is None else visit.seconds(seconds),
        tr("Patience left"): unknown if patience is None else visit.number(patience),
        tr("Frozen weights"): {None: unknown, True: "❄ " + tr("unchanged"), False: "⚠ " + tr("changed")}[
            progress.frozen_unchanged
        ],
    }
    hints = {
        tr("Epoch"): hint(visit, "epoch"),
        tr("Patience left"): tr("Evaluations that may still pass without a new best before the run stops by itself."),
        tr("Frozen weights"): hint(visit, "frozen"),
    }
    for name, value in shown.items():
        st.metric(name, value, border=True, width="content", help=hints.get(name))


def _draw_sentence(visit: Visit, run: Run, state: str, progress: Progress) -> None:
    """Draws the progress; then how it ended, what was kept, and the proof that frozen weights did not change."""
    tr, summary = visit.tr, run.summary() or {}
    if progress.total_steps and not summary and state != "interrupted":
        st.progress(progress.step / progress.total_steps)
    if state == "queued":
        st.info(_queue_sentence(visit, run), icon=":material/hourglass_top:")
    if state == "paused":
        sentence = tr("Paused at step {step}: its worker is free for others. Continue goes on from there, to the bit.")
        st.info(sentence.format(step=visit.number(progress.step)), icon=":material/pause:")
    if state == "failed":
        show_error(UserError(summary["template"], **summary["values"]))
    if state == "interrupted":
        st.warning(
            tr(
                "The run was interrupted: its worker is gone. Continue goes on from where it was last kept."
            ),
            icon=":material/warning:",
        )
    ends = {
        "epochs_done": tr("All epochs are done."),
        "early_stopping": tr("Stopped by itself: no new best within the patience."),
        "stopped": tr("Stopped on request.") if is_class() else tr("Stopped by you."),
    }
    if summary.get("reason") in ends:
        best = f"{_best_sentence(visit, run, summary.get('best') or {})} {_test_sentence(visit, summary.get('test') or {})}"
        lines = [
            f"{ends[summary['reason']]} {best}",
            _proof_sentence(visit, progress),
            _time_sentence(visit, run, summary),
        ]
        st.success("  \n".join(line for line in lines if line), icon=":material/flag:")


def _proof_sentence(visit: Visit, progress: Progress) -> str:
    """Says that frozen weights did not change, or that they did."""
    tr, count = visit.tr, visit.number(progress.frozen_weights)
    if not progress.frozen_weights:
        return ""
    unchanged = tr(
        "Proof of freezing: the {count} frozen weights are bit for bit what they were before the first step."
    )
    changed = tr("The {count} frozen weights have changed. This must not happen: please report it.")
    return (f"❄ {unchanged}" if progress.frozen_unchanged else f"⚠ {changed}").format(count=count)


def _time_sentence(visit: Visit, run: Run, summary: dict[str, Any]) -> str:
    """Says the time announced before Start, for all epochs, beside the time it took."""
    tr, expected, taken = visit.tr, run.about().get("estimate"), summary["seconds"]
    if not expected or summary["reason"] == "stopped":
        return ""
    if summary["reason"] == "early_stopping":
        sentence = tr("Announced before Start for all epochs: {expected}. Ended early, it took {taken}.")
    else:
        sentence = tr("Announced before Start: {expected}. It took {taken}.")
    return sentence.format(expected=visit.seconds(expected, 1), taken=visit.seconds(taken, 1))


def _queue_sentence(visit: Visit, run: Run) -> str:
    """Says its place, and how long it will wait; live, with the rest of the state."""
    tr, queue = visit.tr, engine.current().queue
    place, seconds = queue.place(run), queue.expected_wait(run)
    if place is None:
        return tr("It begins in a moment.")
    told = [tr("Place {place} of {count} in the queue.").format(place=visit.number(place), count=visit.number(queue.length()))]  # fmt: skip
    if queue.held:
        told.append(tr("The queue is paused: the run keeps its place."))
    elif seconds is not None:
        told.append(tr("It begins in about {time}.").format(time=visit.seconds(max(1, seconds))))
    told.append(tr("Everybody's first run comes before anybody's second. You can close this page."))
    return " ".join(told)


def _best_sentence(visit: Visit, run: Run, best: dict[str, Any]) -> str:
    if not best and not run.best_folder.is_dir():
        return visit.tr("It ended before anything was learnt.")
    if not best:
        return visit.tr("It ended before the first evaluation; the weights of that moment were kept.")
    names = metric_names(visit.tr)
    name = next(iter(best["metrics"]))
    return visit.tr("The best model is that of epoch {epoch}: {metric} {value}, validation loss {loss}.").format(
        epoch=visit.number(best["epoch"]),
        metric=names[name],
        value=format_metric(visit.language, name, best["metrics"][name]),
        loss=visit.number(best["validation_loss"], 3),
    )


def _test_sentence(visit: Visit, scores: dict[str, float]) -> str:
    """Says what the best model reached on the test set, if there is one."""
    if not scores:
        return ""
    name = next(iter(scores))
    return visit.tr("On the test set it reaches {metric} {value}.").format(
        metric=metric_names(visit.tr)[name], value=format_metric(visit.language, name, scores[name])
    )
