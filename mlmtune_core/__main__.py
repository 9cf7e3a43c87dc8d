"""The command line: starts the app, or trains, predicts, checks, exports, runs lessons and sweeps without a browser."""

import argparse
import json
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mlmtune_core import __version__
from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data import columns, preparation
from mlmtune_core.errors import UserError
from mlmtune_core.events import Event, Failed, Finished, Started, StepDone, Tested
from mlmtune_core.exporting.command import add_export
from mlmtune_core.language import escape_controls, escape_controls_in_json, nearest_language, translator
from mlmtune_core.lessons.command import add_lessons
from mlmtune_core.runs.kept_weights import BEST
from mlmtune_core.runs.run import Run
from mlmtune_core.runs.shelf import create_run, open_run


def show_train(result: dict[str, Any], tr: Any) -> str:
    """The result of train as a few lines."""
    lines = [
        f"{epoch['epoch']:3d}  train loss {epoch['train_loss']:.4f}  validation loss {epoch['validation_loss']:.4f}  "
        + "  ".join(f"{name} {value:.4f}" for name, value in epoch["metrics"].items())
        for epoch in result["epochs"]
    ]
    return "\n".join(
        [
            *lines,
            f"{result['trainable']:,} of {result['total']:,} weights learnt in {result['seconds']} s. Run: {result['run']}",
        ]
    )


def show_predict(result: Any, tr: Any) -> str:
    """The answer as a line per label, or per word."""
    if isinstance(result, list):
        return "\n".join(
            f"{word['word']:20} {word['label']:12} {word['probabilities'][word['label']]:.3f}" for word in result
        )
    if "value" in result:
        return f"{result['value']:.3f}"
    if "hidden" in result:
        return "\n".join(f"{each['true']:20} guessed: {each['said']:20} {each['probability']:.3f}" for each in result["hidden"])
    if "spans" in result:
        return "\n".join(f"{span['probability']:.3f}  {span['text'] or '(no answer)'}" for span in result["spans"])
    return "\n".join(
        f"{name:20} logit {result['logits'][name]:+.3f}  probability {value:.4f}"
        for name, value in sorted(result["probabilities"].items(), key=lambda pair: -pair[1])
    )


def show_check(result: dict[str, Any], tr: Any) -> str:
    """The report as a few lines."""
    lines = [
        f"{result['rows_kept']} of {result['rows_read']} rows can be used. Columns: {result['columns']}. Labels: {result['labels']}."
    ]
    return "\n".join(lines + [f"{problem['severity']}: {problem['message']}" for problem in result["problems"]])


SETTINGS = (
    "task", "strategy", "epochs", "seed", "learning_rate", "head_learning_rate", "batch_size", "batch_tokens",
    "max_length", "validation_share", "dropout", "layer_decay", "weight_decay", "decay_towards", "max_grad_norm",
    "bias_correction", "patience", "checkpoint", "first_layers", "initial_weights", "head", "pooling", "truncation",
    "train_examples", "label_noise", "measure_training",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status: 0, or 2 after one sentence about what the user can repair."""
    chosen = make_parser().parse_args(arguments)
    tr = translator(
        nearest_language(os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG"))
    )
    try:
        result = chosen.command(chosen)
    except UserError as error:
        print(escape_controls(error.translate(tr)), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if chosen.json:
        print(escape_controls_in_json(json.dumps(result, ensure_ascii=False, indent=1)))
    else:
        print(escape_controls(chosen.show(result, tr)))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = argparse.ArgumentParser(
        prog="mlmtune" if Path(sys.argv[0]).stem == "mlmtune" else "python -m mlmtune_core",
        description="Fine-tune a masked language model and ask it. Without a command: start the app.",
    )
    parser.add_argument("--version", action="version", version=f"mlmtune {__version__}")
    parser.add_argument("--address", help="start the app at this address; without it at every address of this machine")
    parser.add_argument("--port", type=int, help="start the app at this port; without it at 8501")
    parser.set_defaults(command=run_app, json=True)
    commands = parser.add_subparsers(title="commands", metavar="")
    train, check = add_train(commands), add_check(commands)
    for command in (train, check):
        for role, title in columns.ROLE_TITLES.items():
            command.add_argument(f"--{role.replace('_', '-')}-column", help=f"which column holds the {title}")
    others = (add_predict(commands), add_export(commands), *add_lessons(commands))
    for command in (train, check, *others):
        command.add_argument("--json", action="store_true", help="print one JSON document")
    worker = commands.add_parser("worker", help="carry out the runs of a server on another machine")
    worker.add_argument("scheduler", help="the address of the Dask scheduler: tcp://host:8786")
    worker.add_argument("--slots", type=int, default=1, help="how many runs at a time; they share the cores")
    worker.set_defaults(command=run_worker, json=True)
    return parser


def add_train(commands: Any) -> argparse.ArgumentParser:
    """The command `train` and an option for every setting."""
    train = commands.add_parser("train", help="fine-tune on a file")
    train.add_argument("file", type=Path)
    train.set_defaults(command=run_train, show=show_train)
    for name in SETTINGS:
        field = RunConfig.model_fields[name]
        kind = float if field.default is None else type(field.default)  # a rate follows the strategy and has no default
        how = {"action": argparse.BooleanOptionalAction} if kind is bool else {"type": kind}
        train.add_argument(f"--{name.replace('_', '-')}", help=(field.description or field.title or "").replace("%", "%%"), **how)
    train.add_argument("--validation", type=Path, help="a second file to measure with, instead of a part of FILE")
    train.add_argument("--test", type=Path, help="a file on which the best model is measured once, at the end")
    train.add_argument("--examples", type=int, help="take at most so many examples of FILE, each label with its share")
    train.add_argument("--out", type=Path, help="a new folder for the run")
    return train


def add_predict(commands: Any) -> argparse.ArgumentParser:
    """The command `predict` and an option for every text that a task reads."""
    predict = commands.add_parser("predict", help="ask a run")
    predict.add_argument("run", help="the run's name or folder")
    for role in columns.INPUT_ROLES:
        if role != "words":
            predict.add_argument(f"--{role.replace('_', '-')}", help=f"the {role.replace('_', ' ')} to read")
    predict.set_defaults(command=run_predict, show=show_predict)
    return predict


def add_check(commands: Any) -> argparse.ArgumentParser:
    """The command `check` and its options."""
    check = commands.add_parser("check", help="read a file and report, without training")
    check.add_argument("file", type=Path)
    check.add_argument("--task")
    check.set_defaults(command=run_check, show=show_check)
    return check


def run_check(chosen: argparse.Namespace) -> dict[str, Any]:
    """check: reads and reports; problems are part of the answer, not a failure."""
    task = validate({"task": chosen.task}).task if chosen.task else preparation.guess_file_task(chosen.file)
    report = preparation.check_file(chosen.file, task, chosen_columns(chosen, task))
    tr = translator("en")
    return {
        "rows_read": report.rows_read,
        "rows_kept": report.rows_kept,
        "columns": report.columns,
        "labels": report.labels,
        "problems": [
            {
                "kind": problem.kind,
                "severity": problem.severity,
                "count": problem.count,
                "rows": list(problem.rows),
                "message": problem.translate(tr),
            }
            for problem in report.problems
        ],
    }


def run_train(chosen: argparse.Namespace) -> dict[str, Any]:
    """train: checks everything first, then trains; a folder is left behind only by a run that could begin."""
    settings = {name: getattr(chosen, name) for name in SETTINGS if getattr(chosen, name) is not None}
    if "task" not in settings:
        settings["task"] = preparation.guess_file_task(chosen.file)
    config = validate(settings)
    examples = preparation.read_examples(
        chosen.file,
        config.task,
        chosen_columns(chosen, config.task),
        validation=chosen.validation,
        test=chosen.test,
        limit=chosen.examples,
        validation_share=config.validation_share,
        seed=config.seed,
    )
    this = create_run(config, examples.frame, examples.describe(), chosen.out)
    return _train_with_progress(this, named=str(chosen.out) if chosen.out else this.id)


def chosen_columns(chosen: argparse.Namespace, task: str) -> dict[str, str | None]:
    """role -> the column that an option names, or None."""
    return {role: getattr(chosen, f"{role}_column") for role in columns.ROLES[task]}


def run_predict(chosen: argparse.Namespace) -> Any:
    """predict: what the best model answers; for words a list with one answer per word."""
    from mlmtune_core.inspecting.predicting import predict

    task = open_run(chosen.run).config().task
    if task == "token_classification":
        fields = [chosen.text]
    else:
        fields = [getattr(chosen, role) for role in columns.ROLES[task] if getattr(chosen, role, None) is not None]
    result = predict(chosen.run, BEST, *[field or "" for field in fields])
    if "words" in result:
        return [{name: word[name] for name in ("word", "label", "logits", "probabilities")} for word in result["words"]]
    wanted = {"labels": ("label", "logits", "probabilities"), "number": ("value",), "span": ("answer", "spans"), "hidden": ("hidden",)}
    return {name: result[name] for name in wanted[result["view"]]}


def run_app(chosen: argparse.Namespace) -> None:
    """Without a command: starts the app in this process, as `streamlit run app.py` does."""
    here = Path(__file__).parent.parent
    script = next(file for file in (here / "mlmtune_app" / "app.py", here / "app.py") if file.is_file())  # installed, or a checkout
    options = {"--server.address": chosen.address, "--server.port": chosen.port}
    sys.argv = ["streamlit", "run", str(script), *(f"{name}={value}" for name, value in options.items() if value is not None)]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def run_worker(chosen: argparse.Namespace) -> None:
    """worker: carries out runs until it is interrupted."""
    from mlmtune_core.workers.cluster_worker import join

    join(chosen.scheduler, max(1, chosen.slots))


def _train_with_progress(this: Run, named: str) -> dict[str, Any]:
    """Trains in this process with a bar on stderr. A failed run leaves no folder."""
    from mlmtune_core.workers import worker

    seen: list[Event] = []
    look = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*look, console=Console(stderr=True)) as bar:
            line = bar.add_task("preparing", total=None)
            for event in worker.carry_out(this):
                if isinstance(event, Failed):
                    raise UserError(event.template, **event.values)
                if isinstance(event, Started):
                    bar.update(line, total=event.total_steps, description="training")
                if isinstance(event, StepDone):
                    bar.update(line, completed=event.step, description=f"epoch {event.epoch:.1f}  loss {event.loss:.3f}")
                else:
                    seen.append(event)
    except BaseException:
        this.delete()
        raise
    return _train_result(this, named, seen)


def _train_result(this: Run, named: str, seen: Sequence[Event]) -> dict[str, Any]:
    from mlmtune_core.api import list_history

    start = next(event for event in seen if isinstance(event, Started))
    end = next(event for event in seen if isinstance(event, Finished))
    tests = [event.metrics for event in seen if isinstance(event, Tested)]
    summary = this.summary() or {}
    return {
        "run": named,
        "task": start.task,
        "strategy": start.strategy,
        "trainable": start.trainable,
        "total": start.total,
        "train_examples": start.train_examples,
        "validation_examples": start.validation_examples,
        "epochs": list_history(seen),
        "best": end.best,
        "seconds": round(summary["seconds"], 2),
        "frozen_unchanged": summary["frozen_unchanged"],
        "stopped_because": end.reason,
    } | ({"test": tests[0]} if tests else {})


if __name__ == "__main__":
    sys.exit(main())
