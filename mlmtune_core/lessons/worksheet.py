"""A lesson on paper: question, statement, prediction, room for numbers and verdict, as one page to print."""

from html import escape

from mlmtune_core.language import Translate, format_number, translator
from mlmtune_core.lessons.chapter import BEYOND, STATEMENTS
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.names import verdict_names

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2430; background: white; max-width: 46rem; margin: 1.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin: 0 0 .2rem; } h2 { font-size: 1.15rem; margin: 1.3rem 0 .4rem; }
blockquote { margin: .6rem 0; padding: .2rem 1rem; border-left: 4px solid #0072b2; } .about { color: #465364; margin: 0; }
ul.boxes { list-style: none; padding: 0; } ul.boxes li::before { content: "☐  "; font-size: 1.2em; }
.line { border-bottom: 1px solid #8a94a0; height: 2.1rem; } .name { display: flex; gap: 2rem; margin: .6rem 0 1rem; } .name div { flex: 1; border-bottom: 1px solid #8a94a0; }
ol li { margin-bottom: .3rem; } @page { margin: 14mm; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; } h2 { break-after: avoid; } section { break-inside: avoid; } }
"""


def write_worksheet(lesson: Lesson, language: str) -> str:
    """Returns one HTML page to print or fill in; every text is escaped."""
    tr = translator(language)
    number, minutes = tr("Lesson {id}").format(id=lesson.id), tr("{count} minutes").format(count=lesson.minutes)
    name, date, verdicts = tr("Name"), tr("Date"), verdict_names(tr).values()
    parts = [
        f"<h1>{_escape(lesson.question, tr)}</h1>",
        f'<p class="about">mlmtune · {escape(number)} · {_escape(lesson.title, tr)} · {escape(minutes)}</p>',
        f'<div class="name"><div>{escape(name)}:</div><div>{escape(date)}:</div></div>',
        *[f"<blockquote><strong>{_escape(STATEMENTS[name].name, tr)}</strong><br>{_escape(STATEMENTS[name].sentence, tr)}</blockquote>" for name in lesson.statements if name in STATEMENTS],
        *[f'<p class="about">{_escape(BEYOND[name], tr)}</p>' for name in lesson.statements if name in BEYOND],
        _section(tr("1. What do you expect?"), f'<ul class="boxes">{"".join(f"<li>{_escape(option.text, tr)}</li>" for option in lesson.options)}</ul>'),
        _section(tr("2. Try it, and note"), "<ol>" + "".join(f"<li>{_escape(task, tr)}{_blank_lines(2)}</li>" for task in lesson.tasks) + "</ol>"),
        _section(tr("3. The rule of the verdict"), "".join(f"<p>{_rule(lesson, number, tr, language)}</p>" for number in range(len(lesson.claims)))),
        _section(tr("4. What came out"), f'<ul class="boxes">{"".join(f"<li>{escape(text)}</li>" for text in verdicts)}</ul>{_blank_lines(3)}'),
        _section(tr("5. What this cannot tell"), f"<p>{_escape(lesson.limits, tr)}</p>"),
        _section(tr("6. And what if?"), f"<p>{_escape(lesson.what_if.question, tr)}</p>{_blank_lines(2)}"),
    ]
    title = escape(f"mlmtune {lesson.id}: {tr(lesson.title)}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html>\n<html lang="{escape(language)}"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def format_rule(lesson: Lesson, number: int, tr: Translate, language: str) -> str:
    """Returns the rule of a claim with its minimum and margin filled in."""
    claim = lesson.claims[number]
    return tr(claim.rule).format(minimum=_format_limit(claim.minimum, claim.unit, tr, language), margin=_format_limit(claim.margin, claim.unit, tr, language))


def _format_limit(value: float, unit: str, tr: Translate, language: str) -> str:
    """Returns a limit in the unit of its claim: differences of scores as percentage points."""
    scaled = round(100 * value if unit == "points" else value, 4)
    number = format_number(language, scaled, 0 if scaled == int(scaled) else 1 if unit == "points" else 2)
    return tr("{count} points").format(count=number) if unit == "points" else number


def _rule(lesson: Lesson, number: int, tr: Translate, language: str) -> str:
    return f"<strong>{_escape(lesson.claims[number].sentence, tr)}</strong> {escape(format_rule(lesson, number, tr, language))}"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _blank_lines(count: int) -> str:
    return '<div class="line"></div>' * count


def _escape(text: str, tr: Translate) -> str:
    return escape(tr(text))
