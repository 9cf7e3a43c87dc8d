"""Messages in the reader's language: gettext catalogues read from their .po files."""

import gettext
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE_FOLDER = Path(__file__).parent.parent / "locale"
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
