"""Glossary terms where they occur: behind a question mark, or as words with a tooltip."""

import re

from mlmtune_core.glossary import TERMS
from pages.shared.visit import Visit, escaped, literal

OF_METRICS = {
    "accuracy": ("accuracy", "baseline"),
    "macro_f1": ("macro_f1",),
    "entity_f1": ("entity_f1", "f1"),
    "entity_precision": ("precision", "entity"),
    "entity_recall": ("recall", "entity"),
    "token_accuracy": ("accuracy", "tag"),
    "micro_f1": ("f1",),
    "pearson": ("correlation",),
    "spearman": ("correlation",),
    "answer_f1": ("f1",),
    "masked_loss": ("cross_entropy", "nat"),
}


def about_metric(visit: Visit, name: str) -> str | None:
    """Returns the terms behind a metric (see names.metric_names), for its `help`; None if its name says it all."""
    return hint(visit, *OF_METRICS[name]) if name in OF_METRICS else None


def meaning(visit: Visit, term: str) -> str:
    """Returns what a term means, as plain text."""
    return visit.tr(TERMS[term].meaning)


def hint(visit: Visit, *terms: str) -> str:
    """Returns what these terms mean, for the `help` of a widget, a number or a text."""
    return "\n\n".join(f"**{literal(visit.tr(TERMS[term].name))}**: {literal(meaning(visit, term))}" for term in terms)


def explained(visit: Visit, text: str, *terms: str) -> str:
    """Returns Markdown in which the first occurrence of each term has a tooltip (see `.term` in page.css): draw it with `unsafe_allow_html`.

    `text` is one of our messages: what people wrote must have gone through `literal`.
    """
    found: dict[str, str] = {}
    for term in sorted(terms, key=lambda term: -len(TERMS[term].name)):
        name, says = visit.tr(TERMS[term].name), meaning(visit, term)

        def draw(match: re.Match[str], name: str = name, says: str = says) -> str:
            place = f"\x00{len(found)}\x00"  # meanings are not searched for further terms
            told = escaped(f"{name}: {says}")
            found[place] = f'<span class="term" tabindex="0" role="note" aria-label="{told}">{match[0]}</span>'
            return place

        text = _pattern(name).sub(draw, text, count=1)
    for place, shown in found.items():
        text = text.replace(place, shown)
    return text


def _pattern(name: str) -> re.Pattern[str]:
    """Matches a term in a text: singular or plural, its brackets perhaps escaped; not inside a link to a place on the page."""
    stem = re.escape(name[:-1]) + "(?:y|ies)" if name.endswith("y") else re.escape(name) + "s?"
    return re.compile(rf"(?<![\w#])\\?{stem}(?!\w)".replace(r"\]", r"\\?\]"), re.IGNORECASE)
