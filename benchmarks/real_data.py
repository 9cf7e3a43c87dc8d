"""Every public data set x what may learn x seeds: score, baseline, seconds; writes docs/results.md.

    python -m benchmarks.real_data [--seeds 3] [--sets snli,lener] [--strategies full]

The data stand beside the repository (../shared/realdata). Each finished run is one line of the results file, so that
the benchmark can be stopped and goes on where it was.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "realdata"
STRATEGIES = ("full", "head_only", "last_layers:2")
TABLE = ROOT / "docs" / "results.md"


@dataclass(frozen=True)
class Set:
    """One data set: the files, relative to the data folder, the task, and what is said on the command line."""

    id: str
    task: str
    metric: str
    train: tuple[str, ...]
    options: str = "--epochs 3"
    validation: str = ""


SETS = (
    Set("snli_en", "sentence_pair", "accuracy", ("snli_en/snli_1.0_dev.jsonl",), "--epochs 4 --max-length 64", "snli_en/snli_1.0_test.jsonl"),
    Set("vader_tweets_en", "regression", "pearson", ("vader_en/tweets_GroundTruth.txt",), "--epochs 3 --max-length 64 --examples 2000"),
    Set("faquad_pt", "question_answering", "answer_f1", ("faquad_pt/train.json",), "--epochs 3 --max-length 256", "faquad_pt/dev.json"),
    Set("lener_br_pt", "token_classification", "entity_f1", ("lener_br_pt/train.conll",), "--epochs 6 --examples 2000", "lener_br_pt/dev.conll"),
    Set("uci_sentiment_en", "sequence_classification", "accuracy", tuple(f"uci_sentiment_en/{name}_labelled.txt" for name in ("amazon", "imdb", "yelp")), "--epochs 3 --max-length 64"),
    Set("sms_spam_en", "sequence_classification", "macro_f1", ("sms_spam_en/SMSSpamCollection",), "--epochs 2 --max-length 64 --examples 2000"),
    Set("wnut17_en", "token_classification", "entity_f1", ("wnut17_en/wnut17train.conll",), "--epochs 3 --max-length 64", "wnut17_en/emerging.dev.conll"),
    Set("ud_bosque_pt", "token_classification", "token_accuracy", ("ud_bosque_pt/pt_bosque-ud-dev.conllu",), "--epochs 3", "ud_bosque_pt/pt_bosque-ud-test.conllu"),
    Set("xquad_en", "question_answering", "answer_f1", ("xquad_en/xquad.en.json",), "--epochs 2 --max-length 192 --examples 800"),
)  # fmt: skip


def main() -> None:
    """Carries out what is missing and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sets", default=",".join(each.id for each in SETS))
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "real_data.jsonl")
    chosen = parser.parse_args()
    done = read_results(chosen.results)
    known = {(row["set"], row["strategy"], row["seed"]) for row in done}
    for seed in range(chosen.seeds):
        for each in SETS:
            for strategy in chosen.strategies.split(","):
                if each.id in chosen.sets.split(",") and (each.id, strategy, seed) not in known:
                    row = carry_out(each, strategy, seed)
                    print(row, flush=True)
                    with chosen.results.open("a", encoding="utf-8") as out:
                        out.write(json.dumps(row) + "\n")
    _, title, masked = TABLE.read_text(encoding="utf-8").partition("## Masked words")  # which another script writes
    TABLE.write_text(write_table(read_results(chosen.results)) + (f"\n{title}{masked}" if title else ""), encoding="utf-8")


def read_results(path: Path) -> list[dict]:
    """The runs that were carried out."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []


def command(each: Set, strategy: str, seed: int, train: str) -> str:
    """The command of one run, as a person would type it."""
    validation = f" --validation {each.validation}" if each.validation else ""
    return f"python -m mlmtune_core train {train}{validation} --task {each.task} --strategy {strategy} {each.options} --seed {seed}"  # fmt: skip


def carry_out(each: Set, strategy: str, seed: int) -> dict:
    """One run in a process of its own; returns score, trivial score and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        train = Path(folder) / Path(each.train[0]).name
        train.write_bytes(b"".join((DATA / name).read_bytes() for name in each.train))
        words = shlex.split(command(each, strategy, seed, str(train)).replace(each.validation or "\0", str(DATA / each.validation)))  # fmt: skip
        environment = {**os.environ, "MLMTUNE_HOME": folder, "HF_HUB_OFFLINE": "1"}
        out = f"{folder}/run"
        done = subprocess.run([sys.executable, *words[1:], "--json", "--out", out], cwd=ROOT, env=environment, capture_output=True, text=True)  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr)
        result = json.loads(done.stdout)
        code = f"import json; from mlmtune_core.inspecting.review import review; print(json.dumps(review({out!r})['baseline']))"
        baseline = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # fmt: skip
    return {
        "set": each.id,
        "strategy": strategy,
        "seed": seed,
        "metric": each.metric,
        "score": result["best"]["metrics"][each.metric],
        "baseline": json.loads(baseline.stdout)[each.metric],
        "seconds": result["seconds"],
        "train": result["train_examples"],
        "validation": result["validation_examples"],
        "frozen_unchanged": result["frozen_unchanged"],
    }


def write_table(rows: list[dict]) -> str:
    """The results as Markdown."""
    lines = [
        "# Results on public data",
        "",
        "Bundled checkpoint (all-MiniLM-L6-v2, English, 22.7 million weights), default rates, 2 CPU cores, no GPU. Mean and range",
        "over the seeds; the best epoch by the task's metric, measured on the validation examples. Written by `python -m benchmarks.real_data`.",
        "The seconds were taken beside other work and partly before what frozen layers compute was cached: too long rather than too short.",
        "",
        "| data | metric | trivial | what learns | score | range | seeds | seconds | train + validation |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in SETS:
        for strategy in STRATEGIES:
            found = [row for row in rows if row["set"] == each.id and row["strategy"] == strategy]
            if not found:
                continue
            scores = [row["score"] for row in found]
            lines.append(
                f"| {each.id} | {each.metric} | {statistics.mean(row['baseline'] for row in found):.3f} | {strategy} | **{statistics.mean(scores):.3f}** | "
                f"{min(scores):.3f} to {max(scores):.3f} | {len(found)} | {statistics.mean(row['seconds'] for row in found):.0f} | {found[0]['train']} + {found[0]['validation']} |"
            )
    lines += ["", "## Commands", "", "The first of each set; the others differ in `--strategy` and `--seed`.", ""]
    lines += [f"    {command(each, 'full', 0, ' + '.join(each.train))}" for each in SETS]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
