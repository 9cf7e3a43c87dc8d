"""Log files of bounded size: logs/server.log and one per worker."""

import logging
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from mlmtune_core.storage import home

MAX_BYTES = 1_000_000
OLDER_FILES = 3
ROOT = Path(__file__).parents[2]


class OneLine(logging.Formatter):
    """Formats time, level, place and message as one line, with control characters escaped.

    An error appears as its type and the places it passed through: its text may hold what a student wrote.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as one line."""
        record.exc_text = None  # another handler's traceback, text and all
        line = super().format(record).replace("\n", " ")
        return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)

    def formatException(self, error: Any) -> str:  # noqa: N802
        """Returns the type of an error and where it came from, innermost first."""
        places = [f"{_shorten(frame.filename)}:{frame.lineno}" for frame in traceback.extract_tb(error[2])]
        return f"{error[0].__name__} at {' < '.join(reversed(places))}"


def begin(name: str) -> None:
    """Makes this process write the log of mlmtune_core to logs/<name>.log, in at most four files of 1 MB."""
    folder = home() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    file = RotatingFileHandler(folder / f"{name}.log", maxBytes=MAX_BYTES, backupCount=OLDER_FILES, encoding="utf-8")
    file.setFormatter(OneLine("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("mlmtune_core")
    for earlier in [handler for handler in log.handlers if isinstance(handler, RotatingFileHandler)]:
        log.removeHandler(earlier)
        earlier.close()
    log.addHandler(file)
    log.setLevel(logging.INFO)


def _shorten(path: str) -> str:
    """Returns the path of a source file relative to the project, or to its package."""
    return path.removeprefix(f"{ROOT}/").rpartition("site-packages/")[2]
