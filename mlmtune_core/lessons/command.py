"""The commands `lessons`, `lesson` and `sweep`: list lessons, run one with its verdicts, sweep settings."""

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mlmtune_core.data.preparation import guess_file_task, read_examples
from mlmtune_core.errors import ConfigError, DataError
from mlmtune_core.lessons import LESSONS, find_lesson
from mlmtune_core.people import PROGRAM
from mlmtune_core.runs.sweeps import Member, Sweep, create_sweep, make_grid

PROGRESS_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
SWEEP_KEYS = ("file", "settings", "choices", "columns")


def add_lessons(commands: Any) -> list[argparse.ArgumentParser]:
    """Adds the three commands with their options to the command line; returns their parsers."""
    every = commands.add_parser("lessons", help="list the lessons")
    every.set_defaults(command=run_lessons, show=show_lessons)
    one = commands.add_parser("lesson", help="run a lesson for real and judge its claims")
    one.add_argument("id", help="its number: 6, 4b, ...")
    one.add_argument("--seeds", type=int, help="how many seeds; without it as many as its recording has")
    one.add_argument("--record", action="store_true", help="keep what comes out as the lesson's recording")
    one.set_defaults(command=run_lesson, show=show_lesson)
    sweep = commands.add_parser("sweep", help="train every combination of settings that a YAML file names")
    sweep.add_argument("file", type=Path, help="with `file`, `settings`, `choices` (setting: list of values) and perhaps `columns`")
    sweep.set_defaults(command=run_sweep, show=show_sweep)
    return [every, one, sweep]


def run_lessons(_: argparse.Namespace) -> list[dict[str, Any]]:
    """Runs the command `lessons`: lists each lesson with its statements."""
    return [{"id": each.id, "title": each.title, "question": each.question, "statements": list(each.statements)} for each in LESSONS.values()]


def show_lessons(result: list[dict[str, Any]], tr: Any) -> str:
    """Returns the text of the command `lessons`: a line per lesson."""
    return "\n".join(f"{each['id']:4} {tr(each['title'])}: {tr(each['question'])} ({', '.join(each['statements'])})" for each in result)


def run_lesson(chosen: argparse.Namespace) -> dict[str, Any]:
    """Runs the command `lesson`: trains its runs in this process, judges them, and keeps nothing but, with --record, the recording."""
    lesson = find_lesson(chosen.id)
    if chosen.seeds is not None and not 1 <= chosen.seeds <= 100:
        raise ConfigError("Seeds: found {count}, but it must be a number from 1 to 100.", count=chosen.seeds)
    from mlmtune_core.lessons.running import carry_out_lesson, record_report

    start = time.perf_counter()
    with Progress(*PROGRESS_COLUMNS, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"lesson {lesson.id}", total=None)
        report = carry_out_lesson(lesson, range(chosen.seeds or lesson.seeds), lambda done, total: bar.update(task, completed=done, total=total))
    report["about"]["seconds"] = round(time.perf_counter() - start, 1)
    if chosen.record:
        report = record_report(report)
    scores = {arm: [each["score"] for each in report["outcomes"] if each["arm"] == arm] for arm in dict.fromkeys(each["arm"] for each in report["outcomes"])}
    return {"lesson": lesson.id, "about": report["about"], "scores": scores, "verdicts": report["verdicts"]}


def show_lesson(result: dict[str, Any], tr: Any) -> str:
    """Returns the text of the command `lesson`: the scores of every arm, then the claims with their verdicts."""
    lesson = LESSONS[result["lesson"]]
    lines = [f"{lesson.id}  {tr(lesson.question)}"]
    lines += [f"{arm:24} {'  '.join(f'{score:.3f}' for score in scores)}" for arm, scores in result["scores"].items()]
    for claim, verdict in zip(lesson.claims, result["verdicts"], strict=True):
        interval = f"{verdict['effect']:+.3f} [{verdict['low']:+.3f}, {verdict['high']:+.3f}]"
        lines.append(f"{tr(claim.sentence)}\n  {verdict['kind']}: {interval}, minimum {verdict['minimum']}, {verdict['seeds']} seeds")
    return "\n".join([*lines, f"{result['about']['seconds']} s"])


def run_sweep(chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Runs the command `sweep`: trains all combinations and keeps the runs; returns each with its swept settings and its score."""
    plan = _read_yaml(chosen.file)
    settings = dict(plan.get("settings") or {})
    path = chosen.file.parent / plan["file"]
    settings.setdefault("task", guess_file_task(path))
    configs = make_grid(settings, plan["choices"])
    first = configs[0]
    examples = read_examples(path, first.task, plan.get("columns"), validation_share=first.validation_share, seed=first.seed)
    about = replace(examples, name=str(plan["file"])).describe()
    sweep = create_sweep([Member(config, examples.frame) for config in configs], about, plan["choices"], PROGRAM)
    from mlmtune_core.lessons.running import carry_out_sweep

    with Progress(*PROGRESS_COLUMNS, console=Console(stderr=True)) as bar:
        task = bar.add_task("sweep", total=len(configs))
        for _, event in carry_out_sweep(sweep):
            bar.advance(task, type(event).__name__ in ("Finished", "Failed"))
    return [_describe(sweep, run, plan["choices"]) for run in sweep.runs()]


def show_sweep(result: list[dict[str, Any]], tr: Any) -> str:
    """Returns the text of the command `sweep`: a line per run."""
    return "\n".join(
        "  ".join([*(f"{name}={value}" for name, value in row["settings"].items()), f"{row['metric']} {row['score']}", row["state"], row["run"]]) for row in result
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    """Reads the file of a sweep. Raises DataError if it is unreadable or lacks a part."""
    import yaml

    try:
        plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError("“{file}” cannot be read: {error}.", file=path, error=error.strerror or error) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError("“{file}” is no YAML: {error}.", file=path, error=" ".join(str(error).split())) from None
    choices = plan.get("choices") if isinstance(plan, Mapping) else None
    unknown = sorted(set(plan) - set(SWEEP_KEYS)) if isinstance(plan, Mapping) else []
    if not choices or unknown or "file" not in plan or not all(isinstance(values, list) for values in choices.values()):
        raise DataError(
            "“{file}” must hold `file`, `choices` (a list of values for each setting) and perhaps `settings` and `columns`. Not known: {unknown}.",
            file=path,
            unknown=", ".join(map(str, unknown)) or "–",
        )
    return dict(plan)


def _describe(sweep: Sweep, run: Any, choices: Mapping[str, Any]) -> dict[str, Any]:
    config, best = run.config(), (run.summary() or {}).get("best") or {}
    metric = next(iter(best.get("metrics") or {"–": None}))
    return {
        "sweep": sweep.id,
        "run": run.id,
        "state": run.state(),
        "settings": {name: getattr(config, name) for name in choices},
        "metric": metric,
        "score": (best.get("metrics") or {}).get(metric),
    }
