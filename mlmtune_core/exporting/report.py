"""Writes a run as one HTML page: settings, data, curves, scores, mistakes, calibration."""

import json
import secrets
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from mlmtune_core import charts
from mlmtune_core.config import TASKS_WITHOUT_CONFIDENCE, RunConfig, setting_title
from mlmtune_core.data.readers.cells import truncate
from mlmtune_core.data.subsets import prepare_training_split
from mlmtune_core.errors import RunError
from mlmtune_core.inspecting import model_charts
from mlmtune_core.inspecting.certainty import find_certainty
from mlmtune_core.inspecting.review import list_examples, review
from mlmtune_core.language import escape_controls, format_number, format_percent, number_separators, translator
from mlmtune_core.names import (
    axis_names,
    baseline_names,
    describe_unfreezing,
    format_choice,
    format_metric,
    metric_names,
    role_names,
    split_names,
    strategy_name,
    task_names,
)
from mlmtune_core.runs.event_log import find_best
from mlmtune_core.runs.run import Run
from mlmtune_core.workers import progress

PAGE = Path(__file__).parent / "report_page.txt"
MISTAKES_SHOWN = 20
TEXT_SIGNS = 240
LABELS_SHOWN = 30


class Page:
    """Sections of HTML in one language; every text that comes in is escaped."""

    def __init__(self, language: str) -> None:
        self.language, self.tr = language, translator(language)
        self.sections: list[str] = []
        self.figures: list[str] = []

    def begin(self, title: str) -> None:
        """Starts a section with this title."""
        self.sections.append(f"<h2>{_shown(title)}</h2>")

    def say(self, text: str) -> None:
        """Adds a paragraph."""
        self.sections.append(f"<p>{escape(escape_controls(text))}</p>")

    def table(self, titles: list[str], rows: list[list[Any]]) -> None:
        """Adds a table; numbers are right-aligned."""
        head = "".join(f"<th>{_shown(title)}</th>" for title in titles)
        body = "".join("<tr>" + "".join(map(self._cell, row)) + "</tr>" for row in rows)
        self.sections.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")

    def figure(self, figure: go.Figure, alt: str) -> None:
        """Adds a plotly figure, drawn by the script at the end of the page."""
        self.sections.append(f'<div class="figure" id="figure-{len(self.figures)}" role="img" aria-label="{_shown(alt)}"></div>')
        figure.update_layout(paper_bgcolor="white", plot_bgcolor="white", template="plotly_white")
        # nothing in it may end the enclosing script
        self.figures.append(figure.to_json().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))

    def _cell(self, value: Any) -> str:
        if isinstance(value, int):
            return f'<td class="number">{format_number(self.language, value)}</td>'
        return f"<td>{_shown(value)}</td>"


def write_report(run: Run, file: Path, language: str) -> None:
    """Writes the page. Raises RunError before a model is kept."""
    if not run.has_predictions("validation"):
        raise RunError("This run has kept no model yet. Wait for its first evaluation.")
    page = Page(language)
    config, tr = run.config(), page.tr
    sides = [side for side in ("validation", "test") if run.has_predictions(side)]
    found = {side: review(run.id, side) for side in sides}
    progress.report(0.2)
    _say_scores(page, config, found)
    _draw_curves(page, run)
    _say_data(page, run)
    for side in sides:
        _draw_review(page, found[side], side)
        _list_mistakes(page, list_examples(run.id, side))
        if config.task not in TASKS_WITHOUT_CONFIDENCE:
            _draw_certainty(page, find_certainty(run.id, side))
        progress.report(0.8)
    _say_settings(page, run)
    nonce = secrets.token_urlsafe(16)
    about = [task_names(tr)[config.task], strategy_name(tr, config.strategy), f"{datetime.fromtimestamp(run.about()['created']):%Y-%m-%d %H:%M}"]  # fmt: skip
    filled = Template(PAGE.read_text(encoding="utf-8")).substitute(
        language=language,
        nonce=nonce,
        title=_shown(tr("Report of a run: {data}").format(data=run.about()["data"]["name"])),
        about=_shown(" · ".join(about)),
        sections="\n".join(page.sections),
        plotly=get_plotlyjs(),
        figures=",\n".join(page.figures),
    )
    file.write_text(filled, encoding="utf-8")


def _say_scores(page: Page, config: RunConfig, found: dict[str, dict[str, Any]]) -> None:
    tr, names = page.tr, metric_names(page.tr)
    page.begin(tr("Scores"))
    for side, result in found.items():
        rows = [
            [names[name], format_metric(page.language, name, value), format_metric(page.language, name, result["baseline"][name])]
            for name, value in result["metrics"].items()
        ]  # fmt: skip
        examples = tr("Examples {use}: {count}").format(use=split_names(tr)[side], count=format_number(page.language, result["examples"]))  # fmt: skip
        page.table([examples, tr("The model"), tr("Trivially")], rows)
    page.say(tr("Trivially: what one gets without reading the texts, by saying {baseline}.").format(baseline=baseline_names(tr)[config.task]))  # fmt: skip


def _draw_curves(page: Page, run: Run) -> None:
    tr, separators = page.tr, number_separators(page.language)
    done = run.events("EvalDone")
    name = next(iter(done[-1]["metrics"]))
    page.begin(tr("The curves"))
    learnt = [row for row in done if row["train_loss"] is not None]
    lines = {
        tr("Training loss"): [(row["epoch"], row["train_loss"]) for row in learnt],
        tr("Validation loss"): [(row["epoch"], row["validation_loss"]) for row in done],
    }
    page.figure(charts.plot_curves(lines, tr("Epoch"), tr("Loss"), separators), tr("Training and validation loss by epoch."))
    title = axis_names(tr)[name]
    line = {title: [(row["epoch"], row["metrics"][name]) for row in done]}
    page.figure(charts.plot_curves(line, tr("Epoch"), title, separators), tr("The score on the validation examples by epoch."))
    rows = [
        [format_number(page.language, row["epoch"])]
        + ["–" if loss is None else format_number(page.language, loss, 4) for loss in (row["train_loss"], row["validation_loss"])]
        + [format_metric(page.language, name, row["metrics"][name])]
        for row in done
    ]
    page.table([tr("Epoch"), tr("Training loss"), tr("Validation loss"), metric_names(tr)[name]], rows)
    start = run.events("Started")[0]
    count = {key: format_number(page.language, start[key]) for key in ("trainable", "total")}
    page.say(tr("{trainable} of {total} weights learnt.").format(**count))
    unfreezing = describe_unfreezing(tr, page.language, run.events("Unfrozen"))
    if unfreezing:
        page.say(unfreezing)
    best = find_best(done)
    if best:
        page.say(tr("The best model is that of epoch {epoch}.").format(epoch=format_number(page.language, best["epoch"])))


def _say_data(page: Page, run: Run) -> None:
    """Adds how many examples of each label every split holds, as trained on; no texts."""
    tr, frame = page.tr, prepare_training_split(run.data(), run.config())
    sides = [side for side in ("train", "validation", "test") if (frame["split"] == side).any()]
    page.begin(tr("Data"))
    rows = [[tr("Examples"), *[int((frame["split"] == side).sum()) for side in sides]]]
    column = next((name for name in ("label", "tags") if name in frame), None)
    if column:
        counts = {side: frame[frame["split"] == side][column].explode().value_counts() for side in sides}
        labels = sorted({label for side in sides for label in counts[side].index}, key=lambda label: -counts["train"].get(label, 0))
        rows += [[str(label), *[int(counts[side].get(label, 0)) for side in sides]] for label in labels[:LABELS_SHOWN]]
        if len(labels) > LABELS_SHOWN:
            rows.append([tr("{count} more labels").format(count=len(labels) - LABELS_SHOWN), *["…" for _ in sides]])
    page.table(["", *[split_names(tr)[side] for side in sides]], rows)


def _draw_review(page: Page, found: dict[str, Any], side: str) -> None:
    tr, separators = page.tr, number_separators(page.language)
    page.begin(tr("Right and wrong: examples {use}").format(use=split_names(tr)[side]))
    if "classes" in found:
        shares = ("precision", "recall", "f1")
        rows = [[row["label"], *[format_percent(page.language, row[name], 1) for name in shares], row["support"]] for row in found["classes"][:LABELS_SHOWN]]  # fmt: skip
        page.table([tr("Label"), tr("Precision"), tr("Recall"), "F1", tr("In the data")], rows)
    if "confusion" in found:
        figure = charts.plot_confusion(found["confusion"]["labels"], found["confusion"]["counts"], tr("Predicted"), tr("In the data"), separators)  # fmt: skip
        page.figure(figure, tr("Confusion matrix: a row per true label, a column per predicted one."))
    if "pairs" in found:
        figure = charts.plot_predicted_against_true(found["pairs"], tr("True score"), tr("Predicted score"), separators)
        page.figure(figure, tr("Scatter plot: true score of every example against the predicted one."))


def _list_mistakes(page: Page, wrong: dict[str, Any]) -> None:
    """Adds at most MISTAKES_SHOWN of what `list_examples` found, shortened: a report is passed on, and need not hold everybody's texts."""
    tr, count = page.tr, wrong["found"]
    if not count:
        page.say(tr("Every answer is right."))
        return
    titles = {**role_names(tr), "row": tr("Row"), "true": tr("In the data"), "predicted": tr("Predicted")}
    shown = wrong["rows"][:MISTAKES_SHOWN]
    page.say(tr("{shown} of {count} wrong answers:").format(shown=len(shown), count=format_number(page.language, count)))
    cells = [[format_number(page.language, cell, 2) if isinstance(cell, float) else str(cell) for cell in row.values()] for row in shown]
    page.table([titles[name] for name in shown[0]], cells)


def _draw_certainty(page: Page, found: dict[str, Any]) -> None:
    tr = page.tr
    bins = found["calibration"]
    page.begin(tr("Is it as often right as it says?"))
    page.say(
        tr("Answers are put together by the probability that the model gave them. On the dotted line it is right as often as it says; below it says too much. On average it is off by {error} (ECE).").format(
            error=format_percent(page.language, found["error"], 1)
        )
    )  # fmt: skip
    confidence, accuracy, count = ([row[name] for row in bins] for name in ("confidence", "accuracy", "count"))
    figure = model_charts.plot_calibration(confidence, accuracy, count, tr("Probability it gave"), tr("Share that is right"), number_separators(page.language))  # fmt: skip
    page.figure(figure, tr("Calibration curve: how often answers of like probability are right."))


def _say_settings(page: Page, run: Run) -> None:
    tr, config = page.tr, run.config()
    page.begin(tr("Settings"))
    values = config.model_dump() | {"head_learning_rate": config.head_rate, "learning_rate": config.body_rate}
    values |= {"task": task_names(tr)[config.task], "strategy": strategy_name(tr, config.strategy)}
    if config.strategy == "head_only":
        del values["learning_rate"]
    page.table([tr("Setting"), tr("Value")], [[tr(setting_title(name)), _value(format_choice(tr, name, value))] for name, value in values.items()])  # fmt: skip


def _value(value: Any) -> str:
    return json.dumps(value) if isinstance(value, int | float) else str(value)


def _shown(value: Any) -> str:
    """Returns a text as literal HTML, long ones shortened."""
    return escape(str(truncate(escape_controls(str(value)), TEXT_SIGNS)))
