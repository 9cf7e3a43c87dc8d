"""One visit: who it is, its language, how it writes numbers, and what its address remembers."""

import re
from dataclasses import dataclass
from datetime import date
from html import escape

import streamlit as st
from babel.dates import format_date

from mlmtune_core.config import RunConfig
from mlmtune_core.errors import UserError
from mlmtune_core.language import (
    LANGUAGES,
    Translate,
    escape_controls,
    format_number,
    format_percent,
    nearest_language,
    number_separators,
    translator,
)
from mlmtune_core.people import Person, find_person
from pages.serving.person_cookie import COOKIE

REMEMBERED = ("data", "run", "sweep", "lesson", "tour", "projector")
MARKS = str.maketrans({sign: "\\" + sign for sign in "\\`*_{}[]()#+!|<>~$:@&"})
# starts a list or a rule; or is replaced by Streamlit in the parsed text, where a backslash no longer helps
REPLACED = re.compile(
    r"^(?=-|\d+\.)|(?<=:)(?=material[_/]|streamlit:|//)|(?<=@)(?=\w)|(?<=www)(?=\.)|(?<=[-<>~])(?=[-=>])", re.IGNORECASE
)
WORD_JOINER = "\u2060"  # has no width and breaks no line


@dataclass(frozen=True)
class Visit:
    """The language of this script run, and whom it is for: passed on, never global."""

    language: str
    tr: Translate
    person: Person = Person()

    @property
    def separators(self) -> str:
        """Returns decimal and thousands separators, as Plotly wants them."""
        return number_separators(self.language)

    def number(self, value: float, digits: int = 0, signed: bool = False) -> str:
        """1234.5 -> 1,234.5 or 1.234,5, or with its sign +1,234.5."""
        return format_number(self.language, value, digits, signed)

    def percent(self, share: float, digits: int = 0, signed: bool = False) -> str:
        """0.123 -> 12 %, or +12 %, with the language's separators."""
        return format_percent(self.language, share, digits, signed)

    def help(self, field: str) -> str:
        """Returns what a setting of RunConfig does."""
        description = RunConfig.model_fields[field].description
        return self.tr(description)

    def day(self, moment: float) -> str:
        """Unix seconds -> 3 May 2026 or 3 de mai. de 2026, in the server's time zone."""
        return format_date(date.fromtimestamp(moment), format="medium", locale=self.language.replace("-", "_"))

    def seconds(self, value: float, digits: int = 0) -> str:
        """75 -> 1 min 15 s, 7500 -> 2 h 5 min; below ten seconds with so many digits."""
        if digits and value < 10:
            return f"{self.number(value, digits)} s"
        minutes, rest = divmod(round(value), 60)
        if minutes >= 60:
            return f"{minutes // 60} h {minutes % 60} min"
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def begin_visit() -> Visit:
    """Determines the language: ?lang=, then the session, then the browser, then English. Restores remembered ids to the address."""
    language = st.query_params.get("lang") or st.session_state.get("lang") or nearest_language(st.context.locale)
    if language not in LANGUAGES:
        language = nearest_language(language)
    st.session_state["lang"] = language
    st.query_params["lang"] = language
    for name in REMEMBERED:
        if name in st.query_params:
            st.session_state[f"link_{name}"] = st.query_params[name]
        elif st.session_state.get(f"link_{name}"):
            st.query_params[name] = st.session_state[f"link_{name}"]
    visit = Visit(language, translator(language), find_person(read_token()))
    st.session_state["visit"] = visit
    return visit


def read_token() -> str:
    """Returns the visitor's secret token: from signing in, or from the cookie that came with the browser's first page."""
    return st.session_state.get("signed_in_token") or read_cookie()


def read_cookie() -> str:
    """Returns the cookie that the browser showed when it connected, or "". Routes know the visitor by this alone."""
    return st.context.cookies.get(COOKIE, "")


def this_visit() -> Visit:
    """Returns the visit that the frame began."""
    return st.session_state["visit"]


def remembered(name: str) -> str:
    """Returns the id of `data`, `run`, `sweep` or `lesson` in this visit's address, or ""."""
    return st.session_state.get(f"link_{name}", "")


def remember(name: str, value: str) -> None:
    """Puts an id into the address of this visit."""
    st.session_state[f"link_{name}"] = value
    st.query_params[name] = value


def go_to(page: str, **ids: str) -> None:
    """Opens another page with these ids in its address."""
    for name, value in ids.items():
        st.session_state[f"link_{name}"] = value
    names = {name: remembered(name) for name in REMEMBERED if remembered(name)}
    st.switch_page(st.session_state["pages"][page], query_params={"lang": this_visit().language, **names})


def show_error(error: UserError) -> None:
    """Draws an error message, never a traceback. User text in it is literal."""
    st.error(literal(error.translate(this_visit().tr)), icon=":material/error:")


def literal(text: str) -> str:
    """Returns text that Markdown does not interpret: on one line, escaped, with nothing turned into links or icons."""
    return REPLACED.sub(WORD_JOINER, escape_controls(" ".join(text.split()))).translate(MARKS)


def escaped(text: str) -> str:
    """Returns text as `st.html` shows it literally, in an attribute too."""
    return escape(escape_controls(text))
