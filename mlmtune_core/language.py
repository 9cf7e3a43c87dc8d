"""Messages in the reader's language: gettext catalogues read from their .po files."""

import gettext
import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

_HERE = Path(__file__).parent
LOCALE_FOLDER = next(folder for folder in (_HERE / "locale", _HERE.parent / "locale") if folder.is_dir())  # installed, or a checkout
LANGUAGES = {"en": "English", "pt-BR": "Português"}

Translate = Callable[[str], str]


def nearest_language(wanted: str | None) -> str:
    """The language served for a browser or system locale: any `pt...` reads Portuguese, all others English."""
    return "pt-BR" if (wanted or "").lower().startswith("pt") else "en"


def catalogue_path(language: str) -> Path:
    """Where the messages of a language stand."""
    return LOCALE_FOLDER / language.replace("-", "_") / "LC_MESSAGES" / "mlmtune.po"


@cache
def translator(language: str) -> Translate:
    """message in English -> message in `language`; what is not translated stays English.

    The .po text is compiled in memory, so no compiled file can be out of step with it.
    """
    with catalogue_path(language).open("rb") as source:
        catalogue = read_po(source, locale=language.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled).gettext


def mark(text: str) -> str:
    """Marks a text for the catalogues where it is defined; it is translated where it is shown."""
    return text


def find_separators(language: str) -> str:
    """Decimal and thousands sign, as Plotly wants them."""
    return ",." if language == "pt-BR" else ".,"


def write_number(language: str, value: float, digits: int = 0, signed: bool = False) -> str:
    """1234.5 -> 1,234.5 or 1.234,5, or with its sign +1,234.5."""
    sign = "+" if signed and value > 0 else ""
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return sign + format_decimal(value, format=pattern, locale=language.replace("-", "_"))


def write_percent(language: str, share: float, digits: int = 0, signed: bool = False) -> str:
    """0.123 -> 12 %, or +12 %, with the language's signs."""
    sign = "+" if signed and share > 0 else ""
    pattern = "#,##0." + "0" * digits + "%" if digits else "#,##0%"
    return sign + format_percent(share, format=pattern, locale=language.replace("-", "_"))


def write_rate(rate: float) -> str:
    """A learning rate, in every language alike: 0.003 -> 3e-3."""
    return f"{rate:.1e}".replace(".0e", "e").replace("e-0", "e-").replace("e+00", "")


# all control signs but tab and line feed, the signs that turn the direction of writing, halves of surrogate pairs
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with such signs as Python writes them: an escape is \\x1b."""
    return UNSEEN.sub(lambda found: repr(found[0])[1:-1], text)


def visible_json(text: str) -> str:
    """The same for a JSON document: it holds the same values afterwards."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
