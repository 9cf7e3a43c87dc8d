"""All lessons for real: records those that are named (or all), and writes docs/lessons.md from what is recorded.

python -m benchmarks.lessons             # only the table
python -m benchmarks.lessons record      # every lesson anew, an hour or more on 2 cores
python -m benchmarks.lessons record 6 4b # these
python -m benchmarks.lessons judge 6     # the same runs, judged anew: after a change in how runs are called
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mlmtune_core.language import translator
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.lesson import Lesson
from mlmtune_core.lessons.outcomes import read_outcomes
from mlmtune_core.lessons.records import has_recorded, read_recorded
from mlmtune_core.lessons.running import carry_out_lesson, describe_outcomes, record_report
from mlmtune_core.names import format_effect

TABLE = Path(__file__).parent.parent / "docs" / "lessons.md"
HEAD = """# The lessons, run for real

Every lesson was run with the bundled checkpoint (all-MiniLM-L6-v2) on the machine named in its recording; this table is written by
`python -m benchmarks.lessons` from the recordings in `mlmtune_core/lessons/recorded/`, from which a test judges every verdict again. Rules and smallest
effects stood in the lessons' modules before the runs; where a first recording had tried models that learnt nothing, settings were changed and it was made anew (docs/decisions.md says which). Verdicts
are what came out. What is beside it are other people's numbers, on their own models. Seconds are those of all runs of a lesson with all its seeds, on one core of two: two lessons were recorded side by
side, and at times other work went on. Beside them three seeds' share, which is what a live run of the whole would take there. Every lesson has its recording with it, to be replayed in seconds.

| lesson | question | statement | claim | seeds | effect [95 % interval] | verdict | seconds recorded | with 3 seeds | anchor |
|---|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """What the command line asks for."""
    if sys.argv[1:2] == ["record"]:
        for name in sys.argv[2:] or LESSONS:
            record_one(LESSONS[name])
    if sys.argv[1:2] == ["judge"]:
        for name in sys.argv[2:] or filter(has_recorded, LESSONS):
            judge_again(name)
    TABLE.write_text(HEAD + "".join(map(rows_of, LESSONS.values())), encoding="utf-8")


def record_one(lesson: Lesson) -> None:
    """One lesson with all its seeds, in a home of its own."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = folder
        report = carry_out_lesson(lesson, range(lesson.seeds), lambda done, total: print(f"\r{lesson.id}: {done}/{total}", end="", flush=True))
    report["about"]["seconds"] = round(time.perf_counter() - began, 1)
    print("\r", end="")
    print_verdicts(record_report(report))


def judge_again(name: str) -> None:
    """What was recorded, read and judged as the modules now have it."""
    report = read_recorded(name)
    print_verdicts(record_report(report | {"outcomes": describe_outcomes(read_outcomes(report))}))


def print_verdicts(report: dict[str, Any]) -> None:
    """A line for a lesson."""
    told = (f"{each['claim']}: {each['kind']} {each['effect']:+.3f} [{each['low']:+.3f}, {each['high']:+.3f}]" for each in report["verdicts"])
    print(f"{report['lesson']}: {report['about']['seconds']} s", *told, sep="  ")


def rows_of(lesson: Lesson) -> str:
    """A row for each claim."""
    tr = translator("en")
    if not has_recorded(lesson.id):
        return f"| {lesson.id} | {tr(lesson.question)} | {', '.join(lesson.statements)} | | | | not yet recorded | | | |\n"
    report, lines = read_recorded(lesson.id), []
    seconds = report["about"]["seconds"]
    seeds = len({outcome["seed"] for outcome in report["outcomes"]})
    anchor = f"{tr(lesson.published_results[0].text)} ({lesson.published_results[0].model}; {lesson.published_results[0].source})" if lesson.published_results else "–"
    for number, (claim, verdict) in enumerate(zip(lesson.claims, report["verdicts"], strict=True)):
        told = format_effect(tr, "en", claim.unit, verdict)
        first = number == 0
        lines.append(
            f"| {lesson.id if first else ''} | {tr(lesson.question) if first else ''} | {', '.join(claim.statements)} | {tr(claim.sentence)} | {verdict['seeds']} | {told} "
            f"| **{verdict['kind'].replace('_', ' ')}** | {f'{seconds:.0f}' if first else ''} | {f'{seconds * 3 / seeds:.0f}' if first else ''} | {anchor if first else ''} |\n"
        )
    return "".join(lines)


if __name__ == "__main__":
    main()
