"""A CSV of a million rows (100 MB): seconds and memory to read, check and sample it.

python -m benchmarks.large_file [--rows 1000000] [--json]
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

WORDS = [
    "the",
    "a",
    "this",
    "that",
    "film",
    "book",
    "bus",
    "driver",
    "doctor",
    "soup",
    "window",
    "street",
    "morning",
    "evening",
    "never",
    "often",
    "quite",
    "rather",
    "good",
    "bad",
    "slow",
    "fast",
    "warm",
    "cold",
    "came",
    "left",
    "said",
    "asked",
    "found",
    "broke",
    "opened",
    "closed",
    "with",
    "without",
    "before",
    "after",
    "because",
    "although",
    "and",
    "but",
    "or",
]


def write_csv(path: Path, rows: int, seed: int = 0) -> None:
    """`rows` lines of random words, about 100 bytes each, some quoted, with one of five labels; a tenth are repeated."""
    rng = random.Random(seed)
    phrases = [" ".join(rng.choices(WORDS, k=7)) for _ in range(2000)]
    with path.open("w", encoding="utf-8") as out:
        out.write("id,text,label\n")
        for i in range(rows):
            text = f"{rng.choice(phrases)} {i if i % 10 else 7} {rng.choice(phrases)}"
            text = f'"{text}, {rng.choice(WORDS)}"' if i % 3 == 0 else text
            out.write(f"{i},{text},label {i % 5}\n")


def measure(rows: int) -> dict[str, float]:
    """Prepares the file in a process of its own, as the data worker does."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "large.csv"
        write_csv(path, rows)
        code = (
            "import json, resource, sys, time; from pathlib import Path;"
            "from mlmtune_core.data import preparation; from mlmtune_core.data.uploads import save_upload;"
            f"data_id = save_upload('large.csv', Path({str(path)!r}).read_bytes());"
            "began = time.monotonic(); counted = preparation.count_rows(data_id); read = time.monotonic();"
            "data = preparation.prepare(data_id); done = time.monotonic();"
            "print(json.dumps({'rows': data.rows_read, 'sound': data.example_count, 'taken': len(data.report.examples),"
            "'read_s': read - began, 'check_s': done - read, 'peak_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "MLMTUNE_HOME": home},
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(done.stdout) | {"file_mb": path.stat().st_size / 2**20}


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = measure(chosen.rows)
    print(json.dumps(found) if chosen.json else "\n".join(f"{name:10} {value:,.1f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
