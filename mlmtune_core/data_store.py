"""Uploaded files and samples, kept by id, so that a link can bring them back."""

import json
from dataclasses import dataclass
from pathlib import Path

from mlmtune_core.errors import DataError
from mlmtune_core.run_store import home, is_plain, new_id, write_atomically
from mlmtune_core.translating import mark

SAMPLES_FOLDER = Path(__file__).parent / "data" / "samples"


@dataclass(frozen=True)
class Sample:
    """A file written for this project: its id stands in links."""

    id: str
    file: str
    topic: str
    language: str
    task: str


SAMPLES = {
    sample.id: sample
    for sample in (
        Sample("sample-sentiment-en", "sentiment.en.csv", mark("Sentiment"), "en", "sequence_classification"),
        Sample("sample-sentiment-pt", "sentiment.pt.csv", mark("Sentiment"), "pt-BR", "sequence_classification"),
        Sample("sample-entities-en", "entities.en.conll", mark("Named entities"), "en", "token_classification"),
        Sample("sample-entities-pt", "entities.pt.conll", mark("Named entities"), "pt-BR", "token_classification"),
    )
}


def keep_upload(name: str, raw: bytes) -> str:
    """Writes the bytes of an uploaded file; returns the id under which it can be opened."""
    data_id = new_id()
    folder = home() / "data" / data_id
    folder.mkdir(parents=True)
    write_atomically(folder / "upload", raw)
    write_atomically(folder / "about.json", json.dumps({"name": name}).encode())
    return data_id


def open_data(data_id: str) -> tuple[str, bytes]:
    """(file name, bytes) of an upload or a sample. Raises DataError where there is none."""
    if data_id in SAMPLES:
        path = SAMPLES_FOLDER / SAMPLES[data_id].file
        return path.name, path.read_bytes()
    folder = home() / "data" / data_id
    if not is_plain(data_id) or not (folder / "about.json").is_file():
        raise DataError("The data of this link are no longer here. Upload the file again, or take a sample.")
    return json.loads((folder / "about.json").read_text(encoding="utf-8"))["name"], (folder / "upload").read_bytes()


def keep_reading(data_id: str, reading: dict[str, object]) -> None:
    """Remembers how an upload is to be read: task, columns, header. Samples keep their own."""
    if data_id not in SAMPLES:
        write_atomically(home() / "data" / data_id / "reading.json", json.dumps(reading).encode())


def find_reading(data_id: str) -> dict[str, object]:
    """What `keep_reading` wrote last, or nothing."""
    try:
        return json.loads((home() / "data" / data_id / "reading.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
