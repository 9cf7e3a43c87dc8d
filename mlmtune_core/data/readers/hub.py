"""A data set of the Hub by its name -> one Parquet file, its splits in a column, its class numbers as names."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.errors import DataError

NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
MAX_ROWS = 200_000


def fetch(name: str, config: str | None = None) -> tuple[str, bytes]:
    """(file name, Parquet bytes) of a data set, all its splits. Raises DataError where it is not there or there is no line."""
    if not NAME.fullmatch(name) or ".." in name or Path(name).exists():  # `datasets` would read a folder of this server
        raise DataError("“{name}” is no name of the Hub. Write it as owner/name, or as name.", name=name)
    return load(name, config)


def load(path: str, config: str | None = None) -> tuple[str, bytes]:
    """As `fetch`, of a name or of a folder of data files."""
    import datasets

    try:
        parts = datasets.load_dataset(path, config)
    except (ConnectionError, OSError) as error:
        raise DataError(
            "The Hub cannot be reached, or has no data set “{name}” ({why}). Check the name and the line, or upload a file.",
            name=path,
            why=f"{type(error).__name__}: {error}"[:200],
        ) from None
    except ValueError as error:
        raise DataError("“{name}” cannot be loaded: {why}", name=path, why=str(error)[:300]) from None
    frames = [to_frame(part).assign(split=name) for name, part in parts.items() if not name.startswith("unsupervised")]
    rows = pd.concat(frames, ignore_index=True)
    if len(rows) > MAX_ROWS:
        raise DataError(
            "“{name}” has {found} rows; at most {limit} can be taken from the Hub. Download it and keep a part.",
            name=path,
            found=len(rows),
            limit=MAX_ROWS,
        )
    return f"{path.rstrip('/').rsplit('/', 1)[-1]}.parquet", rows.to_parquet(index=False)


def to_frame(part: Any) -> pd.DataFrame:
    """One split, with the names of classes in place of their numbers."""
    import datasets

    frame = part.to_pandas()
    for column, feature in part.features.items():
        inner = getattr(feature, "feature", None)
        if isinstance(feature, datasets.ClassLabel):
            frame[column] = [feature.int2str(int(value)) if value >= 0 else "" for value in frame[column]]
        elif isinstance(inner, datasets.ClassLabel):
            frame[column] = [[inner.int2str(int(value)) for value in values] for values in frame[column]]
    return frame
