"""One training by transformers.Trainer or by mlmtune, in a process of its own: prints seconds, memory and score as JSON.

python -m benchmarks.trainer_side SIDE CASE SEED, where SIDE is trainer, grouped, mlmtune or sweep (see vs_trainer), or still:
Trainer without dropout in frozen layers, as mlmtune has it, which tells what a difference in scores comes from.
"""

import json
import os
import resource
import sys
import tempfile
import time
import warnings
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import pandas as pd
import torch

from benchmarks.real_data import DATA, SETS
from mlmtune_core.config import RunConfig, validate
from mlmtune_core.data.preparation import prepare
from mlmtune_core.data.splitting import split_examples
from mlmtune_core.data.uploads import save_upload
from mlmtune_core.models import checkpoints
from mlmtune_core.strategies import parse_strategy
from mlmtune_core.tasks import metrics

PUBLIC = {each.id: each for each in SETS}
UCI = [DATA / name for name in PUBLIC["uci_sentiment_en"].train]
WNUT = [DATA / name for name in (*PUBLIC["wnut17_en"].train, PUBLIC["wnut17_en"].validation)]
COMMON = {"batch_size": 16, "weight_decay": 0.0, "warmup_ratio": 0.0, "patience": 0, "max_length": 128}
CASES = {
    "head_only_5": {"strategy": "head_only", "epochs": 5, "head": "pooler", "learning_rate": 1e-3},
    "head_only_20": {"strategy": "head_only", "epochs": 20, "head": "pooler", "learning_rate": 1e-3},
    "last_layers_2_5": {"strategy": "last_layers:2", "epochs": 5, "head": "pooler", "learning_rate": 1e-4},
    "full_3": {"strategy": "full", "epochs": 3, "head": "pooler", "learning_rate": 1e-4},
    "full_3_grouped": {"strategy": "full", "epochs": 3, "head": "pooler", "learning_rate": 1e-4},
    "tokens_head_only_5": {"task": "token_classification", "strategy": "head_only", "epochs": 5, "learning_rate": 5e-3},
    "sweep_16x3": {"strategy": "head_only", "epochs": 5, "learning_rate": 1e-3},
}
SWEEP = {"head_learning_rate": [1e-4 * 1.5**i for i in range(16)], "seed": [0, 1, 2]}


def main() -> None:
    """Trains once and prints one JSON object."""
    warnings.simplefilter("ignore")
    side, case, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    settings = CASES[case] | COMMON
    config = validate(settings | {"head_learning_rate": settings["learning_rate"], "seed": seed})
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLMTUNE_HOME"] = folder
        frame = read_frame(config)
        train = {"mlmtune": train_with_mlmtune, "sweep": sweep_with_mlmtune}.get(side, train_with_trainer)
        import transformers  # noqa: F401  (imports are no part of the time)

        checkpoints.load_encoder(config.checkpoint)  # nor is a cold disk
        began, busy = time.perf_counter(), time.process_time()
        score = train(config, frame, side, folder)
        seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"seconds": seconds, "cpu_s": cpu, "peak_mb": peak, "score": score, "examples": len(frame)}
    print(json.dumps(told), flush=True)


def read_frame(config: RunConfig) -> pd.DataFrame:
    """The checked examples with their split: the same for both sides. The bundled sample where the public data are absent."""
    tokens = config.task == "token_classification"
    if not DATA.is_dir():
        name = "sample-entities-en" if tokens else "sample-sentiment-en"
        return split_examples(prepare(name).report.examples, config.validation_share, 0)
    if tokens:
        sides = [_examples(path.name, path.read_bytes()) for path in WNUT]
        return pd.concat([side.assign(split=split) for side, split in zip(sides, ("train", "validation"), strict=True)])
    raw = b"".join(path.read_bytes().rstrip(b"\n") + b"\n" for path in UCI)
    return split_examples(_examples("uci.tsv", raw), config.validation_share, 0)


def _examples(name: str, raw: bytes) -> pd.DataFrame:
    return prepare(save_upload(name, raw)).report.examples


def train_with_mlmtune(config: RunConfig, frame: pd.DataFrame, side: str, folder: str) -> float:
    """As the app does it, the best weights written and all events kept."""
    from mlmtune_core.events import EvalDone
    from mlmtune_core.runs.shelf import create_run
    from mlmtune_core.workers import worker

    run = create_run(config, frame, {"name": "benchmark", "fingerprint": "", "columns": {}})
    return [event.metrics for event in worker.carry_out(run) if isinstance(event, EvalDone)][-1][_metric(config)]


def sweep_with_mlmtune(config: RunConfig, frame: pd.DataFrame, side: str, folder: str) -> float:
    """SWEEP over one case, each seed's heads as one training; returns the best score of all."""
    from mlmtune_core.runs.shelf import create_run
    from mlmtune_core.runs.sweeps import group, make_grid
    from mlmtune_core.workers import worker

    configs = make_grid(config.model_dump(), SWEEP)
    best = []
    for members in group(configs):
        runs = [create_run(configs[i], frame, {"name": "benchmark", "fingerprint": "", "columns": {}}) for i in members]
        for _ in worker.carry_out_together(runs):
            pass
        best += [run.summary()["best"]["metrics"][_metric(config)] for run in runs]
    assert len(best) == len(configs)
    return max(best)


def train_with_trainer(config: RunConfig, frame: pd.DataFrame, side: str, folder: str) -> float:
    """As its documentation shows: dynamic padding, an evaluation each epoch, its defaults elsewhere; nothing is saved."""
    from datasets import Dataset
    from transformers import Trainer, TrainingArguments, logging

    logging.set_verbosity_error()
    torch.manual_seed(config.seed)
    tokenizer = checkpoints.load_tokenizer(config.checkpoint)
    sides = [frame[frame["split"] == split] for split in ("train", "validation")]
    model, encode, collator, score = _parts(config, tokenizer, sides)
    freeze(model, config.strategy, still=side == "still")
    arguments = TrainingArguments(
        output_dir=folder,
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=config.batch_size * 2,
        learning_rate=config.body_rate,
        eval_strategy="epoch",
        save_strategy="no",
        train_sampling_strategy="group_by_length" if side == "grouped" else "random",
        seed=config.seed,
        use_cpu=True,
        disable_tqdm=True,
        report_to="none",
    )
    sets = [Dataset.from_list(encode(each)) for each in sides]
    trainer = Trainer(model, arguments, collator, *sets, compute_metrics=score)
    trainer.train()
    told = [row for row in trainer.state.log_history if "eval_score" in row]
    assert len(told) == config.epochs
    return told[-1]["eval_score"]


def _parts(config: RunConfig, tokenizer: Any, sides: list[pd.DataFrame]) -> tuple[Any, Any, Any, Any]:
    """(model, frame -> encoded rows, collator, predictions -> score) of the task."""
    from transformers import (
        AutoModelForSequenceClassification,
        AutoModelForTokenClassification,
        DataCollatorForTokenClassification,
        DataCollatorWithPadding,
    )

    folder = checkpoints.find_folder(config.checkpoint)
    if config.task == "token_classification":
        names = sorted({tag for tags in sides[0]["tags"] for tag in tags})

        def score(told: Any) -> dict[str, float]:
            pairs = [(p[r >= 0], r[r >= 0]) for p, r in zip(told.predictions.argmax(-1), told.label_ids, strict=True)]
            predicted, true = ([[names[i] for i in pair[side]] for pair in pairs] for side in (0, 1))
            return {"score": metrics.entities(true, predicted)["entity_f1"]}

        model = AutoModelForTokenClassification.from_pretrained(folder, num_labels=len(names))
        return model, lambda side: _encode_words(side, tokenizer, names), DataCollatorForTokenClassification(tokenizer), score  # fmt: skip
    names = sorted(set(sides[0]["label"]))

    def encode(side: pd.DataFrame) -> list[dict[str, Any]]:
        rows = tokenizer(list(side["text"]), truncation=True, max_length=config.max_length)
        return [{name: rows[name][i] for name in rows} | {"labels": names.index(label)} for i, label in enumerate(side["label"])]  # fmt: skip

    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(names))
    return model, encode, DataCollatorWithPadding(tokenizer), lambda told: {"score": float(np.mean(told.predictions.argmax(-1) == told.label_ids))}  # fmt: skip


def _encode_words(side: pd.DataFrame, tokenizer: Any, names: list[str]) -> list[dict[str, Any]]:
    """The first sub-word of a word bears its tag, the others -100; what is longer is cut."""
    rows = tokenizer(
        [list(words) for words in side["words"]], is_split_into_words=True, truncation=True, max_length=128
    )
    encoded = []
    for i, tags in enumerate(side["tags"]):
        words = rows.word_ids(i)
        labels = [-100 if w is None or w == words[p - 1] else names.index(tags[w]) for p, w in enumerate(words)]
        encoded.append({name: rows[name][i] for name in rows} | {"labels": labels})
    return encoded


def freeze(model: Any, strategy: str, still: bool) -> None:
    """What tutorials do: requires_grad off below; the pooler and the classifier learn. `still`: dropout off below, too."""
    name, count = parse_strategy(strategy)
    if name == "full":
        return
    layers = model.base_model.encoder.layer
    for part in [model.base_model.embeddings, *layers[: len(layers) - count]]:
        for weight in part.parameters():
            weight.requires_grad_(False)
        for module in part.modules() if still else ():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0


def _metric(config: RunConfig) -> str:
    return "entity_f1" if config.task == "token_classification" else "accuracy"


if __name__ == "__main__":
    main()
