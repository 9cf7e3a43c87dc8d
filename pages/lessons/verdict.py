"""The verdict of a lesson: its figure, each claim with its outcome, the visitor's prediction beside it."""

import statistics
from math import isfinite
from typing import Any

import pandas as pd
import streamlit as st

from mlmtune_core.lessons.figures import name_side, plot_lesson, tabulate
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.outcomes import Outcome, read_outcomes
from mlmtune_core.lessons.votes import count_votes, find_vote
from mlmtune_core.lessons.worksheet import format_rule
from mlmtune_core.names import format_effect, format_side, verdict_names
from pages.shared.figures import draw_figure
from pages.shared.tables import number_columns
from pages.shared.visit import Visit, literal

LOOKS = {"supported": ("green", ":material/check_circle:"), "not_supported": ("red", ":material/cancel:"), "inconclusive": ("orange", ":material/help:")}


def draw_verdicts(visit: Visit, lesson: Lesson, report: dict[str, Any] | None) -> None:
    """Draws the rules before there is a report; then the figure and the verdicts."""
    if report is None:
        for number, claim in enumerate(lesson.claims):
            st.markdown(f"- **{literal(visit.tr(claim.sentence))}** {literal(format_rule(lesson, number, visit.tr, visit.language))}")
        return
    outcomes = list(read_outcomes(report).runs)
    figure = plot_lesson(lesson, outcomes, visit.tr, visit.separators)
    alt = visit.tr("{title}: every run of the lesson as a mark; the numbers stand in the table below.").format(title=visit.tr(lesson.title))
    draw_figure(figure, key=f"figure_{lesson.id}", name=f"lesson-{lesson.id}", alt=alt)
    whole = len({outcome.arm for outcome in outcomes}) == len(lesson.arms)
    if whole:
        for number, verdict in enumerate(report["verdicts"]):
            _draw_verdict(visit, lesson, number, verdict)
        _confront(visit, lesson, report["verdicts"][0]["kind"])
    else:
        st.info(literal(visit.tr("One arm alone is no comparison: a verdict needs all of them.")), icon=":material/info:")
    _draw_facts(visit, lesson, report, outcomes)


def _draw_verdict(visit: Visit, lesson: Lesson, number: int, verdict: dict[str, Any]) -> None:
    """Draws one claim: the word, the effect with its interval, and the rule."""
    tr, claim = visit.tr, lesson.claims[number]
    colour, icon = LOOKS[verdict["kind"]]
    with st.container(border=True, key=f"verdict_{number}"):
        st.markdown(f"{icon} :{colour}-badge[**{literal(verdict_names(tr)[verdict['kind']])}**] {literal(tr(claim.sentence))}")
        effect = format_effect(tr, visit.language, claim.unit, verdict)
        told = tr("Effect {effect}, {seeds} seeds") if not verdict["examples"] else tr("Effect {effect}, {seeds} seeds, {examples} examples")
        st.markdown(literal(told.format(effect=effect, seeds=visit.number(verdict["seeds"]), examples=visit.number(verdict["examples"]))))
        if verdict.get("between") and all(map(isfinite, verdict["sides"])):
            st.markdown(literal(_say_sides(visit, lesson, claim.unit, verdict)))
        if verdict["kind"] == "inconclusive":
            st.markdown(literal(_say_more(visit, verdict)))
        st.caption(literal(tr("The rule, written down before the runs:") + " " + format_rule(lesson, number, tr, visit.language)))


def _say_sides(visit: Visit, lesson: Lesson, unit: str, verdict: dict[str, Any]) -> str:
    """Says what was compared with what, so that the effect can be checked."""
    names = [name_side(lesson, name, visit.tr, visit.separators) for name in verdict["between"]]
    first, second = (format_side(visit.language, unit, side) for side in verdict["sides"])
    return visit.tr("On average over seeds: {first} ({one}), {second} ({other}).").format(one=names[0], first=first, other=names[1], second=second)


def _say_more(visit: Visit, verdict: dict[str, Any]) -> str:
    tr, more = visit.tr, verdict["more_seeds"]
    if verdict["seeds"] < 2:
        return tr("One seed decides nothing: it may have been lucky.")
    if more:
        return tr("If the effect is what it looks like, about {count} more seeds would decide it.").format(count=visit.number(more))
    return tr("More seeds alone would not decide it: the effect lies near the limit, or the test set is too small.")


def _confront(visit: Visit, lesson: Lesson, kind: str) -> None:
    """Draws the prediction beside the outcome: the visitor's, and the class's once more than one has voted."""
    tr, mine, votes = visit.tr, find_vote(lesson, visit.person), count_votes(lesson)
    right, total = sum(votes[option.id] for option in lesson.options if kind in option.kinds), sum(votes.values())
    if total > 1:
        told = tr("The class voted before: {right} of {total} expected what came out.")
        st.info(literal(told.format(right=visit.number(right), total=visit.number(total))), icon=":material/groups:")
    option = next((option for option in lesson.options if option.id == mine), None)
    if option is None:
        return
    foreseen = kind in option.kinds
    told = tr("You expected: “{text}”. That is what came out.") if foreseen else tr("You expected: “{text}”. It came out otherwise: what made the difference?")
    (st.success if foreseen else st.warning)(literal(told.format(text=tr(option.text).removesuffix("."))), icon=":material/how_to_vote:")


def _draw_facts(visit: Visit, lesson: Lesson, report: dict[str, Any], outcomes: list[Outcome]) -> None:
    """Draws what is always said, and the figure's table."""
    tr, start, about = visit.tr, outcomes[0].start_event, report["about"]
    learnt = sorted({outcome.start_event.get("train_examples", 0) for outcome in outcomes})
    weights = sorted({outcome.start_event.get("trainable", 0) for outcome in outcomes})
    facts = {
        tr("Examples learnt from"): _span(visit, learnt),
        tr("To measure with while learning"): visit.number(start.get("validation_examples", 0)),
        tr("In the test"): visit.number(outcomes[0].test_event.get("examples", 0)),
        tr("Trivial predictor, on the test"): ", ".join(sorted({visit.number(outcome.test_event["baseline"][outcome.metric], 3) for outcome in outcomes if outcome.test_event})),
        tr("Weights that learn"): _span(visit, weights),
        tr("Seconds for each run (median)"): visit.number(statistics.median(outcome.seconds for outcome in outcomes), 1),
        tr("Machine"): f"{about['device']}, {about['cores']}",
        tr("Versions"): ", ".join(f"{name} {version}" for name, version in about["versions"].items()),
        tr("Data"): f"{about['data']['name']} ({about['data']['fingerprint'][:12]})",
        tr("Labels"): ", ".join(start.get("label_names", [])[:8]),
    }
    with st.expander(tr("All numbers: every run, data, machine"), key="lesson_numbers", icon=":material/table:"):
        table = tabulate(lesson, outcomes, tr, visit.separators)
        st.dataframe(table, hide_index=True, key="lesson_table", column_config=number_columns(table, others={tr("Seconds"): 1}))
        st.download_button(tr("Download as CSV"), table.to_csv(index=False).encode("utf-8-sig"), f"lesson-{lesson.id}.csv", "text/csv", key="lesson_csv", icon=":material/download:")
        st.dataframe(pd.DataFrame({tr("What"): list(facts), tr("Value"): list(facts.values())}), hide_index=True, key="lesson_facts")


def _span(visit: Visit, numbers: list[int]) -> str:
    return visit.number(numbers[0]) if len(numbers) == 1 else f"{visit.number(numbers[0])} … {visit.number(numbers[-1])}"
