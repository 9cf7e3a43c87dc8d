"""Brings the catalogues in locale/ up to date with the messages in the sources (make messages)."""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from mlmtune_core.language import LANGUAGES, catalogue_path

ROOT = Path(__file__).parent.parent
ERRORS = ("UserError", "ConfigError", "DataError", "CheckpointError", "TrainingError", "RunError", "PeopleError", "LimitError")
KEYWORDS = {**dict.fromkeys(("tr", "mark", *ERRORS)), "rows_problem": (3,)}


def extract() -> Catalog:
    """All messages of pages, core and app, with the places where they stand."""
    catalogue = Catalog(project="mlmtune", charset="utf-8")
    for folder in ("pages", "mlmtune_core"):
        for file, _, message, _, _ in extract_from_dir(ROOT / folder, keywords=KEYWORDS):
            if message:
                catalogue.add(message, locations=[(f"{folder}/{file}", 0)])
    return catalogue


def main() -> None:
    """Adds what is new, drops what is gone, keeps what is translated."""
    for language in LANGUAGES:
        path = catalogue_path(language)
        with path.open("rb") as source:
            old = read_po(source, locale=language.replace("-", "_"))
        old.update(extract(), no_fuzzy_matching=True)
        if language == "en":
            for message in old:
                message.string = message.string or message.id
        old.obsolete.clear()
        with path.open("wb") as out:
            write_po(out, old, width=0, omit_header=False, sort_output=True, include_lineno=False)


if __name__ == "__main__":
    main()
