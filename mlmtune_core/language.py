"""Translates messages with the catalogues in locale/, formats numbers, escapes control characters."""

import gettext
import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel import numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

_HERE = Path(__file__).parent
LOCALE_FOLDER = next(folder for folder in (_HERE / "locale", _HERE.parent / "locale") if folder.is_dir())  # in a wheel, in a checkout
LANGUAGES = {"en": "English", "pt-BR": "Português"}

Translate = Callable[[str], str]


def nearest_language(wanted: str | None) -> str:
    """Returns the language for a browser or system locale: pt-BR for `pt...`, else en."""
    return "pt-BR" if (wanted or "").lower().startswith("pt") else "en"


def catalogue_path(language: str) -> Path:
    """Returns the path of the .po file of a language."""
    return LOCALE_FOLDER / language.replace("-", "_") / "LC_MESSAGES" / "mlmtune.po"


@cache
def translator(language: str) -> Translate:
    """Returns a function that translates English messages to `language`; untranslated messages stay English.

    Compiles the .po file in memory, so that no compiled file can be outdated.
    """
    with catalogue_path(language).open("rb") as source:
        catalogue = read_po(source, locale=language.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


def mark(text: str) -> str:
    """Marks a text for extraction to the catalogues, unchanged. It is translated when it is shown."""
    return text


def number_separators(language: str) -> str:
    """Returns the decimal and thousands separators, in Plotly's format."""
    return ",." if language == "pt-BR" else ".,"


def format_number(language: str, value: float, digits: int = 0, signed: bool = False) -> str:
    """Formats a number: 1234.5 becomes 1,234.5 or 1.234,5; if signed, +1,234.5."""
    sign = "+" if signed and value > 0 else ""
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return sign + numbers.format_decimal(value, format=pattern, locale=language.replace("-", "_"))


def format_percent(language: str, share: float, digits: int = 0, signed: bool = False) -> str:
    """Formats a share as percent: 0.123 becomes 12 %; if signed, +12 %."""
    sign = "+" if signed and share > 0 else ""
    pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
    return sign + numbers.format_percent(share, format=pattern, locale=language.replace("-", "_"))


def format_rate(rate: float) -> str:
    """Formats a learning rate, in every language the same: 0.003 becomes 3e-3."""
    return f"{rate:.1e}".replace(".0e", "e").replace("e-0", "e-").replace("e+00", "")


# control characters except tab and line feed, characters that change the writing direction, lone surrogates
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def escape_controls(text: str) -> str:
    """Replaces control characters by Python escapes, such as \\x1b."""
    return CONTROL_CHARACTERS.sub(lambda found: repr(found[0])[1:-1], text)


def escape_controls_in_json(text: str) -> str:
    """Replaces control characters in a JSON document by JSON escapes; its values stay the same."""
    return CONTROL_CHARACTERS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
