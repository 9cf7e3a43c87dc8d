"""Downloads a data set from the Hub as one Parquet file, with a split column and class names as labels."""

import re
from pathlib import Path
from typing import Any

import pandas as pd

from mlmtune_core.errors import DataError

NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
MAX_ROWS = 200_000


def fetch(name: str, config: str | None = None) -> tuple[str, bytes]:
    """Downloads all splits of a data set. Returns (file name, Parquet bytes). Raises DataError if it is not found or the Hub is offline."""
    if not NAME.fullmatch(name) or ".." in name or Path(name).exists():  # `datasets` would read a folder of this server
        raise DataError("“{name}” is no name of the Hub. Write it as owner/name, or as name.", name=name)
    return load(name, config)


def load(path: str, config: str | None = None) -> tuple[str, bytes]:
    """Works like fetch, also for a folder of data files."""
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
    """Converts one split to a DataFrame with class names instead of class numbers."""
    import datasets

    frame = part.to_pandas()
    for column, feature in part.features.items():
        inner = getattr(feature, "feature", None)
        if isinstance(feature, datasets.ClassLabel):
            frame[column] = [feature.int2str(int(value)) if value >= 0 else "" for value in frame[column]]
        elif isinstance(inner, datasets.ClassLabel):
            frame[column] = [[inner.int2str(int(value)) for value in values] for values in frame[column]]
    return frame
