"""How the time of a run grows with examples, their length, the layers that learn, and workers: points, a fitted law, a plot.

    python -m benchmarks.scaling [--only rows,length,layers,workers] [--plot docs/scaling.svg] [--json]

One process, two threads; every point is the median of three runs. Laws are least squares with no negative term: seconds = fixed + each * x
(+ square * x² for length). `workers`: two runs one after the other with both threads each, beside two at once with one thread each;
`ratio` is the first over the second.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import torch
from scipy.optimize import nnls

from benchmarks.estimates import join
from benchmarks.trainer_side import read_frame
from mlmtune_core.config import validate
from mlmtune_core.runs.shelf import create_run
from mlmtune_core.workers import worker

REPEATS = 3
SERIES: dict[str, dict[str, Any]] = {
    "rows": {"unit": "examples", "points": (250, 500, 1000, 2000), "power": 1},
    "length": {"unit": "tokens per text", "points": (16, 32, 64, 128), "power": 2},
    "layers": {"unit": "layers that learn", "points": (1, 2, 3, 4, 5, 6), "power": 1},
}


def main() -> None:
    """Measures the chosen series and prints points and laws."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="rows,length,layers,workers")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = folder
        train(*settings_of("rows", 100))  # imports and first times
        for name in chosen.only.split(","):
            rows.append(compare_workers() if name == "workers" else measure(name))
            if not chosen.json:
                print("   ".join(f"{key} {value}" for key, value in rows[-1].items()), flush=True)
    if chosen.plot:
        draw([row for row in rows if "points" in row], chosen.plot)
    if chosen.json:
        print(json.dumps({"benchmark": "scaling", "rows": rows}))


def measure(name: str) -> dict[str, Any]:
    """The points of a series and the law through them, with its largest relative error."""
    xs, power = np.array(SERIES[name]["points"], dtype=float), SERIES[name]["power"]
    seconds = np.array([statistics.median(train(*settings_of(name, int(x))) for _ in range(REPEATS)) for x in xs])
    terms = np.stack([xs**p for p in range(power + 1)], axis=1)
    law = nnls(terms / seconds[:, None], np.ones(len(xs)))[0]
    error = float(np.abs(terms @ law / seconds - 1).max())
    points = [[int(x), round(float(s), 2)] for x, s in zip(xs, seconds, strict=True)]
    return {"name": name, "points": points, "law": [float(f"{term:.3g}") for term in law], "error": round(error, 3)}


def settings_of(name: str, x: int) -> tuple[dict[str, Any], int, int]:
    """(settings, examples, texts joined into one) of one point."""
    full = {"strategy": "full", "epochs": 1, "patience": 0}
    if name == "rows":
        return full, x, 1
    if name == "length":
        return full | {"max_length": x}, 160, 16
    return {"strategy": f"last_layers:{x}", "epochs": 3, "patience": 0}, 400, 1


def train(settings: dict[str, Any], examples: int, several: int, threads: int = 2) -> float:
    """Seconds of one run, its cache not yet filled."""
    torch.set_num_threads(threads)
    frame = join(read_frame(validate({})), several, examples)
    run = create_run(validate(settings), frame, {"name": "benchmark", "fingerprint": "", "columns": {}})
    began = time.perf_counter()
    for _ in worker.carry_out(run):
        pass
    seconds = time.perf_counter() - began
    run.delete()
    return seconds


def compare_workers() -> dict[str, Any]:
    """Two full runs of 500 examples: in turn with both cores, and side by side with one each."""
    task = settings_of("rows", 500)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(train, [(*settings_of("rows", 100), 1)] * 2)  # imports
        in_turn, at_once = [], []
        for _ in range(REPEATS):
            in_turn.append(sum(pool.apply(train, (*task, 2)) for _ in range(2)))
            began = time.perf_counter()
            pool.starmap(train, [(*task, 1)] * 2, chunksize=1)
            at_once.append(time.perf_counter() - began)
    one, two = statistics.median(in_turn), statistics.median(at_once)
    return {"name": "workers", "in_turn_s": round(one, 2), "at_once_s": round(two, 2), "ratio": round(one / two, 2)}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Points and laws, one panel a series, as an SVG drawn by plotly in Chromium."""
    import plotly
    from plotly.subplots import make_subplots

    from tests.browser.serving import chromium

    figure = make_subplots(cols=len(rows))
    for column, row in enumerate(rows, start=1):
        xs, ys = zip(*row["points"], strict=True)
        line = np.linspace(0, max(xs), 60)
        figure.add_scatter(x=line.tolist(), y=sum(term * line**p for p, term in enumerate(row["law"])).tolist(), mode="lines", line_color="#0072B2", row=1, col=column)  # fmt: skip
        figure.add_scatter(x=xs, y=ys, mode="markers", marker={"color": "#E69F00", "size": 9}, row=1, col=column)
        figure.update_xaxes(title_text=SERIES[row["name"]]["unit"], row=1, col=column)
    figure.update_yaxes(title_text="seconds", col=1)
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(showlegend=False, template="plotly_white", margin={"t": 20, "r": 20})
    script = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    with chromium() as browser:
        page = browser.new_page()
        page.add_script_tag(path=script)
        image = page.evaluate(
            "spec => Plotly.toImage(spec, {format: 'svg', width: 1100, height: 340})", json.loads(figure.to_json())
        )

    path.write_text(unquote(image.partition(",")[2]), encoding="utf-8")


if __name__ == "__main__":
    main()
